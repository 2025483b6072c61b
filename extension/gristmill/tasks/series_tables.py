"""From a dataset's files to series: one frame of all rows, wide tables turned long, moments read.

What a dataset's tables are as they stand is for the profile to say; here they are looked at as series, and only what
cannot be read from them as they are is written anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill import records
from gristmill.errors import DataRejected
from gristmill.records import Notice, Profile, Role, Severity, Table, TableForm
from gristmill.tasks import series
from gristmill.tasks.base import Listing
from gristmill.tasks.frames import typed_as
from gristmill.tasks.series import Facts

if TYPE_CHECKING:
    from pandas import DataFrame, Series

__all__ = ["arranged", "tables_of"]

_MOST_BYTES = 400 << 20  # of tables that are looked through for series
_MOST_COLUMNS = 20_000
_MOST_FILES = 2_000
_HEAD = 1_000  # rows by which most tables are told to be none


def arranged(folder: Path, files: Sequence[str]) -> Listing | None:
    """What the files are as series; None where they are none."""
    import numpy as np

    found = _read(folder, files)
    if found is None:
        return None
    rows, form, sizes = found
    shape = series.shape_of(rows)
    rows = series.melted(rows, shape)
    panel, is_made = series.find(rows), False
    if panel is None and shape.kind == "long" and len(sizes) > 1 and "series" not in rows.columns:
        rows = rows.assign(series=np.repeat([Path(path).stem for path in sizes], list(sizes.values())))
        panel = series.find(rows)
        panel, is_made = panel if panel is not None and panel.items == ("series",) else None, True
    if panel is None:
        return None
    zones = _zones(folder, list(sizes), form, panel.time)
    kind = rows[panel.time].dtype.kind
    is_made = is_made or shape.kind != "long" or kind not in "Mi" or (kind == "i" and panel.written != "%Y")
    moments = series.moments_of(rows[panel.time])
    strays = _strays(rows[panel.time], moments, sizes, form) if shape.kind == "long" else ()
    rows = rows.assign(**{panel.time: moments})[moments.notna()]
    facts = Facts.of(rows, panel, shape, records.encode(form).decode())
    if facts.again >= 0 and shape.kind in ("long", "parts"):
        facts = replace(facts, twice=f"{facts.twice} in {_line(facts.again, sizes, form)}")
    if len(zones) > 1 and ("" in zones or not panel.is_regular or panel.duplicates):
        raise _mixed_zones(panel.time, zones)
    notices = (*strays, *_several_offsets(panel.time, zones))
    if not is_made:
        return Listing(rows=None, likelihood=0.5, notices=notices, facts=facts.written())
    rows = rows.sort_values([*panel.items, panel.time], kind="stable")
    return Listing(rows=rows.reset_index(drop=True), likelihood=0.5, notices=notices, facts=facts.written())


def tables_of(profile: Profile) -> list[Table]:
    """All tables that hold series: one that is called a test merely has the later rows."""
    form = profile.main.form
    return [table if table.role is Role.TRAIN else typed_as(table, form)
            for table in profile.tables if table.role is not Role.OTHER]  # fmt: skip


def _read(folder: Path, files: Sequence[str]) -> tuple[DataFrame, TableForm, dict[str, int]] | None:
    """The rows of all tables, how they are written, and how many are in each file; None where they are no series."""
    import pandas as pd

    from gristmill.tables import is_table, read, sniff

    paths = [file for file in files if is_table(folder / file)]
    if not paths or len(paths) > _MOST_FILES or sum((folder / path).stat().st_size for path in paths) > _MOST_BYTES:
        return None
    try:
        forms = {path: sniff(folder / path) for path in paths}
        names = set(forms[paths[0]].names)
        if any(set(form.names) != names for form in forms.values()) or len(names) > _MOST_COLUMNS:
            return None
        if not series.may_be_series(read(folder / paths[0], forms[paths[0]], rows=_HEAD)):
            return None
        frames = [read(folder / path, forms[path]) for path in paths]
    except DataRejected:
        return None  # whoever reads the files as tables says what is wrong with them
    rows = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return rows, forms[paths[0]], {path: len(frame) for path, frame in zip(paths, frames, strict=True)}


def _zones(folder: Path, paths: Sequence[str], form: TableForm, time: str) -> dict[str, str]:
    """The offsets from UTC that the moments are written with, "" for those with none; each with where it is first."""
    from gristmill.tables import read

    if form.format != "csv" or form.dates.get(time) != "ISO8601":
        return {}
    plain = replace(form, dates={name: way for name, way in form.dates.items() if name != time})
    zones: dict[str, str] = {}
    for path in paths[:20]:
        words = read(folder / path, plain, columns=[time])[time].astype("string")
        found = words.dropna().str.extract(r":\d\d(?:[.,]\d+)? ?(Z|UTC|[+-]\d\d:?(?:\d\d)?)$")[0].fillna("")
        for at, zone in found.drop_duplicates().items():
            zones.setdefault("Z" if zone == "UTC" else str(zone), _line(int(str(at)), {path: len(words)}, form))
    return zones


def _strays(words: Series, moments: Series, sizes: dict[str, int], form: TableForm) -> tuple[Notice, ...]:
    """What is said of words that are no moments in a column of them."""
    wrong = words[words.notna() & moments.isna()]
    if not len(wrong):
        return ()
    count = "A row is" if len(wrong) == 1 else f"{len(wrong):,} rows are"
    return (
        Notice(
            code="stray-moments",
            message=f"{count} left out, for '{words.name}' holds no moment there: the first is "
            f"{str(wrong.iloc[0])[:40]!r} in {_line(int(str(wrong.index[0])), sizes, form)}.",
            severity=Severity.WARNING,
            cure="Correct it.",
            column=str(words.name),
        ),
    )


def _line(row: int, sizes: dict[str, int], form: TableForm) -> str:
    """Where a row stands that has this number among those of all files."""
    for path, size in sizes.items():
        if row < size:
            line = row + 1 + form.skip + form.header
            return f"line {line:,} of {path}" if form.format == "csv" else f"row {row + 1:,} of {path}"
        row -= size
    raise ValueError(f"there are no more than {sum(sizes.values())} rows")


def _several_offsets(time: str, zones: dict[str, str]) -> tuple[Notice, ...]:
    """What is said of moments that are evenly spaced in UTC, though written with several offsets from it."""
    if len(zones) < 2:
        return ()
    return (
        Notice(
            code="offsets",
            message=f"The moments in '{time}' are written with several offsets from UTC: {_named(zones)}. "
            "All are taken as moments in UTC, in which they follow one another evenly.",
            column=time,
        ),
    )


def _named(zones: dict[str, str]) -> str:
    return ", ".join(f"{zone or 'none'} from {where}" for zone, where in list(zones.items())[:4])


def _mixed_zones(time: str, zones: dict[str, str]) -> DataRejected:
    return DataRejected(
        f"The moments in '{time}' are written in different time zones: {_named(zones)}.",
        cure="Write all of them in one zone, best in UTC.",
        code="mixed-zones",
    )
