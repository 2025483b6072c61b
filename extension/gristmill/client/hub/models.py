"""Models: found, staged, taken along, asked; and the weights that some begin with."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gristmill.client.fetching import fetch
from gristmill.client.hub.calling import given
from gristmill.client.hub.data import Data
from gristmill.client.hub.folders import packed, unpack
from gristmill.client.uploading import existing
from gristmill.client.wire import path_of
from gristmill.errors import NotFound, NotPossible, UsageError
from gristmill.records import Lineage, Model, Reply, Run, RunKind, RunStatus, Stage, WeightsEntry

__all__ = ["Models"]

_LARGEST_QUESTION = 20 << 20  # bytes
_LONGEST_ANSWER = 300.0  # seconds: a large model takes a while to open


class Models(Data):
    """What can be asked about models."""

    def model(self, model_id: str) -> Model:
        if model_id.startswith("run-"):
            run = self.run(model_id)
            if run.model_id is None and run.kind is RunKind.TRAIN and run.status is RunStatus.SUCCEEDED:
                raise NotFound(f"The model of the run {run.name} was deleted.", cure="Train it again.", code="deleted")
            if run.model_id is None:
                raise NotFound(f"The run {run.name} has no model.", cause=f"It is {run.status}.")
            model_id = run.model_id
        return self._wire.ask("GET", path_of("models", model_id), Model)

    def models(self, project: str | None = None, limit: int = 50, before: str | None = None) -> Sequence[Model]:
        return self._list("models", Model, limit, before, project=project)

    def stage(self, model_id: str, stage: Stage) -> Model:
        path = path_of("models", model_id, "stage")
        return self._wire.ask("PUT", path, Model, body={"stage": stage})

    def delete_model(self, model_id: str) -> None:
        model = self.model(model_id)
        self._wire.send("DELETE", path_of("models", model.id))
        shutil.rmtree(self._home / "models" / model.id, ignore_errors=True)

    def lineage(self, model_id: str) -> Lineage:
        return self._wire.ask("GET", path_of("models", model_id, "lineage"), Lineage)

    def archive_link(self, model_id: str) -> str:
        return self._wire.link(path_of("models", self.model(model_id).id, "archive"))

    def download(self, model_id: str, to: Path) -> Path:
        model = self.model(model_id)
        return fetch(self._wire, path_of("models", model.id, "archive"), to, sha256=model.sha256)

    def predict(
        self,
        model_id: str,
        data: Path | None,
        to: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        told: Callable[[str], object] | None = None,
    ) -> int:
        model = self.model(model_id)
        if self._asker is None:
            return self._predict_there(model, data, to, dict(settings or {}), told)
        folder = self._home / "models" / model.id
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                archive = self.download(model.id, Path(scratch) / "model.zip")
                unpacked = Path(scratch) / "model"
                unpack(archive, unpacked)
                shutil.move(unpacked, folder)
        return self._asker(model, folder, data, to, settings or {}, told)

    def ask(self, model_id: str, data: Path | None = None, settings: Mapping[str, Any] | None = None) -> Reply:
        body: dict[str, object] = {"settings": dict(settings or {})}
        if data is not None:
            body |= {"file": data.name, "content": _small(data)}
        try:
            path = path_of("models", model_id, "ask")
            return self._wire.ask("POST", path, Reply, body=body, patience=_LONGEST_ANSWER)
        except NotPossible as error:
            if error.failure.code != "no-engine":
                raise
        return self._asked_elsewhere(self.model(model_id), data, settings)

    def wake(self, model_id: str) -> None:
        try:
            self._wire.send("POST", path_of("models", model_id, "wake"), patience=_LONGEST_ANSWER)
        except NotPossible as error:
            if error.failure.code != "no-engine":  # then it is asked elsewhere
                raise

    def _asked_elsewhere(self, model: Model, data: Path | None, settings: Mapping[str, Any] | None) -> Reply:
        """The same, where the hub's API cannot open models: here, or by a run of the hub's."""
        told: list[str] = []
        with tempfile.TemporaryDirectory() as scratch:
            answers = model.schema.get("answers") or ["csv"]
            to = Path(scratch) / f"answers.{answers[0]}"
            count = self.predict(model.id, data, to, settings, told=told.append)
            content = to.read_bytes()
        return Reply(model_id=model.id, name=to.name, content=content, count=count, warm=False, told=tuple(told))

    def batch(self, model_id: str, upload_id: str | None = None, settings: Mapping[str, Any] | None = None) -> Run:
        body = given(upload_id=upload_id, settings=dict(settings or {}))
        return self._wire.ask("POST", path_of("models", model_id, "batches"), Run, body=body, create=True)

    def _predict_there(
        self,
        model: Model,
        data: Path | None,
        to: Path,
        settings: dict[str, Any],
        told: Callable[[str], object] | None,
    ) -> int:
        """Have the hub predict, by a run of its own: this machine lacks AutoGluon."""
        if data is not None and data.is_dir():
            raise UsageError(f"{data} is a folder.", cure="Pack it into a ZIP and give that.")
        if to.is_dir():
            raise UsageError(f"{to} is a folder.", cure="Name a file; masks come as one that ends in .zip.")
        upload = None if data is None else self.upload(data, project=model.project_id)
        settings = {"output": to.suffix.lower().removeprefix(".") or "csv"} | settings
        run = self.batch(model.id, None if upload is None else upload.id, settings)
        return self._brought(run, "predictions", to, told).rows or 0

    # --- weights -----------------------------------------------------------------------------------------------------

    def weights(self) -> Sequence[WeightsEntry]:
        return self._whole("weights", WeightsEntry)

    def fetch_weights(self, name: str) -> WeightsEntry:
        return self._wire.read(self._sent("weights/fetch", {"name": name}), WeightsEntry)

    def add_weights(self, name: str, folder: Path, *, kind: str, licence: str) -> WeightsEntry:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder.", cure="Give the folder that holds the weights' files.")
        self._wire.send("POST", "weights/check", body={"name": name, "kind": kind, "licence": licence})
        with tempfile.TemporaryDirectory() as scratch:
            upload = self.upload(packed(folder, Path(scratch) / "weights.zip"))
        body = {"name": name, "upload_id": upload.id, "kind": kind, "licence": licence}
        try:
            return self._wire.read(self._sent("weights", body), WeightsEntry)
        finally:
            self._wire.send("DELETE", path_of("uploads", upload.id))


def _small(path: Path) -> bytes:
    """A file that is small enough to be asked about at once; in the Mill's words where it is not."""
    existing(path)
    if path.stat().st_size > _LARGEST_QUESTION:
        raise UsageError(
            f"{path.name} is too large to be answered at once.",
            cause=f"It has more than {_LARGEST_QUESTION >> 20} MiB.",
            cure="Predict the file: gristmill batch, or batch() of a client.",
        )
    return path.read_bytes()
