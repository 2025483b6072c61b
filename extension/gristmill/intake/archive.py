"""Opens an upload into a folder that nothing can leave: a ZIP is unpacked, a bare table is put there as it is.

The directory of the ZIP is judged first (members.py); then each member is inflated by us, from its own range of bytes,
and ends as soon as it yields more than it promised, so that no header is ever trusted. zlib releases Python's lock, so
a few threads share the work. Names stay as they are in the archive, a single folder around everything included.

Whatever goes wrong, the folder is left as it was found: the files are removed again.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from gristmill.errors import Conflict, DataRejected, StoreFailed
from gristmill.intake.members import Limits, Member, list_members
from gristmill.tables.reading import format_of

__all__ = ["Limits", "Unpacked", "unpack"]

_CHUNK = 1 << 20
_HEADER = 30  # a member's local header, before name and extra field
_SPARE = 64 << 20  # bytes of disk that unpacking leaves free
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_UNKNOWN_CURE = "Upload a ZIP of tables, or one CSV, Parquet or Excel file."


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpacked:
    """What lies in the folder now."""

    files: tuple[str, ...]  # relative to the folder, with forward slashes, sorted
    ignored: tuple[str, ...]  # left out: what operating systems add for themselves
    bytes: int


def unpack(path: Path, folder: Path, limits: Limits = Limits()) -> Unpacked:  # noqa: B008  # frozen
    """Puts the upload's files into `folder`, which is new or empty.

    A bare table is linked there if the disk allows, so hand over a file that is yours to give away.
    """
    kind = format_of(path)
    if kind is None:
        raise DataRejected(f"{path.name} is of an unknown format.", cure=_UNKNOWN_CURE, code="unknown-format")
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Conflict(f"{folder.name} is not empty.", cure="Unpack into a new folder.")
    try:
        return _unzip(path, folder, limits) if kind == "zip" else _adopt(path, folder)
    except BaseException as error:
        _clear(folder, is_new=is_new)
        if isinstance(error, OSError):
            raise _store_failed(path, error) from error
        raise


def _clear(folder: Path, *, is_new: bool) -> None:
    if is_new:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child, ignore_errors=True)
        else:
            child.unlink(missing_ok=True)


def _store_failed(path: Path, error: OSError) -> StoreFailed:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFailed(f"There is not enough disk space to unpack {path.name}.", cure="Free some space, try again.")
    reason = f"{os.strerror(error.errno)}." if error.errno else ""
    return StoreFailed(f"{path.name} could not be unpacked.", cause=reason, cure="Check the disk, try again.")


def _adopt(path: Path, folder: Path) -> Unpacked:
    target = folder / path.name
    try:
        os.link(path.resolve(), target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(path, target)
    return Unpacked(files=(path.name,), ignored=(), bytes=target.stat().st_size)


def _unzip(path: Path, folder: Path, limits: Limits) -> Unpacked:
    listing = list_members(path, limits)
    total = sum(member.size for member in listing.members)
    if total + _SPARE > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    names = sorted(member.name for member in listing.members)
    for parent in sorted({name.rpartition("/")[0] for name in names}.union(listing.folders)):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _extract_all(_Extraction(source, path.name, folder), listing.members)
    finally:
        os.close(source)
    return Unpacked(files=tuple(names), ignored=listing.ignored, bytes=total)


def _extract_all(extraction: _Extraction, members: tuple[Member, ...]) -> None:
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        try:
            tasks = [pool.submit(extraction.extract, share) for share in _shares(members)]
            done, _ = wait(tasks, return_when=FIRST_EXCEPTION)
        finally:
            extraction.stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
    _raise_first(done)


def _raise_first(done: Iterable[Future[None]]) -> None:
    for task in done:
        if (error := task.exception()) is not None:
            raise error


def _shares(members: tuple[Member, ...]) -> Iterator[list[Member]]:
    """Neighbours, so many at a time that neither hand-over nor waiting for the last one costs much."""
    share: list[Member] = []
    weight = 0
    for member in members:
        share.append(member)
        weight += member.size + _CHUNK // 64
        if weight > 4 * _CHUNK:
            yield share
            share, weight = [], 0
    if share:
        yield share


class _Extraction:
    """Writes members of one archive into one folder; any number of threads may extract at a time."""

    def __init__(self, source: int, archive: str, folder: Path) -> None:
        self._source, self._archive, self._folder = source, archive, str(folder)
        self.stopped = threading.Event()

    def extract(self, share: list[Member]) -> None:
        for member in share:
            if self.stopped.is_set():
                return
            target = os.open(f"{self._folder}/{member.name}", _NEW, 0o644)
            try:
                self._write(member, target)
            except BaseException:
                self.stopped.set()
                raise
            finally:
                os.close(target)

    def _write(self, member: Member, target: int) -> None:
        written, crc = 0, 0
        for chunk in self._chunks(member):
            written += len(chunk)
            if written > member.size:
                what = f"{self._archive} holds {member.name}, which unpacks to more than it says."
                raise DataRejected(what, cure="Make the ZIP again.", code="archive-bomb")
            crc = zlib.crc32(chunk, crc)
            view = memoryview(chunk)
            while view:
                view = view[os.write(target, view) :]
            if self.stopped.is_set():
                return
        if written != member.size or crc != member.crc:
            raise self._damaged(member)

    def _chunks(self, member: Member) -> Iterator[bytes]:
        """The member's bytes, a MiB at most at a time."""
        packed = self._packed(member)
        if member.method == 0:
            yield from packed
            return
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for piece in packed:
                rest = piece
                while rest and not inflater.eof:
                    yield inflater.decompress(rest, _CHUNK)
                    rest = inflater.unconsumed_tail
            # What zlib still holds back is counted, too: asking without a bound could fill the memory.
            while not inflater.eof and (chunk := inflater.decompress(b"", _CHUNK)):
                yield chunk
        except zlib.error:
            raise self._damaged(member) from None

    def _packed(self, member: Member) -> Iterator[bytes]:
        # One read fetches most small members whole, together with their header, whose extra field is rarely long.
        at = member.offset
        head = os.pread(self._source, min(_CHUNK, _HEADER + len(member.name) * 4 + 64 + member.packed), at)
        if len(head) < _HEADER or not head.startswith(b"PK\x03\x04"):
            raise self._damaged(member)
        start = _HEADER + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        first = head[start : start + member.packed]
        yield first
        at, left = at + start + len(first), member.packed - len(first)
        while left:
            piece = os.pread(self._source, min(_CHUNK, left), at)
            if not piece:
                raise self._damaged(member)
            yield piece
            at, left = at + len(piece), left - len(piece)

    def _damaged(self, member: Member) -> DataRejected:
        what = f"{self._archive} is damaged at {member.name}."
        return DataRejected(what, cure="Make the ZIP again, or upload it again.", code="archive-damaged")
