"""A folder as a ZIP, made while it is sent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["zipped"]

_CHUNK = 1 << 20


class _Outgoing(io.RawIOBase):
    """What the archive writes, until it is taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(data)  # type: ignore[call-overload]
        self._held += chunk
        return len(chunk)

    def taken(self) -> bytes:
        """What was written since it was asked last."""
        chunk = bytes(self._held)
        self._held.clear()
        return chunk


def zipped(folder: Path) -> Iterator[bytes]:
    """The archive's bytes, in pieces of about a megabyte."""
    outgoing = _Outgoing()
    with zipfile.ZipFile(outgoing, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            about = zipfile.ZipInfo.from_file(path, path.relative_to(folder).as_posix(), strict_timestamps=False)
            about.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as file, archive.open(about, "w") as entry:
                while chunk := file.read(_CHUNK):
                    entry.write(chunk)
                    yield outgoing.taken()
    yield outgoing.taken()
