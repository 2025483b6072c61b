"""What a ZIP says it holds, read from its central directory and judged before a byte is unpacked.

Python's zipfile builds an object of half a kilobyte for each entry before anyone can count them, and takes the lengths
and names as they come. Here the directory is walked once, in a buffer of bounded size, and the first entry that is not
acceptable ends the walk. What the directory says about sizes is only a promise; unpacking counts again.
"""

from __future__ import annotations

import os
import stat
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gristmill.errors import DataRejected

__all__ = ["Limits", "Listing", "Member", "list_members"]

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_IS_ENCRYPTED, _IS_UTF8 = 0x1, 0x800
_JUNK = frozenset({".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", ".localized"})
_NESTED = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".lz4")
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How large an archive may be; sizes are bytes after unpacking."""

    entries: int = 150_000
    total: int = 200 << 30
    entry: int = 100 << 30
    ratio: int = 200  # unpacked to packed, of the whole archive
    harmless: int = 32 << 20  # an archive that unpacks to no more may have any ratio
    path: int = 1000  # bytes of UTF-8
    depth: int = 30  # folders around a file


class Member(NamedTuple):
    """A file in the archive."""

    name: str  # relative to the folder, with forward slashes
    method: int  # 0 stored, 8 deflated
    crc: int
    packed: int
    size: int
    offset: int  # of its local header


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The files of an archive, in the order of their bytes, and the names of those left out as junk."""

    members: tuple[Member, ...]
    ignored: tuple[str, ...]
    folders: tuple[str, ...] = ()  # those that the archive names: one without files says something, too


def list_members(path: Path, limits: Limits) -> Listing:
    """All members, each acceptable by itself and all together; DataRejected otherwise."""
    members: list[Member] = []
    ignored: list[str] = []
    folders: set[str] = set()
    taken: set[str] = set()
    with path.open("rb") as file:
        directory, start, prefix = _directory(file, path.name, limits)
    for raw, member in _entries(directory, path.name, limits):
        parts = _parts(raw, path.name, limits)
        if raw.endswith(("/", "\\")):
            folders |= {"/".join(parts)} if parts and parts[0] not in _JUNK and parts[0] != "__MACOSX" else set()
            continue
        if not parts:  # a file that is called "."
            ignored.append(raw)
            continue
        name = "/".join(parts)
        if parts[0] == "__MACOSX" or parts[-1] in _JUNK or parts[-1].startswith("._"):
            ignored.append(name)
            continue
        if name in taken:
            raise _rejected("archive-duplicate", f"{path.name} holds {name} twice", "Keep one of the two.")
        taken.add(name)
        members.append(_acceptable(member._replace(name=name, offset=member.offset + prefix), path.name, limits))
    _check_whole(path, members, taken, start, limits)
    return Listing(
        members=tuple(sorted(members, key=lambda member: member.offset)),
        ignored=tuple(sorted(ignored)),
        folders=tuple(sorted(folder for folder in folders if taken.isdisjoint(_upwards(folder)))),
    )


def _upwards(folder: str) -> list[str]:
    """A folder's path and those of all above it."""
    parts = folder.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _rejected(code: str, what: str, cure: str) -> DataRejected:
    return DataRejected(f"{what}.", cure=cure, code=code)


def _directory(file: BinaryIO, name: str, limits: Limits) -> tuple[bytes, int, int]:
    """The central directory, where it starts, and by how many foreign bytes at the front all offsets are shifted."""
    end_of_file = file.seek(0, os.SEEK_END)
    file.seek(max(0, end_of_file - _END.size - 0xFFFF))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise _rejected("archive-truncated", f"{name} is cut off: the archive's end is missing", "Upload it again.")
    _, disk, _, _, count, size, offset, _ = _END.unpack_from(tail, at)
    end = end_of_file - len(tail) + at
    if disk not in (0, 0xFFFF):
        raise _rejected("archive-split", f"{name} is one part of a split archive", "Join the parts into one ZIP.")
    if at >= _LOCATOR64.size and tail.startswith(b"PK\x06\x07", at - _LOCATOR64.size):
        file.seek(min(_LOCATOR64.unpack_from(tail, at - _LOCATOR64.size)[2], end_of_file))
        record = file.read(_END64.size)
        if len(record) < _END64.size or not record.startswith(b"PK\x06\x06"):
            raise _damaged(name)
        count, size, offset = _END64.unpack(record)[7:]
        end -= _LOCATOR64.size + _END64.size
    start = end - size
    # The count may lie, so the directory's own size is bounded, too: no honest entry is longer than this on average.
    if count > limits.entries or size > limits.entries * (_ENTRY.size + 400):
        raise _too_many(name, limits)
    if start < offset:
        raise _damaged(name)
    file.seek(start)
    return file.read(size), start, start - offset


def _damaged(name: str) -> DataRejected:
    return _rejected("archive-damaged", f"{name} is damaged", "Make the ZIP again, or upload it again.")


def _too_many(name: str, limits: Limits) -> DataRejected:
    what = f"{name} holds more than {limits.entries:,} entries"
    return _rejected("archive-too-many", what, "Put the rows of many small files together into a few larger ones.")


