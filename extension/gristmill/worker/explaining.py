"""A run that explains candidates which a training has kept: explain.ipynb, executed and made a page.

Its folder is what a resumed training would get: the data, and the candidates. The time that was asked for begins when
all of that is there. Where it does not do, the page holds the candidates that the notebook came to.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from gristmill import intake, records
from gristmill.bench import BenchFile
from gristmill.budget import Budget
from gristmill.errors import GristmillError, RunFailed
from gristmill.records import Proposal, Run, RunStatus
from gristmill.stores import places
from gristmill.worker.asking import Asking
from gristmill.worker.keeper import restore
from gristmill.worker.watchdog import LAST_MOMENT, Cause, Stop

__all__ = ["Explaining"]


class Explaining(Asking):
    """One claim of an explanation; `settings` names the training and the candidates."""

    _cut_short = ""

    def fetch(self) -> dict[str, Any]:
        tools, explained = self._tools, self._tools.catalog.runs.get(str(self._run.settings.get("run")))
        checkpoint = explained.artifact("checkpoint")
        if checkpoint is None:
            raise RunFailed(f"The run {explained.name} has kept no candidates to explain.", cure="Train it again.")
        dataset = self._dataset()
        intake.fetch(tools.shelf.of(dataset), dataset, self._folder / "data")
        restore(tools.shelf.of(explained), checkpoint, self._folder)
        proposal = records.decode(tools.shelf.of(explained).read(places.proposal(explained.id)), Proposal)
        self._begin(BenchFile.of(explained, dataset, proposal, tools.sandbox.resources()))
        candidates = self._run.settings.get("candidates") or ()
        return {"number": max(1, len(candidates)), "chosen": self._answering(explained)}

    def _begin(self, file: BenchFile) -> None:
        """Have the time count from now on, for the notebook and for who watches it."""
        now = time.time()
        self._budget = Budget(self._run.budget + LAST_MOMENT, started_at=now)
        replace(file, run_id=self._run.id, budget=self._run.budget, started_at=now).write(self._folder)

    def _answering(self, explained: Run) -> str:
        """The candidate that answers, where the training has settled that."""
        if explained.model_id is None:
            return ""
        return str(self._tools.catalog.models.get(explained.model_id).metrics.get("best", ""))

    def has_done(self, stop: Stop) -> bool:
        if stop.cause is Cause.OVERRUN:
            self._cut_short = (
                f"This took longer than {self._run.budget:g} seconds: what follows is what was done by then."
            )
        return stop.cause in (Cause.DONE, Cause.OVERRUN)

    def refused(self, stop: Stop) -> GristmillError:
        look = f"`gristmill report {self._run.settings.get('run')}` shows the one that answers."
        return RunFailed("The candidates could not be explained.", cause=f"{stop.message.rstrip('.')}.", cure=look)

    def conclude(self) -> None:
        report = self._keeper.report(notice=self._cut_short)
        if not report:
            raise RunFailed("The notebook's page could not be made.", cure="Ask for it again.")
        self.finish(replace(self.outcome(RunStatus.SUCCEEDED), artifacts=(*report, *self._keeper.papers())))
