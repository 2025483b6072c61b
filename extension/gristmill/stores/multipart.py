"""Multipart uploads in a folder: one subfolder an upload, until it is completed or dropped.

Where parts may be of any size, each is a file. Where it is known from the start that all but the last are of one size,
each is written where it belongs in one file (`Laid`), which becomes the object as it is: no byte is written twice.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gristmill.errors import NotFound
from gristmill.stores.base import Part, check_key, check_part, check_parts
from gristmill.stores.disk import beside, chunks, write
from gristmill.stores.laid import Laid, Ledger

__all__ = ["Multipart"]

_TOKEN = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"[0-9]{5}")
_KEY = "key"  # the file that says where the upload is bound for


class Multipart:
    """The uploads below one folder; methods raise OSError as it comes, for the store to explain."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ledgers: dict[str, Ledger] = {}
        self._lock = threading.Lock()

    def begin(self, key: str, part_size: int | None) -> str:
        token = secrets.token_hex(16)
        fresh = beside(self._folder / token)
        fresh.mkdir()
        write([check_key(key).encode()], fresh / _KEY)
        if part_size is not None:
            Laid.begin(fresh, part_size)
        fresh.replace(self._folder / token)
        return token

    def put(self, key: str, token: str, number: int, data: Iterable[bytes]) -> Part:
        folder = self._find(key, token)
        try:
            if laid := Laid.at(folder):
                ledger = self._ledger(token)
                part = laid.put(check_part(number), data, ledger)
                ledger.take_in(laid)
                return part
            path = folder / f"{check_part(number):05}"
            fresh = beside(path)
            write(data, fresh)
            fresh.replace(path)
        except FileNotFoundError as error:
            raise self._lost(key) from error  # dropped by somebody else while we were writing
        return _part(path)

    def parts(self, key: str, token: str) -> Sequence[Part]:
        folder = self._find(key, token)
        if laid := Laid.at(folder):
            if not laid.path.exists():  # it is an object already, and who made it one has not come to drop the rest
                raise self._lost(key)
            return laid.parts()
        return [_part(path) for path in sorted(folder.iterdir()) if _PART.fullmatch(path.name)]

    def whole(self, key: str, token: str, parts: Sequence[Part]) -> tuple[Path, str] | None:
        """The parts as one file, and its sha256; None where they have to be put together first."""
        laid, ledger = Laid.at(self._find(key, token)), self._ledger(token)
        if laid is None:
            return None
        ledger.seal()
        try:
            ordered = check_parts(key, parts, self.parts(key, token))
            if laid.is_gapless(ordered):
                digest = ledger.digest(laid, ordered)
                laid.close(ordered)
                return laid.path, digest
        except FileNotFoundError as error:
            raise self._lost(key) from error  # made an object by somebody else meanwhile
        except BaseException:
            ledger.seal(is_sealed=False)
            raise
        return None

    def data(self, key: str, token: str, parts: Sequence[Part]) -> Iterator[bytes]:
        """All bytes of the parts, in order of their numbers; raises unless each part is there as it was."""
        folder = self._find(key, token)
        laid = Laid.at(folder)
        for part in check_parts(key, parts, self.parts(key, token)):
            yield from laid.chunks(part) if laid else chunks(folder / f"{part.number:05}")

    def drop(self, key: str, token: str) -> None:
        with self._lock:
            if ledger := self._ledgers.pop(token, None):
                ledger.seal()
        try:
            folder = self._find(key, token)
        except NotFound:
            return
        grave = beside(folder)
        folder.replace(grave)  # gone for everybody else before the first part is
        shutil.rmtree(grave)

    def _ledger(self, token: str) -> Ledger:
        with self._lock:
            return self._ledgers.setdefault(token, Ledger())

    def _find(self, key: str, token: str) -> Path:
        check_key(key)
        folder = self._folder / token
        if not _TOKEN.fullmatch(token) or not folder.is_dir() or (folder / _KEY).read_text("utf-8") != key:
            raise self._lost(key)
        return folder

    def _lost(self, key: str) -> NotFound:
        """What to raise where an upload is not found: it is gone, unless all of them are, for the store is away."""
        if not self._folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._folder))
        return NotFound(f"There is no such upload of {key}.", cause="It was completed or dropped.", cure="Begin anew.")


def _part(path: Path) -> Part:
    seen = path.stat()
    return Part(number=int(path.name), size=seen.st_size, etag=f"{seen.st_mtime_ns:x}-{seen.st_size:x}")
