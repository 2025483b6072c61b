"""Batches: a model asked about a whole file, by a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gristmill import records, tasks
from gristmill.errors import Conflict, UsageError
from gristmill.mill.errands import Errand
from gristmill.mill.models import Models
from gristmill.mill.parts import needs
from gristmill.mill.trail import audited
from gristmill.recipes import Recipe
from gristmill.records import Membership, Model, Power, Run, RunKind, Upload, UploadStatus

__all__ = ["Batches"]

_MOST_SECONDS = 24 * 3600.0
_OUTPUT = "output"  # the setting that says what kind of file to write; all others are the model's own
_MOST_SETTINGS = 20


class Batches(Models):
    """What can be asked about batches."""

    @audited("model.batch")
    def batch(self, model_id: str, upload_id: str | None = None, settings: Mapping[str, Any] | None = None) -> Run:
        """Queue a run that has a model answer the rows of an upload; its artifact `predictions` holds them.

        Series need no upload: they go on from where training ended. `settings` are the model's, such as horizon; its
        `output` says what kind of file to write.
        """
        self._gate.must(Power.USE)
        model = self.model(model_id)
        if upload_id is None and tasks.find(model.task).asks_for_rows:
            raise UsageError(f"The model {model.name} answers rows.", cure="Give a file that holds them.")
        if upload_id is None:
            return self._batch(self._gate.get(self._catalog.models, model.id, Membership.EDITOR), None, settings)
        return self._batch(model, self._gate.get(self._catalog.uploads, _last(upload_id), Membership.EDITOR), settings)

    def _batch(
        self, model: Model, upload: Upload | None, settings: Mapping[str, Any] | None, id: str | None = None
    ) -> Run:
        """Queue what was settled; the run is in the project of the file that it answers."""
        if upload is not None and upload.status not in (UploadStatus.RECEIVED, UploadStatus.ACCEPTED):
            raise Conflict(f"The upload {upload.name} is {upload.status}.", cure="Upload the file again.")
        kind = tasks.find(model.task)
        needs(f"Predicting for {kind.title.lower()}", kind.modules, kind.extra)
        project_id = model.project_id if upload is None else upload.project_id
        return self._queue(
            Errand(
                id=id or records.new_id("run"),
                project_id=project_id,
                store_id=self._shelf.next_id(project_id),
                kind=RunKind.BATCH,
                model_id=model.id,
                upload_id=None if upload is None else upload.id,
                name=model.name if upload is None else Path(upload.name).stem or upload.name,
                notebook=_notebook(),
                like=model,
                budget=_MOST_SECONDS,
                settings=self._checked_settings(model, settings or {}),
            )
        )

    def _checked_settings(self, model: Model, settings: Mapping[str, Any]) -> dict[str, Any]:
        return _checked(settings, tasks.find(model.task).answers)


def _checked(settings: Mapping[str, Any], answers: tuple[str, ...]) -> dict[str, Any]:
    """The settings, if a script's command line can be given them."""
    if len(settings) > _MOST_SETTINGS:
        raise UsageError(f"{len(settings)} settings are too many.", cure=f"Give at most {_MOST_SETTINGS}.")
    for name, value in settings.items():
        if not name.isidentifier() or not isinstance(value, str | int | float):
            raise UsageError(f"{name[:60]!r} cannot be set like that.", cure="Give a word and a number or a text.")
    if (output := settings.get(_OUTPUT, answers[0])) not in answers:
        raise UsageError(
            f"This model cannot write its answers as {str(output)[:20]!r}.", cure=f"It writes: {', '.join(answers)}."
        )
    return dict(settings)


def _last(reference: str) -> str:
    """An upload's id; its URL will do as well."""
    return reference.rstrip("/").rsplit("/", 1)[-1]


def _notebook() -> Recipe:
    import gristmill_templates

    return Recipe(name="predict", text=gristmill_templates.text("predict.ipynb"))