def _entries(directory: bytes, archive: str, limits: Limits) -> Iterator[tuple[str, Member]]:
    """Each entry with its name as it is written there, links and devices refused."""
    at, count = 0, 0
    while at < len(directory):
        if len(directory) - at < _ENTRY.size or not directory.startswith(b"PK\x01\x02", at):
            raise _damaged(archive)
        fields = _ENTRY.unpack_from(directory, at)
        flags, method, crc, packed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
        name_size, extra_size, comment_size, attributes, offset = *fields[10:13], fields[15], fields[16]
        at += _ENTRY.size
        raw = directory[at : at + name_size]
        extra = directory[at + name_size : at + name_size + extra_size]
        at += name_size + extra_size + comment_size
        count += 1
        if count > limits.entries:
            raise _too_many(archive, limits)
        name = _decoded(raw, is_utf8=bool(flags & _IS_UTF8))
        kind = stat.S_IFMT(attributes >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            what = f"{archive} holds {_shown(name)}, a link or a device instead of a file"
            raise _rejected("archive-link", what, "Put the file itself into the ZIP.")
        if flags & _IS_ENCRYPTED:
            raise _rejected("archive-encrypted", f"{archive} is encrypted", "Make the ZIP again without a password.")
        if 0xFFFFFFFF in (packed, size, offset):
            size, packed, offset = _large(extra, [size, packed, offset], archive)
        yield name, Member(name, method, crc, packed, size, offset)


def _decoded(raw: bytes, *, is_utf8: bool) -> str:
    """A name in UTF-8, even where the flag for it was forgotten, as macOS does; else in the DOS encoding."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", errors="replace") if is_utf8 else raw.decode("cp437")


def _large(extra: bytes, values: list[int], archive: str) -> list[int]:
    """The numbers that did not fit into 32 bits, from the ZIP64 field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            numbers = iter(struct.unpack_from(f"<{length // 8}Q", extra[: at + 4 + length], at + 4))
            try:
                return [next(numbers) if value == 0xFFFFFFFF else value for value in values]
            except StopIteration:
                break
        at += 4 + length
    raise _damaged(archive)


def _shown(name: str) -> str:
    return ascii(name[:80])


def _parts(name: str, archive: str, limits: Limits) -> list[str]:
    """The folders and the file of a name; refused where they could lead out of the folder, or are too long."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    is_drive = len(plain) > 1 and plain[1] == ":" and plain[0].isalpha()
    if plain.startswith("/") or is_drive or ".." in parts or any(ord(sign) < 32 for sign in plain):
        what = f"{archive} holds an entry named {_shown(name)}, which leads out of the folder"
        raise _rejected("archive-slip", what, "Make the ZIP again with plain relative names.")
    if len(parts) > limits.depth + 1 or len(plain.encode()) > limits.path or any(len(p.encode()) > 255 for p in parts):
        what = f"{archive} holds an entry with too long a name, {_shown(name)}"
        raise _rejected("archive-path-too-long", what, "Give it a shorter name, in fewer folders.")
    return parts


def _acceptable(member: Member, archive: str, limits: Limits) -> Member:
    name = member.name
    if name.lower().endswith(_NESTED):
        what = f"{archive} holds another archive, {name}"
        raise _rejected("archive-nested", what, "Unpack that one first, and put its files into the ZIP.")
    if member.method not in (0, 8):
        method = _METHODS.get(member.method, f"method {member.method}")
        what = f"{archive} holds {name}, packed with {method}"
        raise _rejected("archive-method", what, "Make the ZIP again with the usual method, Deflate.")
    if member.size > limits.entry:
        what = f"{archive} holds {name}, which unpacks to more than {limits.entry:,} bytes"
        raise _rejected("archive-bomb", what, "Split it, or upload it as Parquet.")
    if member.method == 0 and member.packed != member.size:
        raise _damaged(archive)
    return member


def _check_whole(path: Path, members: list[Member], taken: set[str], end: int, limits: Limits) -> None:
    """What no single entry shows: too much together, bytes used twice, a file where a folder must be."""
    if not members:
        raise _rejected("archive-empty", f"{path.name} holds no files", "Put the data's files into the ZIP.")
    if "[Content_Types].xml" in taken:
        raise _rejected("unknown-format", f"{path.name} is an Office document", "Save its table as Excel or CSV.")
    total = sum(member.size for member in members)
    if total > limits.total or (total > limits.harmless and total > limits.ratio * path.stat().st_size):
        what = f"{path.name} would unpack to {total:,} bytes, too much for its {path.stat().st_size:,}"
        raise _rejected("archive-bomb", what, "Upload the file itself, or save it as Parquet.")
    reached = 0
    for member in sorted(members, key=lambda member: member.offset):
        if member.offset < reached:
            what = f"{path.name} uses the same bytes for {member.name} and another file"
            raise _rejected("archive-bomb", what, "Make the ZIP again.")
        reached = member.offset + 30 + member.packed
    if reached > end:
        raise _rejected("archive-truncated", f"{path.name} is cut off or damaged", "Upload it again.")
    folders = {folder for parent in {name.rpartition("/")[0] for name in taken} for folder in _and_above(parent)}
    for folder in folders & taken:
        what = f"{path.name} holds {folder} both as a file and as a folder"
        raise _rejected("archive-duplicate", what, "Rename one of the two.")


def _and_above(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
