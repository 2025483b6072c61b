"""Notebooks to be worked on by hand: the data of a dataset, and the folder of a run that nobody has asked for yet."""

from __future__ import annotations

from pathlib import Path

from gristmill import exploring, intake
from gristmill.bench import BenchFile
from gristmill.mill.runs import Runs
from gristmill.mill.trail import audited
from gristmill.records import RunRequest

__all__ = ["Drafts"]


class Drafts(Runs):
    """What can be asked about work that is no run yet."""

    @audited("dataset.fetch")
    def data(self, dataset_id: str, to: Path) -> Path:
        """The files of a dataset, unpacked, as the folder `to`."""
        dataset = self.dataset(dataset_id)
        self._new_folder(to)
        intake.fetch(self._shelf.of(dataset), dataset, to / "data", self._parts.looking.edit)
        for path in (to / "data").iterdir():
            path.rename(to / path.name)
        (to / "data").rmdir()
        return to

    @audited("run.draft")
    def draft(self, request: RunRequest, to: Path) -> Path:
        """The folder of a run that asks for this, without its data: notebook.ipynb and run.json. Nothing is queued."""
        dataset = self.dataset(request.dataset_id)
        proposal = self._fitting(dataset, request)
        recipe = self._recipe(request, dataset, proposal)
        run = self._training(request, dataset, proposal, recipe, id="").run(**self._admission.terms())
        self._new_folder(to)
        BenchFile.of(run, dataset, proposal, self._parts.sandbox.resources()).write(to)
        (to / "notebook.ipynb").write_text(recipe.text, encoding="utf-8")
        exploring.lay_beside(to, run.task)
        return to
