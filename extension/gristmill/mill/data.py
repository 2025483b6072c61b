"""Data: looked at, uploaded, made datasets."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from gristmill import exploring, intake, records
from gristmill.errors import Conflict, DataRejected
from gristmill.mill.parts import UseCases, existing, needs
from gristmill.mill.trail import audited
from gristmill.records import Dataset, DatasetEntry, Membership, Profile, Proposal, Upload, UploadStatus
from gristmill.stores import places

__all__ = ["Data"]


class Data(UseCases):
    """What can be asked about data."""

    def check(self, path: Path, *, table: str | None = None) -> tuple[Profile, Proposal | None]:
        """Intake only: what is in the file and what could be done with it. Nothing is registered."""
        with self._scratch() as scratch:
            profile = intake.inspect(existing(path), Path(scratch), table)
            return profile, intake.propose(profile, sample=intake.sample(Path(scratch)))

    def explore(
        self, source: str, to: Path, *, target: str | None = None, task: str | None = None, table: str | None = None
    ) -> Path:
        """Draw what to know of a file, or of a dataset by its id, before training: one HTML page as the file `to`."""
        needs("Exploring", ("papermill",), "train")
        with self._scratch() as scratch:
            folder, sandbox = Path(scratch), self._parts.sandbox
            execution = sandbox.prepare(folder)  # it warms up while the data is looked at
            try:
                if source.startswith("dataset-") and not Path(source).exists():
                    dataset = self.dataset(source)
                    name, profile = dataset.name, dataset.profile
                    proposal = self.propose(dataset.id, task=task, target=target)
                    intake.fetch(self._store, dataset, folder / "data")
                else:
                    name, profile = Path(source).name, intake.inspect(existing(Path(source)), folder, table)
                    proposal = intake.propose(profile, task=task, target=target, sample=intake.sample(folder))
                file = exploring.file_of(name, profile, proposal, sandbox.resources())
                return exploring.draw(file, folder, execution, to)
            finally:
                execution.kill()

    @audited("upload")
    def upload(self, path: Path, *, project: str = "default", name: str | None = None) -> Upload:
        """Put a file into the store, as it is."""
        path = existing(path)
        upload_id = records.new_id("upload")
        upload = Upload(
            id=upload_id,
            project_id=self._gate.own_project(project).id,
            name=name or path.name,
            key=places.upload(upload_id, _key_segment(path.name)),
            size=path.stat().st_size,
            status=UploadStatus.OPEN,
            created_at=time.time(),
        )
        self._catalog.uploads.add(upload)
        stored = self._store.put_file(upload.key, path)
        return self._catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256=stored.sha256)

    @audited("dataset.admit")
    def admit(self, upload_id: str, *, name: str | None = None, table: str | None = None) -> Dataset:
        """Make an upload a dataset; DataRejected where it cannot be one, and then the upload is kept."""
        upload = self._gate.get(self._catalog.uploads, upload_id, Membership.EDITOR)
        if upload.status is not UploadStatus.RECEIVED:
            raise Conflict(f"The upload {upload.name} is {upload.status}.", cure="Upload the file again.")
        filename = upload.key.rsplit("/", 1)[-1]
        try:
            with self._scratch() as scratch:
                local = Path(scratch) / filename
                self._store.get_file(upload.key, local)
                profile = intake.inspect(local, Path(scratch), table)
                proposal = intake.propose(profile, sample=intake.sample(Path(scratch)))
                self._store.put_file(places.sample(upload.id), intake.sample_file(Path(scratch)))
                intake.keep_listing(self._store, upload.id, profile, Path(scratch))
        except DataRejected as rejected:
            self._catalog.uploads.settle(upload.id, UploadStatus.REJECTED, failure=rejected.failure)
            raise
        dataset = Dataset(
            id=records.new_id("dataset"),
            project_id=upload.project_id,
            upload_id=upload.id,
            name=name or Path(upload.name).stem,
            version=0,
            key=upload.key,
            filename=filename,
            size=upload.size,
            sha256=upload.sha256 or "",
            profile=profile,
            proposal=proposal,
            created_at=time.time(),
        )
        return self._catalog.datasets.add(dataset)

    def dataset(self, dataset_id: str) -> Dataset:
        """A dataset with its profile."""
        return self._gate.get(self._catalog.datasets, dataset_id)

    def datasets(self, project: str | None = None) -> Sequence[DatasetEntry]:
        """Datasets, newest first."""
        return self._catalog.datasets.list(self._project_ids(project))

    def propose(
        self, dataset_id: str, *, task: str | None = None, target: str | None = None, metric: str | None = None
    ) -> Proposal:
        """What the platform suggests to do with a dataset, given what a person has settled already."""
        dataset = self.dataset(dataset_id)
        with self._scratch() as scratch:
            self._store.get_file(places.sample(dataset.upload_id), intake.sample_file(Path(scratch)))
            sample = intake.sample(Path(scratch))
        return intake.propose(dataset.profile, task=task, target=target, metric=metric, sample=sample)


def _key_segment(filename: str) -> str:
    """A file's name as a segment of a key: control characters and backslashes out, the ending kept."""
    clean = "".join(letter if letter.isprintable() and letter not in "\\/" else "_" for letter in filename)
    stem, dot, ending = clean.rpartition(".")
    return (
        f"{stem.encode()[:200].decode(errors='ignore')}{dot}{ending}"
        if dot
        else clean.encode()[:200].decode(errors="ignore")
    )
