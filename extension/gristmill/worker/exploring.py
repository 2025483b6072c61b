"""A run that draws what to know of a table before anything is learned from it: explore.ipynb, made a page.

What is looked at is a dataset, or an upload that nobody has made one. What was proposed for it came with the run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gristmill import intake, records
from gristmill.bench import BenchFile
from gristmill.errors import GristmillError, RunFailed
from gristmill.records import Profile, Proposal
from gristmill.stores import places
from gristmill.worker.page import Page
from gristmill.worker.watchdog import Stop

__all__ = ["Exploring"]


class Exploring(Page):
    """One claim of an exploration."""

    def fetch(self) -> dict[str, Any]:
        run = self._run
        proposal = records.decode(self._store().read(places.proposal(run.id)), Proposal)
        profile = self._data() if run.upload_id is None else self._uploaded(run.upload_id)
        self.begin(
            BenchFile(
                run_id=run.id,
                name=run.name,
                recipe=run.recipe,
                task=run.task,
                target=run.target,
                metric=run.metric,
                budget=run.budget,
                seed=run.seed,
                profile=profile,
                resources=self._tools.sandbox.resources(),
                order=proposal.order,
                notices=profile.notices + proposal.notices,
            )
        )
        return {"target": run.target}

    def _data(self) -> Profile:
        """The profile of the run's dataset, its files in the folder."""
        dataset = self._dataset()
        intake.fetch(self._tools.shelf.of(dataset), dataset, self._folder / "data")
        return dataset.profile

    def _uploaded(self, upload_id: str) -> Profile:
        """The same of an upload, which is looked at once more: nothing of it was kept."""
        upload = self._tools.catalog.uploads.get(upload_id)
        file = self._folder / Path(upload.key).name
        self._tools.shelf.of(upload).get_file(upload.key, file)
        table = self._run.settings.get("table")
        profile = intake.inspect(file, self._folder, None if table is None else str(table))
        file.unlink()
        return profile

    def refused(self, stop: Stop) -> GristmillError:
        return RunFailed(
            "The data could not be explored.",
            cause=f"{stop.message.rstrip('.')}.",
            cure="`gristmill check` says what is in it, and executes no notebook.",
        )
