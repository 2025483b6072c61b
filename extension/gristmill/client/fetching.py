"""What a hub gives out, as a file: there whole or not at all, checked, and gone on with where a connection broke."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin

import httpx

from gristmill.client.wire import Wire, away
from gristmill.errors import GristmillError, HubAway, NotFound, StoreFailed, UsageError

__all__ = ["fetch"]


def fetch(
    wire: Wire, path: str, to: Path, *, sha256: str | None = None, query: Mapping[str, object] | None = None
) -> Path:
    """Put what the hub has at `path` into the file `to`, directly or from the store that it points to."""
    part = None
    try:
        to.absolute().parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=to.absolute().parent, prefix=f".{to.name[:40]}-")
        part = Path(name)
        with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            _Fetching(wire, path, query).into(file)
        if sha256 and _digest(part) != sha256:
            raise StoreFailed(f"{to.name} did not arrive as it was sent.", cure="Fetch it again.")
        part.chmod(0o644)
        part.replace(to)
    except OSError as error:
        raise UsageError(f"{to} cannot be written.", cause=f"{error.strerror or error}.") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return to


class _Fetching:
    """One file on its way here."""

    def __init__(self, wire: Wire, path: str, query: Mapping[str, object] | None) -> None:
        self._wire, self._path, self._query = wire, path, query
        self._etag = ""

    def into(self, file: BinaryIO) -> None:
        """Fetch until all of it is there."""
        pauses, had = self._wire.pauses(), 0
        while True:
            try:
                return self._once(file)
            except httpx.TransportError as error:
                failed: GristmillError = away(self._wire.url, error)
            except GristmillError as error:
                if error.http != HubAway.http:
                    raise
                failed = error
            if file.tell() > had:  # it goes on, so the patience begins anew
                pauses, had = self._wire.pauses(), file.tell()
            pause = next(pauses, None)
            if pause is None:
                raise failed
            time.sleep(pause)

    def _once(self, file: BinaryIO) -> None:
        with self._wire.stream(self._path, query=self._query) as answer:
            if not answer.is_redirect:
                _begin_anew(file)
                _copy(answer, file)
                return
            url = urljoin(str(answer.url), answer.headers["Location"])
        ranged = {"Range": f"bytes={file.tell()}-", "If-Range": self._etag} if file.tell() and self._etag else {}
        with self._wire.store.stream("GET", url, headers=ranged) as answer:
            if not answer.is_success:
                kind = NotFound if answer.status_code in (404, 410) else StoreFailed
                raise kind("The store did not give the file.", cause=f"It answered {answer.status_code}.")
            if answer.status_code != 206:
                _begin_anew(file)
            self._etag = answer.headers.get("ETag", "")
            _copy(answer, file)


def _begin_anew(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()


def _copy(answer: httpx.Response, file: BinaryIO) -> None:
    for chunk in answer.iter_raw():  # as it comes: gathered to a size, what had come would be lost where it breaks off
        file.write(chunk)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
