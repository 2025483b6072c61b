"""When the watchdog ends a run that is about to overrun: in time for a salvage, if there is anything to salvage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gristmill.budget import Budget, Pace
from gristmill.records import Resources
from gristmill.worker.watchdog import LAST_MOMENT, Cause, Watchdog

TOTAL = 60.0


class Watched:
    """A run at a moment of its budget; `candidates` are finished, `beside` counts the sandboxes that warm up."""

    def __init__(self, phase: str = "fit") -> None:
        self.now, self.candidates, self.beside = 10.0, 0, 0
        budget = Budget(TOTAL, started_at=0.0, pace=Pace(clock=lambda: self.now, load=lambda: 0.0, cores=2))
        self.dog = Watchdog(
            budget=budget,
            started_at=0.0,
            resources=Resources(cpus=2, memory=10**9),
            saved=lambda: False,
            keep=lambda: None,
            stand_by=self._stand_by,
            made=lambda: self.candidates > 0,
        )
        self.relay: Any = SimpleNamespace(now=phase, began={"fit": 8.0}.get, warm=0.0)

    def _stand_by(self) -> None:
        self.beside += 1

    def ends_at(self, since: float = 10.0) -> float:
        """The second in which it is ended."""
        self.now = since
        while self.dog._overrun(self.relay) is None:
            self.now += 0.5
        return self.now


def test_what_is_finished_is_salvaged_in_time() -> None:
    run = Watched()
    run.candidates = 1
    run.now = run.ends_at()
    assert run.now < TOTAL - 8
    assert run.beside > 0
    stop = run.dog._overrun(run.relay)
    assert stop is not None
    assert stop.cause is Cause.OVERRUN


def test_where_nothing_is_finished_the_first_candidate_has_all_the_time() -> None:
    run = Watched()
    assert run.ends_at() == pytest.approx(TOTAL - LAST_MOMENT, abs=0.6)
    assert run.beside == 0  # a second sandbox would only take the processor from it


def test_a_candidate_that_comes_too_late_for_a_salvage_comes_home_by_itself() -> None:
    run = Watched()
    run.now = TOTAL - 5
    assert run.dog._overrun(run.relay) is None
    run.candidates = 1
    assert run.dog._overrun(run.relay) is None
    assert run.ends_at(TOTAL - 5) == pytest.approx(TOTAL - LAST_MOMENT, abs=0.6)
