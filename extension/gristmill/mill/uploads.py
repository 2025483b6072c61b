"""Uploads that come in parts, straight into the store: begun, gone on with, completed, dropped.

Whoever uploads is given a signed URL a part and sends them as they like; the platform sees none of the bytes until they
are all there. What broke off is gone on with: the parts that have arrived are named, the others get fresh URLs. An
upload that nobody completes expires, and the reconciler drops it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gristmill import intake, records
from gristmill.errors import Conflict, DataRejected, NotFound, NotPossible, UsageError
from gristmill.mill.data import key_segment
from gristmill.mill.datasets import Datasets
from gristmill.mill.parts import label
from gristmill.mill.trail import audited
from gristmill.records import (
    ArrivedPart,
    Membership,
    MissingPart,
    Profile,
    Proposal,
    Transfer,
    Upload,
    UploadStatus,
    replace,
)
from gristmill.stores import Part, Stored, places

__all__ = ["Uploads"]

_PART = 16 << 20  # bytes
_MOST_PARTS = 1000  # of one upload: larger ones get larger parts, so that the list of parts stays short
_LARGEST = 5 << 40  # bytes: what S3 takes as one object
_LINK_LASTS = 3600.0  # seconds
_UPLOAD_LASTS = 24 * 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sent:
    """One part as it should be."""

    number: int
    size: int


class Uploads(Datasets):
    """What can be asked about uploads."""

    @audited("upload.open")
    def open_upload(
        self,
        name: str,
        size: int,
        *,
        project: str = "default",
        sha256: str | None = None,
        filename: str | None = None,
    ) -> Transfer:
        """Begin an upload of `size` bytes; its parts' URLs come back. `name` is what to call it, if not as the file."""
        if not 0 <= size <= _LARGEST:
            raise UsageError(f"{size} bytes cannot be uploaded.", cure="Give 0 to 5 TiB.")
        intake.check_sum(sha256)
        self._parts.allowance.check_size(name, size)
        upload_id, now = records.new_id("upload"), time.time()
        key = places.upload(upload_id, key_segment(_filename(filename or name)))
        own = self._gate.own_project(project)
        part_size = _PART * max(1, math.ceil(size / (_PART * _MOST_PARTS)))
        upload = Upload(
            id=upload_id,
            project_id=own.id,
            name=name if filename is None else label(name, filename),
            key=key,
            size=size,
            status=UploadStatus.OPEN,
            created_at=now,
            sha256=sha256,
            part_size=part_size,
            expires_at=now + _UPLOAD_LASTS,
            store_id=own.store_id,
        )
        store = self._shelf.of(upload)
        return self._transfer(self._admission.open(upload, lambda: store.begin(key, part_size=part_size)))

    def transfer(self, upload_id: str) -> Transfer:
        """How far an upload is, with fresh URLs for what is missing."""
        return self._transfer(self._mine(upload_id))

    def send_part(self, upload_id: str, number: int, data: bytes) -> None:
        """Take one part by hand: where nobody serves the store, its URL is empty."""
        upload = self._mine(upload_id)
        expected = {part.number: part.size for part in _expected(upload)}
        if upload.status is not UploadStatus.OPEN or upload.token is None:
            raise Conflict(f"The upload {upload.name} is {upload.status}.", cure="Upload the file again.")
        if expected.get(number) != len(data):
            cure = f"It has parts 1 to {len(expected)}" + (
                f", and that one {expected[number]:,} bytes." if number in expected else "."
            )
            raise UsageError(f"{len(data):,} bytes are no part {number} of {upload.name}.", cure=cure)
        self._shelf.of(upload).put_part(upload.key, upload.token, number, data)

    @audited("upload.complete")
    def complete_upload(self, upload_id: str, *, sha256: str | None = None) -> Upload:
        """Make the parts one file; Conflict while parts are missing, DataRejected where it is not what was sent."""
        intake.check_sum(sha256)
        upload = self._mine(upload_id)
        if upload.status is UploadStatus.RECEIVED:
            return replace(upload, token=None)  # asked again
        if upload.status is not UploadStatus.OPEN or upload.token is None or upload.part_size is None:
            raise Conflict(f"The upload {upload.name} is {upload.status}.", cure="Upload the file again.")
        stored = self._put_together(upload, upload.token)
        promised = sha256 or upload.sha256
        known = None if intake.is_of_pieces(promised) else stored.sha256
        if stored.size != upload.size or (known and promised and known != promised):
            raise self._dropped(upload, intake.not_what_was_sent(upload.name))
        settled = self._catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256=known or promised)
        return replace(settled, token=None)  # it is between the platform and the store

    @audited("upload.abandon")
    def abandon(self, upload_id: str) -> None:
        """Drop an upload that is no dataset."""
        upload = self._mine(upload_id)
        if upload.status is UploadStatus.ACCEPTED:
            raise Conflict(f"The upload {upload.name} is a dataset already.")
        if upload.status is not UploadStatus.REJECTED:
            self._dropped(upload, DataRejected(f"The upload {upload.name} was abandoned.", code="abandoned"))
        else:
            self._drop(upload)

    @audited("upload.check")
    def check_upload(
        self, upload_id: str, *, table: str | None = None, project: str | None = None
    ) -> tuple[Profile, Proposal]:
        """Intake only, of an upload that is whole: what is in it. Nothing is registered.

        With a project, it is held to that project's schema.
        """
        project_id = None if project is None else self._gate.project(project).id
        upload = self._mine(upload_id)
        with self._at_hand(upload) as local:
            seen = self._looked_at(local, local.parent, table)
            if project_id is not None:
                self._hold(project_id, seen.profile)
            return seen.profile, seen.proposal

    # --- within ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _at_hand(self, upload: Upload) -> Iterator[Path]:
        """An upload that is whole as a file, alone in a folder that is gone afterwards."""
        if upload.status not in (UploadStatus.RECEIVED, UploadStatus.ACCEPTED):
            raise Conflict(f"The upload {upload.name} is {upload.status}.", cure="Complete it first.")
        with self._scratch() as scratch:
            local = Path(scratch) / upload.key.rsplit("/", 1)[-1]
            self._shelf.of(upload).get_file(upload.key, local)
            intake.digest_of(upload, local)
            yield local

    def _mine(self, upload_id: str) -> Upload:
        return self._gate.get(self._catalog.uploads, upload_id, Membership.EDITOR)

    def _put_together(self, upload: Upload, token: str) -> Stored:
        """The parts as one object."""
        arrived, expected = self._arrived(upload, token), list(_expected(upload))
        if arrived is None:  # put together before, by somebody who could not write it down any more
            return self._whole(upload)
        missing = sorted({(part.number, part.size) for part in expected} - {(one.number, one.size) for one in arrived})
        if missing:
            listed = ", ".join(str(number) for number, _ in missing[:20])
            raise Conflict(
                f"The upload {upload.name} is not whole.",
                cause=f"Of its {len(expected)} parts {len(missing)} are missing: {listed}.",
                cure=f"GET /uploads/{upload.id} gives their URLs; send them, then complete it again.",
                code="parts-missing",
            )
        wanted = {part.number for part in expected}
        try:
            return self._shelf.of(upload).complete(
                upload.key, token, [part for part in arrived if part.number in wanted]
            )
        except NotFound:  # somebody else has completed it meanwhile
            return self._whole(upload)

    def _arrived(self, upload: Upload, token: str) -> Sequence[Part] | None:
        """The parts that lie in the store; None where the store knows of no such upload any more."""
        try:
            return self._shelf.of(upload).parts(upload.key, token)
        except NotFound:
            return None

    def _whole(self, upload: Upload) -> Stored:
        stored = self._shelf.of(upload).stat(upload.key)
        if stored is None:
            raise Conflict(f"The parts of the upload {upload.name} are gone.", cure="Upload the file again.")
        return stored

    def _transfer(self, upload: Upload) -> Transfer:
        plain = replace(upload, token=None)
        if upload.status is not UploadStatus.OPEN or upload.token is None or upload.part_size is None:
            made = self._catalog.datasets.made_of(upload.id) if upload.status is UploadStatus.ACCEPTED else None
            return Transfer(upload=plain, part_size=upload.part_size or _PART, dataset_id=made)
        arrived = self._arrived(upload, upload.token)
        there = {(part.number, part.size) for part in (_expected(upload) if arrived is None else arrived)}
        parts = list(_expected(upload))
        missing = [part for part in parts if (part.number, part.size) not in there]
        return Transfer(
            upload=plain,
            part_size=upload.part_size,
            parts=tuple(
                MissingPart(
                    number=part.number,
                    size=part.size,
                    url=self._link(upload, upload.token, part),
                    headers=self._shelf.of(upload).put_headers(part.size),
                )
                for part in missing
            ),
            arrived=tuple(ArrivedPart(number=part.number, size=part.size) for part in parts if part not in missing),
            expires_at=upload.expires_at,
        )

    def _link(self, upload: Upload, token: str, part: _Sent) -> str:
        left = (upload.expires_at or time.time() + _LINK_LASTS) - time.time()
        seconds = max(1.0, min(_LINK_LASTS, left))
        try:
            return self._shelf.of(upload).sign_part(upload.key, token, part.number, seconds=seconds, size=part.size)
        except NotPossible:  # the store of an embedded platform, which nobody serves
            return ""

    def _dropped(self, upload: Upload, why: DataRejected) -> DataRejected:
        """Why, once the upload is marked rejected and its bytes are gone."""
        self._catalog.uploads.settle(upload.id, UploadStatus.REJECTED, failure=why.failure)
        self._drop(upload)
        return why

    def _drop(self, upload: Upload) -> None:
        if upload.token is not None:
            self._shelf.of(upload).abort(upload.key, upload.token)
        self._shelf.of(upload).delete(upload.key)


def _filename(name: str) -> str:
    """The name itself; UsageError unless it is that of a file, and of nothing above it."""
    if not name.strip() or name in (".", "..") or len(name.encode(errors="replace")) > 255:
        raise UsageError(f"{name[:60]!r} is no file's name.", cure="Give a name of 1 to 255 bytes, such as grain.csv.")
    if not name.isprintable() or "/" in name or "\\" in name:
        raise UsageError(
            f"{name[:60]!r} is no file's name.",
            cause="It holds a slash or a control character.",
            cure="Give the name alone, without folders.",
        )
    return name


def _expected(upload: Upload) -> Iterator[_Sent]:
    size = upload.part_size or _PART
    for number, start in enumerate(range(0, max(1, upload.size), size), start=1):
        yield _Sent(number=number, size=min(size, upload.size - start))
