"""A run that explains candidates which a training has kept: explain.ipynb, executed and made a page.

Its folder is what a resumed training would get: the data, and the candidates.
"""

from __future__ import annotations

from typing import Any

from gristmill import intake, records
from gristmill.bench import BenchFile
from gristmill.errors import GristmillError, RunFailed
from gristmill.records import Proposal, Run
from gristmill.stores import places
from gristmill.worker.keeper import restore
from gristmill.worker.page import Page
from gristmill.worker.watchdog import Stop

__all__ = ["Explaining"]


class Explaining(Page):
    """One claim of an explanation; `settings` names the training and the candidates."""

    def fetch(self) -> dict[str, Any]:
        tools, explained = self._tools, self._tools.catalog.runs.get(str(self._run.settings.get("run")))
        checkpoint = explained.artifact("checkpoint")
        if checkpoint is None:
            raise RunFailed(f"The run {explained.name} has kept no candidates to explain.", cure="Train it again.")
        dataset = self._dataset()
        intake.fetch(tools.shelf.of(dataset), dataset, self._folder / "data")
        restore(tools.shelf.of(explained), checkpoint, self._folder)
        proposal = records.decode(tools.shelf.of(explained).read(places.proposal(explained.id)), Proposal)
        self.begin(BenchFile.of(explained, dataset, proposal, tools.sandbox.resources()))
        candidates = self._run.settings.get("candidates") or ()
        return {"number": max(1, len(candidates)), "chosen": self._answering(explained)}

    def _answering(self, explained: Run) -> str:
        """The candidate that answers, where the training has settled that."""
        if explained.model_id is None:
            return ""
        return str(self._tools.catalog.models.get(explained.model_id).metrics.get("best", ""))

    def refused(self, stop: Stop) -> GristmillError:
        look = f"`gristmill report {self._run.settings.get('run')}` shows the one that answers."
        return RunFailed("The candidates could not be explained.", cause=f"{stop.message.rstrip('.')}.", cure=look)
