"""Runs whose result is a page: the notebook that they execute, as far as it came in the time that was asked for.

The time begins when all that the notebook needs is there. Where it does not do, the page holds what was done by then.
"""

from __future__ import annotations

import time
from dataclasses import replace

from gristmill.bench import BenchFile
from gristmill.budget import Budget
from gristmill.errors import RunFailed
from gristmill.records import RunStatus
from gristmill.worker.asking import Asking
from gristmill.worker.watchdog import LAST_MOMENT, Cause, Stop

__all__ = ["Page"]


class Page(Asking):
    """One claim of such a run. Override `fetch`, which ends with `begin`."""

    _cut_short = ""

    def begin(self, file: BenchFile) -> None:
        """Have the time count from now on, for the notebook and for who watches it."""
        now = time.time()
        self._budget = Budget(self._run.budget + LAST_MOMENT, started_at=now)
        replace(file, run_id=self._run.id, budget=self._run.budget, started_at=now).write(self._folder)

    def has_done(self, stop: Stop) -> bool:
        if stop.cause is Cause.OVERRUN:
            self._cut_short = (
                f"This took longer than {self._run.budget:g} seconds: what follows is what was done by then."
            )
        return stop.cause in (Cause.DONE, Cause.OVERRUN)

    def conclude(self) -> None:
        report = self._keeper.report(notice=self._cut_short)
        if not report:
            raise RunFailed("The notebook's page could not be made.", cure="Ask for it again.")
        self.finish(replace(self.outcome(RunStatus.SUCCEEDED), artifacts=(*report, *self._keeper.papers())))
