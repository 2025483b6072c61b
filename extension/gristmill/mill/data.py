"""Data: looked at, uploaded, made datasets."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from gristmill import exploring, intake, records, tasks
from gristmill.catalog.datasets import Found
from gristmill.errors import Conflict, DataRejected, NotFound, NotPossible
from gristmill.looking import Seen
from gristmill.mill.parts import UseCases, existing, label, needs
from gristmill.mill.trail import audited
from gristmill.records import (
    Dataset,
    DatasetEntry,
    Failure,
    Membership,
    Preview,
    Profile,
    Proposal,
    Upload,
    UploadStatus,
)
from gristmill.stores import places

__all__ = ["Data", "key_segment"]

_LINK_LASTS = 3600.0  # seconds
_MOST_LOOKED_AT_AGAIN = 1 << 30  # bytes of a file that is fetched and opened only to be shown
_LASTS = 24 * 3600.0  # seconds until an upload that broke off is given up
Progress = Callable[[int, int], None]


class Data(UseCases):
    """What can be asked about data."""

    def check(
        self, path: Path, *, table: str | None = None, project: str | None = None
    ) -> tuple[Profile, Proposal | None]:
        """Intake only: what is in the file and what could be done with it. Nothing is registered.

        With a project, it is held to that project's schema, as an upload would be.
        """
        project_id = None if project is None else self._gate.project(project).id
        with self._scratch() as scratch:
            seen = self._looked_at(existing(path), Path(scratch), table)
            if project_id is not None:
                self._hold(project_id, seen.profile)
            return seen.profile, seen.proposal

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
        """Draw what to know of a file, or of a dataset by its id, before training: one HTML page as the file `to`."""
        del told  # it is begun at once
        needs("Exploring", ("papermill",), "train")
        with self._scratch() as scratch:
            folder, sandbox = Path(scratch), self._parts.sandbox
            execution = sandbox.prepare(folder)  # it warms up while the data is looked at
            try:
                if source.startswith("dataset-") and not Path(source).exists():
                    dataset = self.dataset(source)
                    name, profile = dataset.name, dataset.profile
                    proposal = self.propose(dataset.id, task=task, target=target)
                    intake.fetch(self._shelf.of(dataset), dataset, folder / "data")
                else:
                    name, profile = Path(source).name, self._looked_at(existing(Path(source)), folder, table).profile
                    proposal = intake.propose(profile, task=task, target=target, sample=intake.sample(folder))
                file = exploring.file_of(name, profile, proposal, sandbox.resources())
                return exploring.draw(file, folder, execution, to)
            finally:
                execution.kill()

    @audited("upload")
    def upload(
        self, path: Path, *, project: str = "default", name: str | None = None, progress: Progress | None = None
    ) -> Upload:
        """Put a file into the store, as it is; `progress` is told the bytes done, of how many."""
        path = existing(path)
        self._parts.allowance.check_file(path)
        upload_id, own = records.new_id("upload"), self._gate.own_project(project)
        upload = Upload(
            id=upload_id,
            project_id=own.id,
            name=name or path.name,
            key=places.upload(upload_id, key_segment(path.name)),
            size=path.stat().st_size,
            status=UploadStatus.OPEN,
            created_at=time.time(),
            expires_at=time.time() + _LASTS,
            store_id=own.store_id,
        )
        self._admission.open(upload, lambda: None)
        stored = self._shelf.of(upload).put_file(upload.key, path)
        if progress is not None:
            progress(stored.size, stored.size)
        return self._catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256=stored.sha256)

    @audited("dataset.admit")
    def admit(self, upload_id: str, *, name: str | None = None, table: str | None = None) -> Dataset:
        """Make an upload a dataset; DataRejected where it cannot be one, and then the upload is kept."""
        upload = self._gate.get(self._catalog.uploads, upload_id, Membership.EDITOR)
        if upload.status is not UploadStatus.RECEIVED:
            raise Conflict(f"The upload {upload.name} is {upload.status}.", cure="Upload the file again.")
        filename, called = upload.key.rsplit("/", 1)[-1], label(name, Path(upload.name).stem)
        store = self._shelf.of(upload)
        try:
            with self._scratch() as scratch:
                local = Path(scratch) / filename
                store.get_file(upload.key, local)
                upload = records.replace(upload, sha256=intake.digest_of(upload, local))
                seen = self._looked_at(local, Path(scratch), table)
                self._hold(upload.project_id, seen.profile)
                store.put_file(places.sample(upload.id), intake.sample_file(Path(scratch)))
                store.put_file(places.preview(upload.id), intake.preview_file(Path(scratch)))
                intake.keep_listing(store, upload.id, seen.profile, Path(scratch))
        except DataRejected as rejected:
            self._catalog.uploads.settle(upload.id, UploadStatus.REJECTED, failure=rejected.failure)
            raise
        dataset = Dataset(
            id=records.new_id("dataset"),
            project_id=upload.project_id,
            upload_id=upload.id,
            name=called,
            version=0,
            key=upload.key,
            filename=filename,
            size=upload.size,
            sha256=upload.sha256 or "",
            profile=seen.profile,
            proposal=seen.proposal,
            created_at=time.time(),
            store_id=upload.store_id,
        )
        return self._catalog.datasets.add(dataset)

    def _looked_at(self, path: Path, scratch: Path, table: str | None) -> Seen:
        """What is in a file and what could be done with it; DataRejected where it holds more than is allowed here."""
        allowance = self._parts.allowance
        allowance.check_file(path)
        seen = self._parts.looking.look(path, scratch, table)
        allowance.check_rows(seen.profile)
        if seen.profile.arranged:  # of a table, another column may be chosen
            allowance.check_classes(seen.profile, tasks.find(seen.proposal.task), seen.proposal.target)
        return seen

    def _hold(self, project_id: str, profile: Profile) -> None:
        """Go on only with data that fits the project's schema, if it has one."""
        schema = self._catalog.schemas.of(project_id)
        if schema is not None:
            intake.held_to(schema, profile, self._catalog.projects.get(project_id).name)

    def dataset(self, dataset_id: str) -> Dataset:
        """A dataset with its profile."""
        return self._gate.get(self._catalog.datasets, dataset_id)

    @audited("dataset.fetch")
    def dataset_link(self, dataset_id: str) -> str:
        """A URL that fetches the file that a dataset was made of, for a while."""
        dataset = self._workable(dataset_id).dataset
        return self._shelf.of(dataset).sign_get(
            dataset.key, seconds=_LINK_LASTS, filename=key_segment(dataset.filename)
        )

    @audited("dataset.fetch")
    def file(self, dataset_id: str, to: Path) -> Path:
        """The file that a dataset was made of, as it was sent."""
        dataset = self._workable(dataset_id).dataset
        self._shelf.of(dataset).get_file(dataset.key, to)
        return to

    @audited("dataset.delete")
    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a dataset and its file; runs and models that were made of it stay. Conflict while it is needed."""
        dataset = self._gate.get(self._catalog.datasets, dataset_id, Membership.EDITOR)
        store = self._shelf.of(dataset)
        why = Failure(code="deleted", what=f"{dataset.filename} was deleted by {self.who.name}.")
        if self._catalog.datasets.remove(dataset.id, why):
            store.delete(dataset.key)
            store.delete_all(places.listing(dataset.upload_id, "").rstrip("/"))
        store.delete(places.sample(dataset.origin))
        store.delete(places.preview(dataset.origin))
        store.delete_all(places.suggestion(dataset.origin, "").rpartition("/")[0])

    def _workable(self, dataset_id: str, need: Membership = Membership.VIEWER) -> Found:
        """A dataset whose data can be had; NotFound where it was deleted."""
        found = self._gate.found(dataset_id, need)
        if not found.is_there:
            raise NotFound(f"The data of {found.dataset.name} was deleted.", cure="Upload it again.", code="deleted")
        return found

    def preview(self, dataset_id: str) -> Preview:
        """What a dataset looks like; one that was put in by a version that made no previews is looked at now.

        An empty one where its file is gone, or too large to be opened only to be shown.
        """
        found = self._gate.found(dataset_id)
        dataset = found.dataset
        with suppress(NotFound):
            return records.decode(self._shelf.of(dataset).read(places.preview(dataset.origin)), Preview)
        if dataset.size <= _MOST_LOOKED_AT_AGAIN and found.is_there:
            with suppress(NotFound, NotPossible):  # the latter for want of memory
                return self._made_preview(dataset)
        return Preview()

    def _made_preview(self, dataset: Dataset) -> Preview:
        store = self._shelf.of(dataset)
        with self._scratch() as scratch:
            intake.fetch(store, dataset, Path(scratch) / "data", self._parts.looking.edit)
            store.get_file(places.sample(dataset.origin), intake.sample_file(Path(scratch)))
            self._parts.looking.show(dataset.profile, Path(scratch))
            made = intake.preview_file(Path(scratch))
            store.put_file(places.preview(dataset.origin), made)
            return records.decode(made.read_bytes(), Preview)

    def datasets(
        self, project: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[DatasetEntry]:
        """Datasets, newest first; `before` is the id of the last one on the page before."""
        return self._catalog.datasets.list(self._project_ids(project), before, limit)

    def propose(
        self, dataset_id: str, *, task: str | None = None, target: str | None = None, metric: str | None = None
    ) -> Proposal:
        """What the platform suggests to do with a dataset, given what a person has settled already."""
        return self._proposal(self.dataset(dataset_id), task, target, metric)

    def _proposal(self, dataset: Dataset, task: str | None, target: str | None, metric: str | None) -> Proposal:
        """What was suggested before is kept, for looking at the data again takes a while."""
        if dataset.proposal is not None and not (task or target or metric):
            return dataset.proposal
        chosen = hashlib.sha256(records.encode([task, target, metric])).hexdigest()[:32]
        kept, store = places.suggestion(dataset.origin, chosen), self._shelf.of(dataset)
        with suppress(NotFound, ValueError):
            return records.decode(store.read(kept), Proposal)
        with self._scratch() as scratch:
            store.get_file(places.sample(dataset.origin), intake.sample_file(Path(scratch)))
            proposal = self._parts.looking.propose(
                dataset.profile, Path(scratch), task=task, target=target, metric=metric
            )
        store.put_bytes(kept, records.encode(proposal))
        return proposal


def key_segment(filename: str) -> str:
    """A file's name as a segment of a key: control characters and backslashes out, the ending kept."""
    clean = "".join(letter if letter.isprintable() and letter not in "\\/" else "_" for letter in filename)
    stem, dot, ending = clean.rpartition(".")
    return (
        f"{stem.encode()[:200].decode(errors='ignore')}{dot}{ending}"
        if dot
        else clean.encode()[:200].decode(errors="ignore")
    )
