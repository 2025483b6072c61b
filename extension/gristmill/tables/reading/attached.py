"""A table that comes with pictures, in a folder or a ZIP: which file is the table, and where its pictures lie."""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

__all__ = ["attached"]

_TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".xlsx", ".xls", ".ods")
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_LARGEST = 100_000_000  # bytes of one picture in a ZIP


@contextmanager
def attached(data: Path, *, alone: bool = False) -> Iterator[tuple[Path, Callable[[object], str | None]]]:
    """The table in `data`, or beside whose pictures `data` lies, and what finds the picture that a row names.

    A name may be written from the folder's root, from beside the table, or without folders. One that is not there, or
    cannot be opened, is told on stderr, and its row has no picture. With `alone`, no picture of a ZIP is unpacked.
    """
    with tempfile.TemporaryDirectory() as scratch:
        if data.is_dir():
            files = {path.relative_to(data).as_posix(): path for path in sorted(data.rglob("*")) if path.is_file()}
        elif zipfile.is_zipfile(data) and data.suffix.lower() == ".zip":
            files = _unpacked(data, Path(scratch), () if alone else _PICTURES)
        else:
            files = {path.relative_to(data.parent).as_posix(): path for path in sorted(data.parent.rglob("*"))
                     if path.suffix.lower() in _PICTURES}  # fmt: skip
            files[data.name] = data
        tables = [name for name in files if PurePosixPath(name).suffix.lower() in _TABLES]
        if data.is_file() and data.name in files:
            tables = [data.name]
        if len(tables) != 1:
            what = f"{len(tables)} tables" if tables else "no table"
            raise ValueError(f"{data.name} holds {what}: give one CSV, Parquet or Excel file, with its pictures.")
        yield files[tables[0]], _finder(files, str(PurePosixPath(tables[0]).parent), data.name)


def _unpacked(archive: Path, scratch: Path, pictures: tuple[str, ...]) -> dict[str, Path]:
    """The members of a ZIP by their names, under numbers: no name from inside it becomes a path."""
    files: dict[str, Path] = {}
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            name = member.filename
            suffix = PurePosixPath(name).suffix.lower()
            is_picture = suffix in pictures
            hidden = any(part.startswith(".") and part.strip(".") for part in name.split("/"))
            hidden = hidden or name.startswith("__MACOSX/")
            if member.is_dir() or hidden or not (is_picture or suffix in _TABLES):
                continue
            if is_picture and member.file_size > _LARGEST:
                raise ValueError(f"{name} in {archive.name} has more than {_LARGEST // 1_000_000} MB.")
            files[name] = scratch / f"{len(files)}{suffix}"
            with opened.open(member) as source, files[name].open("wb") as target:
                shutil.copyfileobj(source, target)
    return files


def _finder(files: dict[str, Path], near: str, where: str) -> Callable[[object], str | None]:
    places: dict[str, Path | None] = {}
    for name, path in files.items():
        parts = PurePosixPath(name).parts
        for start in range(len(parts)):
            tail = str(PurePosixPath(*parts[start:]))
            for known in (tail, str(PurePosixPath(tail).with_suffix(""))):
                places[known] = path if places.get(known, path) == path else None  # two of that name are none
    places |= files

    def find(value: object) -> str | None:
        name = value.strip().replace("\\", "/").removeprefix("./").lstrip("/") if isinstance(value, str) else ""
        if not name:
            return None
        beside = str(PurePosixPath(near) / name)
        path = places.get(beside) or places.get(name) or places.get(PurePosixPath(name).name)
        fault = _fault(path) if path is not None else f"is not in {where}"
        if path is not None and not fault:
            return str(path)
        print(f"No prediction from a picture: {name} {fault}. Its row is answered from the others.", file=sys.stderr)
        return None

    return find


def _fault(path: Path) -> str:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "cannot be opened"
    return ""
