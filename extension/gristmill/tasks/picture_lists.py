"""Pictures and what is known about them as one table, from a list: a table with their paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.pictures import Look, is_picture
from gristmill.records import ColumnKind, Notice, Severity
from gristmill.tasks.base import Listing
from gristmill.tasks.picture_listing import BROKEN, counted, facts, looked_over, some, these

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["from_list"]

_MASKED = ("mask", "label", "annot", "seg", "truth")  # of which a column of pictures holds no photographs
_BOXES = frozenset(
    {"xmin", "ymin", "xmax", "ymax", "x1", "y1", "x2", "y2", "bbox", "box", "boxes", "left", "top", "right", "bottom",
     "x_min", "y_min"}
)  # fmt: skip


def from_list(folder: Path, files: Sequence[str]) -> Listing | None:
    """The listing that a table of paths and labels makes; None where no table names the pictures."""
    from gristmill.tables import is_table

    found = [file for file in files if is_picture(file)]
    tables = [file for file in files if is_table(folder / file)] if found else []
    lists = [one for file in tables[:20] if (one := _read_list(folder, file, found)) is not None]
    most = max((len(one.further) for one in lists), default=0)
    lists = [one for one in lists if len(one.further) == most]
    if not lists:
        return None
    train = [one for one in lists if not one.holds_out] or lists
    test = [one for one in lists if one.holds_out and one not in train and set(train[0].columns) <= set(one.columns)]
    column = train[0].column
    parts, notices = [], []
    for group in (train, test):
        frames = [one.renamed(column) for one in group if set(train[0].columns) <= set(one.renamed(column).columns)]
        parts.append(_joined(frames, train[0].columns))
    for one in [*train, *test]:
        notices += one.notices()
    columns = (column, *train[0].further)
    listed = dict.fromkeys(
        path for part in parts if part is not None for name in columns for path in part[name] if isinstance(path, str)
    )
    looks, broken = looked_over(folder, list(listed))
    left = sorted(set(found) - set(listed))
    if left:
        notices.append(
            Notice(
                code="pictures-unlisted",
                message=f"{these(len(left), 'picture')} in no row of {train[0].path}, and not used: {some(left)}.",
                severity=Severity.WARNING if len(left) > BROKEN * len(found) else Severity.INFO,
            )
        )
    sound = [None if part is None else _with_all(part, columns, looks) for part in parts]
    if sound[0] is None:
        return None
    return Listing(
        rows=sound[0],
        test=sound[1],
        kinds=dict.fromkeys(columns, ColumnKind.PICTURE),
        notices=(*notices, *broken),
        facts=facts(column, looks.values()),
        likelihood=0.8,
    )


@dataclass(frozen=True, kw_only=True)
class _List:
    """A table that names pictures in `column`; `rows` holds those it could find, under their paths in the archive.

    There may be `further` columns of pictures, in which a row may also have none.
    """

    path: str
    column: str
    further: tuple[str, ...]
    rows: DataFrame
    missing: tuple[tuple[int, str], ...]  # line and value of what is not there
    many: int

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self.rows.columns]

    @property
    def holds_out(self) -> bool:
        return any(word in PurePosixPath(self.path).stem.lower() for word in ("test", "eval", "holdout"))

    def renamed(self, column: str) -> DataFrame:
        return self.rows.rename(columns={self.column: column})

    def notices(self) -> list[Notice]:
        """What is not there, named; DataRejected where that is too much."""
        if not self.missing:
            return []
        line, value = self.missing[0]
        one = len(self.missing) == 1
        message = (
            f"{self.path} names {counted(len(self.missing), 'picture')} that {'is' if one else 'are'} not in the "
            f"archive, such as '{value}' in line {line:,}"
        )
        if len(self.missing) > BROKEN * self.many:
            raise DataRejected(
                f"{message}.",
                cure="Pack the pictures with the list, with their paths as the list has them.",
                code="pictures-missing",
            )
        return [Notice(code="pictures-missing", message=f"{message}; left out.", severity=Severity.WARNING)]


def _read_list(folder: Path, file: str, found: Sequence[str]) -> _List | None:
    from gristmill.tables import read, sniff

    try:
        form = sniff(folder / file)
        rows = read(folder / file, form)
    except DataRejected:
        return None
    places = _places(found)
    near = str(PurePosixPath(file).parent)
    matched = {}
    for name in rows.columns:
        values = [str(value) for value in rows[name]]
        sample = values[:: max(1, len(values) // 200)][:200]
        if sample and sum(_find(value, near, places) is not None for value in sample) > 0.5 * len(sample):
            matched[str(name)] = values
    if len(matched) > 1:  # numbers, too, may be names of pictures without their ending: paths go before them
        matched = {name: values for name, values in matched.items() if sum(map(is_picture, values)) > 0.5 * len(values)}
    words = {str(name).lower() for name in rows.columns}
    if not matched or len(rows.columns) <= len(matched) or len(words & _BOXES) > 1 or "bbox" in words:
        return None  # pictures alone are a picture and its mask; with boxes they are another task's
    if len(matched) > 1 and any(word in name.lower() for word in _MASKED for name in matched):
        return None
    column, *further = matched
    first = form.skip + 1 + form.header
    missing: dict[int, tuple[int, str]] = {}
    for name, values in matched.items():
        rows[name] = paths = [_find(value, near, places) for value in values]
        for row, (value, path) in enumerate(zip(values, paths, strict=True)):
            if path is None and (name == column or value.strip() not in ("", "nan", "None")):
                missing.setdefault(row, (first + row, value))
    kept = rows.drop(index=[rows.index[row] for row in missing]).reset_index(drop=True)
    return _List(
        path=file, column=column, further=tuple(further), rows=kept, missing=tuple(missing.values()), many=len(rows)
    )


def _places(found: Sequence[str]) -> dict[str, str | None]:
    """Pictures by every name that a list may use for them; None for a name that two of them share."""
    places: dict[str, str | None] = {}
    for file in found:
        path = PurePosixPath(file)
        for start in range(len(path.parts)):
            tail = PurePosixPath(*path.parts[start:])
            for name in (str(tail), str(tail.with_suffix(""))):
                places[name] = file if places.get(name, file) == file else None
    return places | {file: file for file in found}


def _find(value: str, near: str, places: dict[str, str | None]) -> str | None:
    name = value.strip().replace("\\", "/").removeprefix("./").lstrip("/")
    if not name:
        return None
    beside = str(PurePosixPath(near) / name)
    return places.get(beside) or places.get(name) or places.get(PurePosixPath(name).name)


def _with_all(rows: DataFrame, columns: Sequence[str], looks: dict[str, Look]) -> DataFrame:
    """The rows all of whose pictures can be used."""
    broken = [rows[name].notna() & ~rows[name].isin(list(looks)) for name in columns]
    return rows[~reduce(or_, broken)].reset_index(drop=True)


def _joined(frames: Sequence[DataFrame], columns: Sequence[str]) -> DataFrame | None:
    import pandas as pd

    return pd.concat([frame[list(columns)] for frame in frames], ignore_index=True) if frames else None
