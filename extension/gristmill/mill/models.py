"""Models: found, fetched, asked."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gristmill import model_archive
from gristmill.errors import DataRejected, NotFound, NotPossible, UsageError
from gristmill.mill.parts import existing
from gristmill.mill.runs import Runs
from gristmill.mill.trail import audited
from gristmill.records import ColumnKind, Model

__all__ = ["Models"]


class Models(Runs):
    """What can be asked about models."""

    def model(self, model_id: str) -> Model:
        """A model; the id of the run that made it will do as well."""
        if model_id.startswith("run-"):
            run = self.run(model_id)
            if run.model_id is None:
                raise NotFound(f"The run {run.name} has no model.", cause=f"It is {run.status}.")
            model_id = run.model_id
        return self._gate.get(self._catalog.models, model_id)

    def models(self, project: str | None = None) -> Sequence[Model]:
        """Models, newest first."""
        return self._catalog.models.list(self._project_ids(project))

    @audited("model.download")
    def download(self, model_id: str, to: Path) -> Path:
        """The model's archive as a file."""
        self._store.get_file(self.model(model_id).key, to)
        return to

    @audited("model.predict")
    def predict(self, model_id: str, data: Path | None, to: Path, settings: Mapping[str, Any] | None = None) -> int:
        """Predict the rows of a file into another; how many there were. The archive's own predict.py does it.

        Series need no `data`: they go on from where training ended.
        """
        model = self.model(model_id)
        kinds = {column["kind"] for column in model.schema.get("columns", ())}
        takes_folders = not kinds.isdisjoint({ColumnKind.PICTURE, ColumnKind.TEXT})
        given = [] if data is None else [str(existing(data, or_folder=takes_folders).resolve())]
        folder = self._parts.home / "models" / model.id
        if not folder.exists():
            with self._scratch() as scratch:
                self._store.get_file(model.key, Path(scratch) / "model.zip")
                model_archive.unpack(Path(scratch) / "model.zip", folder)
        chosen = [part for name, value in (settings or {}).items() for part in ("--set", f"{name}={value}")]
        command = [sys.executable, str(folder / "predict.py"), *given, "-o", str(to.resolve()), *chosen]
        done = self._parts.sandbox.call(command, folder)
        if done.returncode == 2:  # what the script's own command line says no to
            raise UsageError(
                f"The model {model.name} cannot be asked like that.",
                cause=done.stderr.strip().splitlines()[-1].partition("error: ")[2].capitalize() + ".",
                cure="Most models need DATA to predict, and take no settings.",
            )
        if done.returncode == 3:
            raise DataRejected(done.stderr.strip().splitlines()[-1], code="not-predictable")
        if done.returncode != 0:
            raise NotPossible(
                "The model could not be asked.", cause=(done.stderr.strip().splitlines() or ["It gave no reason."])[-1]
            )
        return int(done.stdout.strip().splitlines()[-1])
