"""Files that are there whole or not at all, and what a full or failing disk looks like to a person."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gristmill.errors import GristmillError, StoreFailed
from gristmill.stores.base import CHUNK

__all__ = ["beside", "chunks", "disk_faults", "place", "write"]

_LOOK = "Check that the folder is there and may be written, and that its disk is in order."
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def chunks(path: Path, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
    """The file's bytes from `offset`, at most `size` of them."""
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        while chunk := file.read(CHUNK if size is None else min(CHUNK, size)):
            size = None if size is None else size - len(chunk)
            yield chunk


def write(data: Iterable[bytes], path: Path) -> str:
    """Writes a new file down to the medium; the answer is its sha256. Nothing is left of it if that fails."""
    digest = hashlib.sha256()
    with path.open("xb", buffering=0) as file:
        try:
            for chunk in data:
                digest.update(chunk)
                _write_all(file.fileno(), chunk)
            os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return digest.hexdigest()


def _write_all(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:  # a disk that fills up takes a part of the chunk first, and refuses at the next call
        rest = rest[os.write(descriptor, rest) :]


def place(source: Path, target: Path) -> None:
    """Moves a file to where it belongs, in one step that survives a crash, and makes the folders above it."""
    while True:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
            break
        except (FileExistsError, FileNotFoundError):
            if not source.exists() or any(folder.is_file() for folder in target.parents):
                raise
            # somebody removed the folder, empty until now, while we made it: make it again
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def beside(path: Path) -> Path:
    """A new name in the same folder, for bytes that will be renamed to `path`."""
    return path.with_name(f".{secrets.token_hex(8)}.partial")


@contextmanager
def disk_faults(what: str, cure: str) -> Iterator[None]:
    """Turns an OSError into a StoreFailed that says `what` failed; `cure` is what helps when the disk is full."""
    try:
        yield
    except GristmillError:
        raise
    except OSError as error:
        full = error.errno in _FULL
        raise StoreFailed(
            what,
            cause="The disk is full." if full else f"{error.strerror or error}.",
            cure=cure if full else _LOOK,
        ) from error
