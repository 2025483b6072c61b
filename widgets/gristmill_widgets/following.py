"""A run as it goes on: its events as a story for a person, whoever started it and whenever they begin to look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gristmill.client import Client
from gristmill.errors import GristmillError
from gristmill.records import Event, EventKind, LeaderboardRow, Run

__all__ = ["Following", "Said", "Story"]

_PATIENCE = 2.0  # seconds to wait for the next event before the run itself is looked at
_NUDGE_EVERY = 2.0  # an embedded platform has nobody else to see that a worker is awake
_LONGEST_LOG = 20_000  # letters that are kept
_MOST_SAID = 200


@dataclass(frozen=True)
class Said:
    """One thing that happened: a phase, a candidate begun, a new leader, a notice."""

    at: float
    what: str
    about: str = ""
    score: float | None = None


@dataclass
class Story:
    """All that was heard of a run."""

    phases: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)
    rows: Sequence[LeaderboardRow] = ()
    trying: str = ""
    log: str = ""
    seen: int = 0

    def take(self, events: Sequence[Event]) -> None:
        """Hear what is new; what was heard before is passed over."""
        for event in events:
            if event.seq <= self.seen:
                continue
            self.seen = event.seq
            if event.kind is EventKind.PHASE:
                self._phase(event)
            elif event.kind is EventKind.LEADERBOARD:
                self._board(event)
            elif event.kind is EventKind.NOTICE:
                self._say(Said(event.at, "notice", str(event.body.get("message", ""))))
            elif event.kind is EventKind.LOG:
                self.log = (self.log + str(event.body.get("text", "")))[-_LONGEST_LOG:]

    def _phase(self, event: Event) -> None:
        phase, model = str(event.body.get("phase", "")), str(event.body.get("model") or "")
        if phase == "fetch":  # the first: somebody else has taken the run over, and begins anew
            self.phases.clear()
        if phase not in self.phases:
            self.phases.append(phase)
            if not model:
                self._say(Said(event.at, "phase", phase))
        self.trying = model
        if model and model != (self.said[-1].about if self.said and self.said[-1].what == "try" else ""):
            self._say(Said(event.at, "try", model))

    def _board(self, event: Event) -> None:
        rows = _rows(event.body.get("rows"))
        if not rows:
            return
        before = next((row.model for row in self.rows if row.score is not None), "")
        self.rows = rows
        best = next((row for row in rows if row.score is not None), None)
        if best is None or best.score is None:
            return
        if not self.curve or self.curve[-1][1] != best.score:
            self.curve.append((event.at, best.score))
        if best.model != before:
            self._say(Said(event.at, "lead", best.model, best.score))

    def _say(self, said: Said) -> None:
        self.said = [*self.said[-_MOST_SAID:], said]


def _rows(found: object) -> list[LeaderboardRow]:
    """A leaderboard as a notebook has written it, which may be anything."""
    rows = []
    for row in found if isinstance(found, list) else []:
        if isinstance(row, dict) and isinstance(row.get("model"), str):
            rows.append(
                LeaderboardRow(
                    model=row["model"],
                    score=_number(row.get("score")),
                    test_score=_number(row.get("test_score")),
                    fit_seconds=_number(row.get("fit_seconds")),
                )
            )
    return rows


def _number(found: object) -> float | None:
    return float(found) if isinstance(found, int | float) and found == found else None


class Following:
    """A thread that follows one run until it ends or nobody looks any more."""

    def __init__(
        self,
        client: Client,
        run: Run,
        seen: int,
        told: Callable[[Run, Sequence[Event]], None],
        lost: Callable[[], None],
    ) -> None:
        self._client, self._run, self._seen = client, run, seen
        self._told, self._lost = told, lost
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="gristmill-following", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def _follow(self) -> None:
        nudged, pause = float("-inf"), 0.5
        while not self._ended.is_set():
            try:
                if time.monotonic() - nudged > _NUDGE_EVERY and not self._run.status.is_final:
                    self._client.nudge()
                    nudged = time.monotonic()
                events = self._client.events(self._run.id, after=self._seen, wait=_PATIENCE)
                self._run = self._client.run(self._run.id)
            except GristmillError:  # a platform that is away comes back
                self._lost()
                self._ended.wait(pause)
                pause = min(pause * 2, 10.0)
                continue
            pause = 0.5
            if self._ended.is_set():
                return
            self._seen = events[-1].seq if events else self._seen
            self._told(self._run, events)
            if self._run.status.is_final and not events:
                return
