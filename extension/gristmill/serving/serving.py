"""All models that are held open on this host: who may stay, and who ends first.

- At most `most` at once, in `memory` bytes together. Where one more is asked for, the one that was asked longest ago
  ends.
- One that nobody has asked for `idle` seconds ends.
- A model answers one question at a time, others wait. One person has at most two questions on their way, and as many
  models that are being woken for them, so that nobody keeps all places to themselves.
- A process holds one model from its start to its end, in a folder of its own. Who may ask it is not decided here.
- Each `Serving` keeps its folders below one of its own, which it holds a lock on. What was left by one that was killed
  is found by that lock, ended and removed.
"""

from __future__ import annotations

import atexit
import fcntl
import logging
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gristmill.errors import Conflict, NotPossible
from gristmill.records import Model
from gristmill.sandbox import Sandbox
from gristmill.serving.opened import Answered, Opened, Patience, Question

__all__ = ["Serving"]

Fetch = Callable[[Path], object]
Meter = Callable[[float], object]

_log = logging.getLogger("gristmill.serving")
_EACH = 2  # questions that one person has on their way
_LOOK_EVERY = 1.0
_SHARE = 0.5  # of what a notebook may use: the rest is for the notebooks


@dataclass
class _Place:
    """A model's place, and who is at it."""

    opened: Opened
    turn: threading.Lock
    used_at: float
    asking: int = 0
    memory: int = 0


