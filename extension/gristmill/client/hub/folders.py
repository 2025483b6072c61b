"""Folders on their way over the wire: packed, and unpacked where nothing may point out of them."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from gristmill.errors import StoreFailed, UsageError

__all__ = ["new_folder", "packed", "unpack"]


@contextmanager
def new_folder(to: Path) -> Iterator[Path]:
    """A folder beside `to` for what is on its way there; UsageError if `to` is taken."""
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} is there already and not empty.", cure="Name a folder that is not there yet.")
    to.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.absolute().parent) as scratch:
        yield Path(scratch)


def packed(folder: Path, to: Path) -> Path:
    """A folder's files as a ZIP; weights do not get smaller by packing."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        for file in sorted(folder.rglob("*")):
            inner = file.relative_to(folder)
            if file.is_file() and not any(part.startswith(".") for part in inner.parts):
                archive.write(file, inner)
    return to


def unpack(archive: Path, to: Path) -> None:
    """The files of a ZIP in the folder `to`; nothing in it may point out of there."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist():
                parts = PurePosixPath(member.filename).parts
                if member.filename.startswith("/") or ".." in parts or "\\" in member.filename:
                    raise StoreFailed("What the hub sent names files outside its folder.", cure="It is not unpacked.")
            opened.extractall(to)
    except zipfile.BadZipFile as error:
        raise StoreFailed("What the hub sent is no ZIP.", cure="Fetch it again.") from error
