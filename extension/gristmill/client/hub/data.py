"""Data: looked at, uploaded, made datasets, kept right."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gristmill.client.fetching import fetch
from gristmill.client.hub.calling import LOOK_EVERY, given
from gristmill.client.hub.runs import Runs
from gristmill.client.protocol import Progress
from gristmill.client.wire import path_of
from gristmill.errors import DataRejected
from gristmill.records import (
    About,
    AboutChange,
    Dataset,
    DatasetEntry,
    Edit,
    Preview,
    Profile,
    Proposal,
    Run,
    Schema,
    SchemaChange,
    Transfer,
    Upload,
    UploadStatus,
)

__all__ = ["Data"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What a look at an upload found."""

    profile: Profile
    proposal: Proposal | None = None


class Data(Runs):
    """What can be asked about data."""

    def check(
        self, path: Path, *, table: str | None = None, project: str | None = None
    ) -> tuple[Profile, Proposal | None]:
        upload = self.upload(path, project=project or "default")
        asked, body = path_of("uploads", upload.id, "check"), given(table=table, project=project)
        try:
            found = self._wire.read(self._sent(asked, body), _Found)
        finally:
            self._wire.send("DELETE", path_of("uploads", upload.id))
        return found.profile, found.proposal

    def explore(
        self,
        source: str,
        to: Path,
        *,
        target: str | None = None,
        task: str | None = None,
        table: str | None = None,
        told: Callable[[str], object] | None = None,
    ) -> Path:
        if source.startswith("dataset-") and not Path(source).exists():
            self._brought(self.exploration(source, target=target, task=task), "report", to, told)
            return to
        upload = self.upload(Path(source))
        try:
            self._brought(self.exploration(upload.id, target=target, task=task, table=table), "report", to, told)
        finally:
            self._wire.send("DELETE", path_of("uploads", upload.id))
        return to

    def exploration(
        self, source: str, *, target: str | None = None, task: str | None = None, table: str | None = None
    ) -> Run:
        if source.startswith("upload-"):
            body = given(target=target, task=task, table=table)
            return self._wire.read(self._sent(path_of("uploads", source, "explorations"), body), Run)
        path = path_of("datasets", source, "explorations")
        return self._wire.ask("POST", path, Run, body=given(target=target, task=task), create=True)

    def upload(
        self, path: Path, *, project: str = "default", name: str | None = None, progress: Progress | None = None
    ) -> Upload:
        return self._uploading.upload(path, project=project, name=name or path.name, progress=progress)

    def open_upload(
        self,
        name: str,
        size: int,
        *,
        project: str = "default",
        sha256: str | None = None,
        filename: str | None = None,
    ) -> Transfer:
        body = given(name=name, size=size, project=project, sha256=sha256, filename=filename)
        return self._wire.ask("POST", "uploads", Transfer, body=body, create=True)

    def transfer(self, upload_id: str) -> Transfer:
        return self._uploading.transfer(upload_id)

    def send_part(self, upload_id: str, number: int, data: bytes) -> None:
        self._uploading.send_part(upload_id, number, data)

    def complete_upload(self, upload_id: str, *, sha256: str | None = None) -> Upload:
        path, body = path_of("uploads", upload_id, "complete"), given(sha256=sha256)
        return self._wire.ask("POST", path, Upload, body=body, create=True, patience=600.0)

    def abandon(self, upload_id: str) -> None:
        self._wire.send("DELETE", path_of("uploads", upload_id))

    def admit(self, upload_id: str, *, name: str | None = None, table: str | None = None) -> Dataset:
        body = given(upload_id=upload_id, name=name, table=table)
        answer = self._wire.send("POST", "datasets", body=body, create=True, patience=120.0)
        if answer.status_code != 202:
            return self._wire.read(answer, Dataset)
        while True:
            transfer = self._uploading.transfer(upload_id)
            if transfer.dataset_id:
                return self.dataset(transfer.dataset_id)
            if transfer.upload.status is UploadStatus.REJECTED:
                raise _rejected(transfer.upload)
            time.sleep(LOOK_EVERY)

    def dataset(self, dataset_id: str) -> Dataset:
        return self._wire.ask("GET", path_of("datasets", dataset_id), Dataset)

    def preview(self, dataset_id: str) -> Preview:
        return self._wire.ask("GET", path_of("datasets", dataset_id, "preview"), Preview)

    def dataset_link(self, dataset_id: str) -> str:
        return self._wire.link(path_of("datasets", dataset_id, "file"))

    def file(self, dataset_id: str, to: Path) -> Path:
        return fetch(self._wire, path_of("datasets", dataset_id, "file"), to)

    def delete_dataset(self, dataset_id: str) -> None:
        self._wire.send("DELETE", path_of("datasets", dataset_id))

    def datasets(
        self, project: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[DatasetEntry]:
        return self._list("datasets", DatasetEntry, limit, before, project=project)

    def propose(
        self, dataset_id: str, *, task: str | None = None, target: str | None = None, metric: str | None = None
    ) -> Proposal:
        path = path_of("datasets", dataset_id, "proposal")
        body = given(task=task, target=target, metric=metric)
        return self._wire.ask("POST", path, Proposal, body=body, create=True)

    def revise(self, dataset_id: str, edits: Sequence[Edit]) -> Dataset:
        path, body = path_of("datasets", dataset_id, "versions"), {"edits": list(edits)}
        return self._wire.read(self._sent(path, body), Dataset)

    def versions(self, dataset_id: str, limit: int = 1_000, before: str | None = None) -> Sequence[DatasetEntry]:
        return self._list(path_of("datasets", dataset_id, "versions"), DatasetEntry, limit, before)

    def about(self, dataset_id: str) -> About:
        return self._wire.ask("GET", path_of("datasets", dataset_id, "about"), About)

    def describe(self, dataset_id: str, change: AboutChange) -> About:
        return self._wire.ask("PATCH", path_of("datasets", dataset_id), About, body=change)

    def schema(self, project: str) -> Schema:
        return self._wire.ask("GET", path_of("projects", project, "schema"), Schema)

    def fix_schema(self, project: str, change: SchemaChange) -> Schema:
        return self._wire.ask("PUT", path_of("projects", project, "schema"), Schema, body=change)

    def drop_schema(self, project: str) -> None:
        self._wire.send("DELETE", path_of("projects", project, "schema"))


def _rejected(upload: Upload) -> DataRejected:
    failure = upload.failure
    if failure is None:
        return DataRejected(f"{upload.name} was rejected.")
    return DataRejected(failure.what, cause=failure.cause, cure=failure.cure, code=failure.code, faults=failure.faults)
