"""A run that has two models answer the same rows, which neither was trained on.

The rows are those that were held out when the first model, the challenger, was trained. The other one, the champion,
may have been trained on some of them, where its own data was an earlier version of the same: compare.ipynb leaves those
out. Folder: data/ and run.json are the challenger's, before/ has the champion's.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gristmill import intake, records
from gristmill.bench import BenchFile
from gristmill.errors import NotFound, RunFailed
from gristmill.records import Model, Proposal, RunStatus, Verdict
from gristmill.stores import places
from gristmill.worker.asking import Asking

__all__ = ["Comparing"]


class Comparing(Asking):
    """One claim of a comparison; `settings` names the champion."""

    def fetch(self) -> dict[str, Any]:
        challenger = self._model(self._run.model_id, "challenger.zip")
        champion = self._model(str(self._run.settings.get("champion")), "champion.zip")
        self._lay_out(challenger, self._folder)
        self._lay_out(champion, self._folder / "before")
        return {"challenger": "challenger.zip", "champion": "champion.zip", "before": "before"}

    def _lay_out(self, model: Model, folder: Path) -> None:
        """The run folder in which the model was trained, but for what the training left."""
        tools, run = self._tools, self._tools.catalog.runs.get(model.run_id)
        if run.dataset_id is None:
            raise NotFound(f"The model {model.name} was not trained on a dataset.")
        folder.mkdir(exist_ok=True)
        dataset = tools.catalog.datasets.get(run.dataset_id)
        intake.fetch(tools.shelf.of(dataset), dataset, folder / "data")
        proposal = records.decode(tools.shelf.of(run).read(places.proposal(run.id)), Proposal)
        file = BenchFile.of(run, dataset, proposal, tools.sandbox.resources())
        replace(file, run_id=self._run.id).write(folder)

    def conclude(self) -> None:
        try:
            verdict = records.decode((self._folder / "out" / "results.json").read_bytes(), Verdict)
        except (OSError, ValueError) as error:
            raise RunFailed("The comparison came to no result.", cause=str(error)) from None
        outcome = self.outcome(RunStatus.SUCCEEDED)
        papers = self._keeper.papers()
        self.finish(replace(outcome, artifacts=papers, score=verdict.challenger, rows=verdict.rows))
