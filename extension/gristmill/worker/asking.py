"""Runs that ask models and make none: what they have in common.

They execute one notebook of the platform's own, once. There is nothing to salvage: what was answered so far is not all,
and a worker that takes such a run over begins again. The budget is only a limit.
"""

from __future__ import annotations

import time
from typing import Any

from gristmill.bench import Marker
from gristmill.errors import GristmillError, NotFound, RunCancelled, RunFailed
from gristmill.records import Artifact, Model
from gristmill.stores import places
from gristmill.worker.attempt import Attempt
from gristmill.worker.lease import Lease
from gristmill.worker.watchdog import Cause, Stop, Watchdog

__all__ = ["Asking"]


class Asking(Attempt):
    """One claim of a run that asks. Override `fetch`, which lays out the folder, and `conclude`."""

    def fetch(self) -> dict[str, Any]:
        """Lay out the folder; the notebook's parameters."""
        raise NotImplementedError

    def conclude(self) -> None:
        """Put what the notebook has made into the store, and finish."""
        raise NotImplementedError

    def refused(self, stop: Stop) -> GristmillError:
        """The sentence for a notebook that raised an error."""
        look = f"`gristmill logs {self._run.id}` and `gristmill notebook {self._run.id}` show where."
        return RunFailed("The notebook stopped with an error.", cause=f"{stop.message}.", cure=look)

    def has_done(self, stop: Stop) -> bool:
        """Whether the notebook has done what it was asked to."""
        return stop.cause is Cause.DONE

    def look(self) -> None:
        """Called again and again while the notebook runs."""

    def work(self, lease: Lease) -> None:
        Marker(run_id=self._run.id).write(self._folder)
        self._relay.phase("fetch", self._started_at)
        (self._folder / "out").mkdir(exist_ok=True)
        parameters = self.fetch()
        notebook = self._folder / "notebook.ipynb"
        self._store().get_file(places.recipe(self._run.id), notebook)
        self._execution.start(notebook, parameters)
        stop = self._watch(lease)
        if not self.has_done(stop):
            raise self._ended(stop)
        self.look()
        self._relay.phase("store", time.time())
        self.conclude()

    def remains(self, error: GristmillError) -> tuple[Artifact, ...]:
        del error
        return self._keeper.papers()

    def _model(self, model_id: str | None, name: str) -> Model:
        """A model, its archive in the folder under that name."""
        if model_id is None:
            raise NotFound("The run names no model.")
        model = self._tools.catalog.models.get(model_id)
        self._tools.shelf.of(model).get_file(model.key, self._folder / name)
        return model

    def _watch(self, lease: Lease) -> Stop:
        watchdog = Watchdog(
            budget=self._budget,
            started_at=self._started_at,
            resources=self._tools.sandbox.resources(),
            saved=lambda: False,
            keep=self.look,
            stand_by=lambda: None,
            made=lambda: False,
            salvages=True,  # there is nothing to bring home before the end
        )
        return watchdog.watch(self._execution, lease, self._relay)

    def _ended(self, stop: Stop) -> GristmillError:
        if stop.cause is Cause.CANCELLED:
            return RunCancelled("The run was cancelled.", cure="Nothing of it was kept; ask for it again.")
        if stop.cause is Cause.FAILED:
            return self.refused(stop)
        cures = {
            Cause.MEMORY: "Give it a machine with more memory.",
            Cause.OVERRUN: "Give it more time, or less to do.",
        }
        cause = f"{stop.message[:1].upper()}{stop.message[1:]}."
        return RunFailed("It could not be brought to its end.", cause=cause, cure=cures.get(stop.cause, "Try again."))
