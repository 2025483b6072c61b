"""A run that has a model answer the rows of a file, however large.

    fetch      the model's archive and the upload into a run folder
    execute    predict.ipynb in the sandbox; it writes the answers piece by piece, and says how many there are
    finish     predictions, notebook and log into the store, then one compare-and-set

The answers get their place in one step when all are there: of a file that turns out bad in its last line, nothing is
kept.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gristmill import intake, tasks
from gristmill.errors import DataRejected, GristmillError, RunFailed
from gristmill.records import EventKind, Model, RunStatus
from gristmill.worker.asking import Asking
from gristmill.worker.watchdog import Stop

__all__ = ["Batch"]

_OUTPUT = "output"  # the one setting that is not the model's own: what kind of file to write
_MOST_DIGITS = 18


class Batch(Asking):
    """One claim of a batch."""

    _rows: int | None = None

    def fetch(self) -> dict[str, Any]:
        model = self._model(self._run.model_id, "model.zip")
        data = ""
        if self._run.upload_id is not None:
            upload = self._tools.catalog.uploads.get(self._run.upload_id)
            data = f"data/{upload.key.rsplit('/', 1)[-1]}"
            self._tools.shelf.of(upload).get_file(upload.key, self._folder / data)
            intake.digest_of(upload, self._folder / data)
            self._hold(model, self._folder / data)
        settings = {name: value for name, value in self._run.settings.items() if name != _OUTPUT}
        ending = self._run.settings.get(_OUTPUT) or tasks.find(model.task).answers[0]
        self._output = self._folder / "out" / f"predictions.{ending}"
        return {
            "model": "model.zip",
            "data": data,
            "output": str(self._output.relative_to(self._folder)),
            "settings": settings,
            "progress": "rows.txt",
        }

    def _hold(self, model: Model, file: Path) -> None:
        """Go on only with a file that fits the schema of its project, if that has one."""
        schema = self._tools.catalog.schemas.of(self._run.project_id)
        if schema is not None:
            project = self._tools.catalog.projects.get(self._run.project_id)
            intake.held_to_as_batch(schema, file, model, project.name)

    def look(self) -> None:
        """Tell how many rows are done, if there are more than before."""
        rows = self._done()
        if rows is not None and rows != self._rows:
            self._rows = rows
            self._relay.say(EventKind.PROGRESS, {"rows": rows})

    def _done(self) -> int | None:
        """What the model's script says; it is read while it is written, and it is a stranger's."""
        try:
            with (self._folder / "rows.txt").open(encoding="ascii") as file:
                said = file.read(_MOST_DIGITS)
        except (OSError, UnicodeDecodeError):
            return None
        return int(said) if said.isdigit() and int(said) >= (self._rows or 0) else None

    def conclude(self) -> None:
        if not self._output.is_file():
            raise RunFailed("The notebook came to its end without writing predictions.", cure="Ask for it again.")
        predictions = self._keeper.keep("predictions", self._output)
        outcome = self.outcome(RunStatus.SUCCEEDED)
        self.finish(replace(outcome, artifacts=(predictions, *self._keeper.papers()), rows=self._rows))

    def refused(self, stop: Stop) -> GristmillError:
        error, _, sentence = stop.message.partition(": ")
        if error == "ValueError" and self._relay.now == "predict":  # it is the file
            return DataRejected(sentence, code="not-predictable")
        return super().refused(stop)