class Serving:
    """Models held open, in processes of a sandbox whose folders lie in `folder`."""

    def __init__(
        self,
        sandbox: Sandbox,
        folder: Path,
        *,
        most: int = 3,
        memory: int | None = None,
        idle: float = 300.0,
        patience: Patience | None = None,
    ) -> None:
        self._sandbox, self._folder = sandbox, folder
        self._most, self._memory, self._idle = most, memory, idle
        self._patience = patience or Patience()
        self._changed = threading.Condition()
        self._places: dict[str, _Place] = {}  # by the model's id
        self._asking: Counter[str] = Counter()
        self._waking: Counter[str] = Counter()
        self._own: Path | None = None
        self._lock: IO[str] | None = None
        self._watches = False

    def ask(self, model: Model, fetch: Fetch, question: Question, who: str, meter: Meter) -> Answered:
        """What the model answers. `fetch` brings its archive, if it is not open.

        `meter` is told the seconds that this has taken, whatever came of it; waiting for others is not counted.
        """
        with self._one_of(who, self._asking), self._at_turn(model, fetch, meter) as opened:
            return opened.ask(question, self._patience.answering)

    def wake(self, model: Model, fetch: Fetch, who: str, meter: Meter) -> None:
        """Open the model before it is asked; one that is awake stays so for as long again."""
        with self._one_of(who, self._waking), self._at_turn(model, fetch, meter):
            pass

    def close(self) -> None:
        """End all of them; whoever is asking is told so."""
        with self._changed:
            places, self._places = list(self._places.values()), {}
            own, self._own = self._own, None
            self._changed.notify_all()
        for place in places:
            if place.asking:
                place.opened.end("This host is being shut down.")
            else:
                place.opened.close()
        if own is not None:
            shutil.rmtree(own, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # --- places ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _at_turn(self, model: Model, fetch: Fetch, meter: Meter) -> Iterator[Opened]:
        """The model, open, for whoever is first in line."""
        with self._place(model) as place:
            if not place.turn.acquire(timeout=self._patience.answering):
                raise Conflict(f"The model {model.name} is answering others.", cure="Ask again in a while.")
            began = time.monotonic()
            try:
                memory = self._most_memory()
                place.opened.open(self._sandbox, fetch, 2 * memory, self._patience.opening)
                place.memory = place.opened.memory()
                self._make_room(memory)
                yield place.opened
            finally:
                place.memory = place.opened.memory()
                place.turn.release()
                meter(time.monotonic() - began)

    @contextmanager
    def _one_of(self, who: str, doing: Counter[str]) -> Iterator[None]:
        with self._changed:
            if doing[who] >= _EACH:
                raise Conflict(
                    f"{who} is asking {_EACH} questions already.", cure="Wait for an answer, then ask again."
                )
            doing[who] += 1
        try:
            yield
        finally:
            with self._changed:
                doing[who] -= 1
                if not doing[who]:
                    del doing[who]

    @contextmanager
    def _place(self, model: Model) -> Iterator[_Place]:
        """The model's place, which is there as long as somebody is at it."""
        until = time.monotonic() + self._patience.answering
        with self._changed:
            while (place := self._places.get(model.id)) is None and len(self._places) >= self._most:
                if self._end_one():
                    continue
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise Conflict("All models that may be held open here are answering.", cure="Ask again in a while.")
            if place is None:
                opened = Opened(model, self._at_home() / secrets.token_hex(8))
                place = self._places[model.id] = _Place(opened, threading.Lock(), time.monotonic())
            place.asking += 1
            self._watch()
        try:
            yield place
        finally:
            with self._changed:
                place.asking -= 1
                place.used_at = time.monotonic()
                if not place.asking and not place.opened.lives:
                    self._drop(place)
                self._changed.notify_all()

    def _end_one(self) -> bool:
        """End the model that was asked longest ago, of those that nobody is asking; whether there was one."""
        free = [place for place in self._places.values() if not place.asking]
        if not free:
            return False
        self._drop(min(free, key=lambda place: place.used_at))
        return True

    def _drop(self, place: _Place) -> None:
        if self._places.get(place.opened.model.id) is place:
            del self._places[place.opened.model.id]
        place.opened.close()

    # --- bounds ------------------------------------------------------------------------------------------------------

    def _most_memory(self) -> int:
        with self._changed:
            if self._memory is None:
                self._memory = int(_SHARE * self._sandbox.resources().memory)
            return self._memory

    def _make_room(self, most: int) -> None:
        """End models until all together hold no more than `most`: first those that nobody is asking."""
        with self._changed:
            while sum(place.memory for place in self._places.values()) > most:
                if self._end_one():
                    continue
                largest = max(self._places.values(), key=lambda place: place.memory)
                needs = f"It needs {largest.memory / 1e9:.1f} GB of memory; all models that are held open may use "
                largest.opened.end(f"{needs}{most / 1e9:.1f} GB.")
                largest.memory = 0

    def _watch(self) -> None:
        if not self._watches:
            self._watches = True
            threading.Thread(target=self._keep_bounds, name="serving", daemon=True).start()

    def _keep_bounds(self) -> None:
        """End what is idle or too large, as long as there is anything."""
        while True:
            with self._changed:
                self._changed.wait(min(_LOOK_EVERY, self._idle))
                now = time.monotonic()
                for place in list(self._places.values()):
                    if not place.asking and (now - place.used_at >= self._idle or not place.opened.lives):
                        self._drop(place)
                if not self._places:
                    self._watches = False
                    return
                busy = [place for place in self._places.values() if place.asking]
            try:
                for place in busy:  # who answers nothing does not grow
                    place.memory = place.opened.memory()
                self._make_room(self._most_memory())
            except Exception:
                _log.exception("what models that are held open need could not be looked at")

    # --- folders -----------------------------------------------------------------------------------------------------

    def _at_home(self) -> Path:
        """A folder of this one's own; what was left by those that are gone is removed first."""
        if self._own is None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                with (self._folder / "lock").open("w") as lock:  # a folder that has no lock yet is nobody's leftover
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    self._sweep()
                    own = self._folder / secrets.token_hex(8)
                    own.mkdir(mode=0o700)
                    self._lock = _locked(own)
                self._own = own
            except OSError as error:
                raise NotPossible("No model can be held open here.", cause=f"{error}.", code="not-kept") from error
            atexit.register(self.close)
        return self._own

    def _sweep(self) -> None:
        for left in self._folder.iterdir():
            lock = _locked(left) if left.is_dir() else None
            if lock is not None:
                for folder in left.iterdir():
                    self._sandbox.sweep(folder)  # a process whose pipe has ended may still be at work
                shutil.rmtree(left, ignore_errors=True)
                lock.close()


def _locked(folder: Path) -> IO[str] | None:
    """The folder's lock; None while somebody else has it. It goes with the process however that ends."""
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock
