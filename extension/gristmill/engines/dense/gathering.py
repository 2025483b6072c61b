"""The pictures that a prediction is asked for: of a folder, a ZIP, one picture, or a list of them."""

from __future__ import annotations

import csv
import shutil
import zipfile
from pathlib import Path, PurePosixPath

from ...pictures import is_picture

__all__ = ["collect"]

_MOST_BYTES = 200_000_000  # of one picture in a ZIP, unpacked


def collect(data: Path, scratch: Path) -> dict[str, Path]:
    """The pictures by the name that each shall be known by."""
    if data.is_dir():
        found = {path.relative_to(data).as_posix(): path for path in sorted(data.rglob("*")) if path.is_file()}
        return {name: path for name, path in found.items() if is_picture(name) and not _hidden(name)}
    if is_picture(data):
        return {data.name: data}
    if zipfile.is_zipfile(data):
        return _unpack(data, scratch)
    return _listed(data)


def _unpack(data: Path, scratch: Path) -> dict[str, Path]:
    """The pictures of a ZIP, each in a file of our own naming: no name in it can lead anywhere."""
    scratch.mkdir()
    found = {}
    with zipfile.ZipFile(data) as archive:
        for number, member in enumerate(archive.infolist()):
            name = "/".join(
                part for part in member.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")
            )
            if member.is_dir() or not is_picture(name) or _hidden(name):
                continue
            if member.file_size > _MOST_BYTES:
                raise ValueError(f"{name} in {data.name} is larger than {_MOST_BYTES // 1_000_000} MB.")
            path = scratch / f"{number}{PurePosixPath(name).suffix}"
            with archive.open(member) as packed, path.open("wb") as file:
                shutil.copyfileobj(packed, file)
            found[name] = path
    return found


def _listed(data: Path) -> dict[str, Path]:
    """The pictures that a list names, by paths from the list's own folder."""
    if data.suffix.lower() not in (".txt", ".csv"):
        raise ValueError(f"{data.name} is neither a folder, a ZIP, a picture nor a list (.txt, .csv) of pictures.")
    with data.open(encoding="utf-8-sig", newline="") as file:
        cells = [next((cell.strip() for cell in row if is_picture(cell.strip())), "") for row in csv.reader(file)]
    paths = [Path(cell) for cell in cells if cell]
    found = {path.name if path.is_absolute() else path.as_posix(): data.parent / path for path in paths}
    missing = [name for name, path in found.items() if not path.is_file()]
    if missing:
        raise ValueError(f"{data.name} names {missing[0]}, which is not there.")
    return found


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
