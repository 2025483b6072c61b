"""Models: found, fetched, asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gristmill import model_archive
from gristmill.errors import NotFound
from gristmill.mill.data import key_segment
from gristmill.mill.parts import existing
from gristmill.mill.runs import Runs
from gristmill.mill.trail import audited
from gristmill.records import DatasetEntry, Lineage, Membership, Model, Power, RunKind, RunStatus, Stage

__all__ = ["Models"]

_LINK_LASTS = 3600.0  # seconds: an archive may be large, and its download goes on where it broke off
_LONGEST_LINE = 50  # runs


class Models(Runs):
    """What can be asked about models."""

    def model(self, model_id: str) -> Model:
        """A model; the id of the run that made it will do as well."""
        if model_id.startswith("run-"):
            run = self.run(model_id)
            if run.model_id is None and run.kind is RunKind.TRAIN and run.status is RunStatus.SUCCEEDED:
                raise NotFound(f"The model of the run {run.name} was deleted.", cure="Train it again.", code="deleted")
            if run.model_id is None:
                raise NotFound(f"The run {run.name} has no model.", cause=f"It is {run.status}.")
            model_id = run.model_id
        return self._gate.get(self._catalog.models, model_id)

    def models(self, project: str | None = None, limit: int = 50, before: str | None = None) -> Sequence[Model]:
        """Models, newest first; `before` is the id of the last one on the page before."""
        return self._catalog.models.list(self._project_ids(project), before, limit)

    @audited("model.stage")
    def stage(self, model_id: str, stage: Stage) -> Model:
        """Put a model into a stage; the one of its name that was in production before retires."""
        self._gate.must(Power.DEPLOY)
        model = self._gate.get(self._catalog.models, self.model(model_id).id, Membership.EDITOR)
        return self._catalog.models.stage(model.id, stage)

    @audited("model.delete")
    def delete_model(self, model_id: str) -> None:
        """Delete a model and its archive; its run stays. Conflict while it is in production, or something needs it."""
        found = self._gate.get(self._catalog.models, self.model(model_id).id, Membership.EDITOR)
        model = self._catalog.removing.model(found.id)
        self._shelf.of(model).delete(model.key)
        self._forget_unpacked(model.id)

    def lineage(self, model_id: str) -> Lineage:
        """Where a model comes from: its data, its run, and the runs that this one went on from."""
        model = self.model(model_id)
        runs = [self.run(model.run_id)]
        while runs[-1].resumed_from is not None and len(runs) < _LONGEST_LINE:
            runs.append(self.run(runs[-1].resumed_from))
        if runs[0].dataset_id is None:
            raise NotFound(f"The model {model.name} was not trained on a dataset.")
        dataset = self.dataset(runs[0].dataset_id)
        entry = DatasetEntry(**{name: getattr(dataset, name) for name in DatasetEntry.__slots__})
        return Lineage(model=model, dataset=entry, runs=tuple(runs), recipe=runs[0].recipe)

    @audited("model.download")
    def archive_link(self, model_id: str) -> str:
        """A URL that fetches the model's archive, for a while."""
        model = self.model(model_id)
        name = key_segment(f"{model.name}-{model.version}.zip")
        return self._shelf.of(model).sign_get(model.key, seconds=_LINK_LASTS, filename=name)

    @audited("model.download")
    def download(self, model_id: str, to: Path) -> Path:
        """The model's archive as a file."""
        model = self.model(model_id)
        self._shelf.of(model).get_file(model.key, to)
        return to

    @audited("model.predict")
    def predict(
        self,
        model_id: str,
        data: Path | None,
        to: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        told: Callable[[str], object] | None = None,
    ) -> int:
        """Predict the rows of a file into another; how many there were. The archive's own predict.py does it.

        Series need no `data`: they go on from where training ended. `told` hears what could not be answered.
        """
        model = self.model(model_id)
        if data is not None:
            existing(data, or_folder=model_archive.takes_folders(model))
        return model_archive.ask(model, self._unpacked(model), data, to, settings or {}, self._parts.sandbox.call, told)

    def _unpacked(self, model: Model) -> Path:
        """The folder in which a model's archive lies unpacked."""
        folder = self._parts.home / "models" / model.id
        if not folder.exists():
            with self._scratch() as scratch:
                self._shelf.of(model).get_file(model.key, Path(scratch) / "model.zip")
                model_archive.unpack(Path(scratch) / "model.zip", folder)
        return folder
