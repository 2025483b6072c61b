"""Multipart uploads in a folder: one subfolder an upload, one file a part, until it is completed or dropped."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gristmill.errors import NotFound
from gristmill.stores.base import Part, check_key, check_part, check_parts
from gristmill.stores.disk import beside, chunks, write

__all__ = ["Multipart"]

_TOKEN = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"[0-9]{5}")
_KEY = "key"  # the file that says where the upload is bound for


class Multipart:
    """The uploads below one folder; methods raise OSError as it comes, for the store to explain."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, key: str) -> str:
        token = secrets.token_hex(16)
        fresh = beside(self._folder / token)
        fresh.mkdir()
        write([check_key(key).encode()], fresh / _KEY)
        fresh.replace(self._folder / token)
        return token

    def put(self, key: str, token: str, number: int, data: Iterable[bytes]) -> Part:
        path = self._find(key, token) / f"{check_part(number):05}"
        fresh = beside(path)
        try:
            write(data, fresh)
            fresh.replace(path)
        except FileNotFoundError as error:
            raise _gone(key) from error  # dropped by somebody else while we were writing
        return _part(path)

    def parts(self, key: str, token: str) -> Sequence[Part]:
        return [_part(path) for path in sorted(self._find(key, token).iterdir()) if _PART.fullmatch(path.name)]

    def data(self, key: str, token: str, parts: Sequence[Part]) -> Iterator[bytes]:
        """All bytes of the parts, in order of their numbers; raises unless each part is there as it was."""
        folder = self._find(key, token)
        for part in check_parts(key, parts, self.parts(key, token)):
            yield from chunks(folder / f"{part.number:05}")

    def drop(self, key: str, token: str) -> None:
        try:
            folder = self._find(key, token)
        except NotFound:
            return
        grave = beside(folder)
        folder.replace(grave)  # gone for everybody else before the first part is
        shutil.rmtree(grave)

    def _find(self, key: str, token: str) -> Path:
        check_key(key)
        folder = self._folder / token
        if not _TOKEN.fullmatch(token) or not folder.is_dir() or (folder / _KEY).read_text("utf-8") != key:
            raise _gone(key)
        return folder


def _part(path: Path) -> Part:
    seen = path.stat()
    return Part(number=int(path.name), size=seen.st_size, etag=f"{seen.st_mtime_ns:x}-{seen.st_size:x}")


def _gone(key: str) -> NotFound:
    return NotFound(f"There is no such upload of {key}.", cause="It was completed or dropped.", cure="Begin anew.")
