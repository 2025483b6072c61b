"""A file's way into the store: in parts, several at once, straight to where the hub's signed links point.

What breaks off is sent again, part by part, under fresh links. What is begun is noted in `GRISTMILL_HOME/uploads`, so
that calling again for the same file, unchanged, sends only what is missing; the note goes when the hub has the whole of
it. The file's checksum is taken while its parts travel, and the hub compares.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from gristmill import records
from gristmill.client.protocol import Progress
from gristmill.client.wire import Wire, away, path_of
from gristmill.errors import DataRejected, GristmillError, NotFound, StoreFailed, UsageError
from gristmill.records import MissingPart, Transfer, Upload, UploadStatus

__all__ = ["Uploading", "existing"]

_AT_ONCE = 4
_CHUNK = 1 << 20
_LOOK_EVERY = 0.1  # seconds between two reports of progress


class Uploading:
    """Puts files into a hub's store."""

    def __init__(self, wire: Wire, home: Path) -> None:
        self._wire = wire
        self._notes = home / "uploads"

    def upload(self, path: Path, *, project: str, name: str, progress: Progress | None) -> Upload:
        """The upload, whole and received."""
        seen = existing(path).stat()
        told = [self._wire.url, project, name, str(path.resolve()), seen.st_size, seen.st_mtime_ns]
        note = self._notes / f"{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]}.json"
        transfer = self._begun(note)
        if transfer is None:
            asked = {"project": project, "name": name, "size": seen.st_size}
            asked |= {} if name == path.name else {"filename": path.name}
            transfer = self._wire.ask("POST", "uploads", Transfer, body=asked, create=True)
            self._write(note, transfer.upload.id)
        if transfer.upload.status is UploadStatus.OPEN:
            sha256 = _Sending(self._wire, path, transfer, progress).all()
            if (path.stat().st_size, path.stat().st_mtime_ns) != (seen.st_size, seen.st_mtime_ns):
                note.unlink(missing_ok=True)
                raise UsageError(f"{path} was changed while it was sent.", cure="Upload it again.")
            upload = self._completed(transfer.upload.id, sha256, note)
        else:
            upload = transfer.upload  # all of it had arrived, and the answer was lost
        note.unlink(missing_ok=True)
        return upload

    def transfer(self, upload_id: str) -> Transfer:
        """The upload as the hub sees it, with fresh links."""
        return self._wire.ask("GET", path_of("uploads", upload_id), Transfer)

    def send_part(self, upload_id: str, number: int, data: bytes) -> None:
        """One part, through this process; one that has arrived is not sent again."""
        link = next((part for part in self.transfer(upload_id).parts if part.number == number), None)
        if link is None:
            return
        if len(data) != link.size:
            raise UsageError(f"Part {number} has {len(data):,} bytes.", cure=f"Send {link.size:,}.")
        url = urljoin(self._wire.url, link.url)
        try:
            answer = self._wire.store.put(url, content=data, headers=_headers(link))
        except httpx.TransportError as error:
            raise away(url, error) from None
        if not answer.is_success:
            raise StoreFailed(
                "The store took no part of the file.",
                cause=f"It answered {answer.status_code} to part {number}.",
                cure="Try again; what has arrived is kept.",
            )

    def _begun(self, note: Path) -> Transfer | None:
        """The upload of the same file that broke off, if it can still go on."""
        try:
            transfer = self.transfer(str(json.loads(note.read_text("utf-8"))["upload"]))
        except (FileNotFoundError, NotFound):
            return None
        except (ValueError, KeyError, TypeError):
            note.unlink(missing_ok=True)
            return None
        return transfer if transfer.upload.status in (UploadStatus.OPEN, UploadStatus.RECEIVED) else None

    def _write(self, note: Path, upload_id: str) -> None:
        with contextlib.suppress(OSError):  # without the note, a file that breaks off is sent from its beginning
            note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            note.write_bytes(records.encode({"upload": upload_id}))

    def _completed(self, upload_id: str, sha256: str, note: Path) -> Upload:
        path = path_of("uploads", upload_id, "complete")
        try:
            return self._wire.ask("POST", path, Upload, body={"sha256": sha256}, create=True, patience=600.0)
        except (DataRejected, UsageError):  # what has arrived is not what was sent: the next time begins anew
            note.unlink(missing_ok=True)
            raise


