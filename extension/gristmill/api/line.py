"""Creates that write: they stand in line, and are kept several at once.

A thread carries them out one after the other. Threads that compute side by side in Python take turns in any case, and
changing turns costs more than half as much again; and a commit takes about as long for many as for one. So whoever
comes while others are being served is served with the next ones, in the order in which they came. Nobody is answered
before theirs is kept.

What was asked before is looked up for several at once: most of the time nobody has asked for it, and to be told so one
by one takes up to a tenth of the work.

Some take long: they read from a store that is far away, or read a large notebook. Who is about to has what came before
kept first (`Catalog.rest`), and after a moment somebody else serves those behind. Nobody does while it is the catalog
that takes long: two who write at once would wait for one another.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from anyio import to_thread

from gristmill.catalog import Catalog
from gristmill.errors import GristmillError
from gristmill.records import Answer as Asked

__all__ = ["Line"]

Answer = TypeVar("Answer")

_MOST = 64  # that are kept at once
_LOOKED_UP = 8  # questions at once
_LONG = 0.15  # seconds after which those behind do not wait for who is elsewhere


@dataclass(slots=True)
class _Turn(Generic[Answer]):
    """One who stands in line."""

    what: Callable[[bool], Answer]
    asked: Asked | None
    answer: asyncio.Future[Answer]
    fresh: bool | None = None  # whether nobody has asked the same before; None until it is looked up


class Line(Generic[Answer]):
    """The line before one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._waiting: deque[_Turn[Answer]] = deque()
        self._served: asyncio.Task[None] | None = None

    async def take(self, what: Callable[[bool], Answer], asked: Asked | None = None) -> Answer:
        """What `what` comes to, in a thread; it raises nothing. GristmillError where it could not be kept.

        It is told whether nobody had `asked` the same a moment ago. It may be carried out twice: what is kept together
        with it may have to be undone.
        """
        turn = _Turn[Answer](what, asked, asyncio.get_running_loop().create_future())
        self._waiting.append(turn)
        if self._served is None:
            self._served = asyncio.create_task(self._serve())
        return await turn.answer

    async def _serve(self) -> None:
        try:
            while self._waiting:
                away = threading.Event()
                work = asyncio.ensure_future(to_thread.run_sync(self._carry_out, asyncio.get_running_loop(), away))
                while not work.done() and not away.is_set():
                    await asyncio.wait({work}, timeout=_LONG)
        finally:
            self._served = None

    def _carry_out(self, loop: asyncio.AbstractEventLoop, away: threading.Event) -> None:
        told = _Told[Answer](loop)
        with self._catalog.grouped() as group:
            until = time.monotonic() + group.lasts
            group.at_last(told.send)
            group.at_rest(away.set)
            for _ in range(_MOST):
                try:
                    turn = self._waiting.popleft()
                except IndexError:  # served by somebody else meanwhile
                    return
                if turn.fresh is None:
                    self._look_up([turn, *self._next(_LOOKED_UP - 1)])
                group.carry_out(
                    functools.partial(turn.what, bool(turn.fresh)), functools.partial(told.note, turn.answer)
                )
                if time.monotonic() > until:
                    return

    def _next(self, several: int) -> list[_Turn[Answer]]:
        """Who comes next; they stay where they are, for somebody else may serve them."""
        found = list[_Turn[Answer]]()
        for at in range(several):
            try:
                found.append(self._waiting[at])
            except IndexError:
                break
        return found

    def _look_up(self, turns: Sequence[_Turn[Answer]]) -> None:
        """Find out who of them asks for something new, in one question."""
        asking = [(turn, turn.asked) for turn in turns if turn.asked is not None]
        try:
            known = self._catalog.answers.among([asked for _, asked in asking])
        except GristmillError:  # each will hear it
            known = {(asked.who, asked.key) for _, asked in asking}
        for turn, asked in asking:
            turn.fresh = (asked.who, asked.key) not in known
            known.add((asked.who, asked.key))


class _Told(Generic[Answer]):
    """Answers on their way to who waits in the loop, which is woken once for all that were kept together."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._noted: list[tuple[asyncio.Future[Answer], Answer, GristmillError | None]] = []

    def note(self, turn: asyncio.Future[Answer], answer: Answer, lost: GristmillError | None) -> None:
        self._noted.append((turn, answer, lost))

    def send(self) -> None:
        noted, self._noted = self._noted, []
        self._loop.call_soon_threadsafe(self._arrive, noted)

    @staticmethod
    def _arrive(noted: list[tuple[asyncio.Future[Answer], Answer, GristmillError | None]]) -> None:
        for turn, answer, lost in noted:
            if turn.done():  # who waited was told to wait no longer
                continue
            if lost is None:
                turn.set_result(answer)
            else:
                turn.set_exception(lost)
