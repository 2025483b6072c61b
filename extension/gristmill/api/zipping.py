"""A folder as a ZIP, made while it is sent."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from starlette.responses import Response, StreamingResponse

__all__ = ["as_zip", "zipped"]

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


def as_zip(home: Path, lay_out: Callable[[Path], Path], name: str) -> Response:
    """What `lay_out` puts into a new folder of `home`, sent as NAME.zip."""
    scratch = tempfile.TemporaryDirectory(dir=home, prefix="scratch-", ignore_cleanup_errors=True)
    try:
        laid_out = lay_out(Path(scratch.name) / "laid-out")
    except BaseException:
        scratch.cleanup()
        raise

    def chunks() -> Iterator[bytes]:
        with scratch:
            yield from zipped(laid_out)

    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return StreamingResponse(chunks(), headers=headers, media_type="application/zip")


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