class _Sending:
    """One file on its way: threads send parts, one more reads the file for its checksum."""

    def __init__(self, wire: Wire, path: Path, transfer: Transfer, progress: Progress | None) -> None:
        self._wire, self._path, self._transfer = wire, path, transfer
        self._progress = progress
        self._links = {part.number: part for part in transfer.parts}
        self._gone: defaultdict[int, int] = defaultdict(int)  # part -> bytes that have gone
        self._gone.update({part.number: part.size for part in transfer.arrived})
        self._ended = threading.Event()
        self._asking = threading.Lock()

    def all(self) -> str:
        """Send what is missing; the file's sha256."""
        with ThreadPoolExecutor(_AT_ONCE + 1, "gristmill-upload") as threads:
            digest = threads.submit(self._digest)
            parts = [threads.submit(self._part, part.number) for part in self._transfer.parts]
            try:
                self._watch([digest, *parts])
                for part in parts:
                    part.result()
                return digest.result()
            except BaseException:
                self._ended.set()
                threads.shutdown(wait=False, cancel_futures=True)
                raise

    def _watch(self, under_way: Sequence[Future[Any]]) -> None:
        """Tell how far it is until all have ended, or one has failed."""
        left = set(under_way)
        while left:
            done, left = wait(left, _LOOK_EVERY, FIRST_EXCEPTION)
            if self._progress:
                self._progress(sum(list(self._gone.values())), self._transfer.upload.size)
            for future in done:
                future.result()

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for chunk in self._chunks(0, self._transfer.upload.size):
            digest.update(chunk)
        return digest.hexdigest()

    def _part(self, number: int) -> None:
        pauses = self._wire.pauses()
        while not self._ended.is_set():
            link = self._links[number]
            url = urljoin(self._wire.url, link.url)
            try:
                answer = self._wire.store.put(url, content=self._counted(link), headers=_headers(link))
            except httpx.TransportError as error:
                failed: GristmillError = away(url, error)
            else:
                if answer.is_success:
                    return
                failed = StoreFailed(
                    f"The store took no part of {self._path.name}.",
                    cause=f"It answered {answer.status_code} to part {number}.",
                    cure="Try again; what has arrived is kept.",
                )
                if answer.status_code < 500 and answer.status_code not in (400, 403, 408, 429):
                    raise failed
            self._gone[number] = 0
            if self._ended.is_set():
                return
            pause = next(pauses, None)
            if pause is None:
                raise failed
            self._ended.wait(pause)
            if self._has_arrived(number):
                self._gone[number] = link.size
                return

    def _has_arrived(self, number: int) -> bool:
        """Whether the part is there after all; where it is not, its link is fresh now."""
        with self._asking:
            fresh = self._wire.ask("GET", path_of("uploads", self._transfer.upload.id), Transfer)
            self._links |= {part.number: part for part in fresh.parts}
            return number not in {part.number for part in fresh.parts}

    def _counted(self, link: MissingPart) -> Iterator[bytes]:
        self._gone[link.number] = 0
        for chunk in self._chunks((link.number - 1) * self._transfer.part_size, link.size):
            yield chunk
            self._gone[link.number] += len(chunk)

    def _chunks(self, offset: int, size: int) -> Iterator[bytes]:
        with self._path.open("rb", buffering=0) as file:
            file.seek(offset)
            while size and not self._ended.is_set():
                chunk = file.read(min(_CHUNK, size))
                if not chunk:
                    raise UsageError(f"{self._path} was changed while it was sent.", cure="Upload it again.")
                size -= len(chunk)
                yield chunk


def existing(path: Path) -> Path:
    """The path itself; UsageError unless a file is there."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", cure="Pack it into a ZIP and give that.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", cure="Check the path.")
    return path


def _headers(link: MissingPart) -> dict[str, str]:
    return {"Content-Length": str(link.size), **link.headers}
