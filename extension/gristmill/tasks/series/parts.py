"""Moments that are spread over columns: year and month, year, month and day, a date and its hour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_NAMES = {
    "year": re.compile(r"(year|yr|jahr|ann[eé]e|a[nñ]o|anno)", re.I),
    "month": re.compile(r"(month|mon|mnth|monat|mois|mes|mese)", re.I),
    "day": re.compile(r"(day|tag|jour|d[ií]a|giorno)", re.I),
    "hour": re.compile(r"(hour|hr|stunde|heure|hora|ora)", re.I),
}
_BOUNDS = {"year": (1500, 2200), "month": (1, 12), "day": (1, 31), "hour": (0, 24)}
_MOST_HOURS = 12  # distinct ones from which a column of hours is one


def parts_of(rows: Any) -> tuple[str, ...]:
    """The columns that together tell the time, from the longest part to the shortest; none where one column does."""
    found = {part: name for part in _NAMES for name in rows.columns if _is(rows[name], str(name), part)}
    dates = [str(name) for name in rows.columns if rows[name].dtype.kind == "M"]
    if not dates and {"year", "month"} <= found.keys():
        return tuple(found[part] for part in ("year", "month", "day", "hour") if part in found)
    if len(dates) == 1 and "hour" in found and rows[found["hour"]].nunique() >= _MOST_HOURS:
        days = rows[dates[0]].dropna()
        if len(days) and bool((days == days.dt.normalize()).all()):
            return dates[0], found["hour"]
    return ()


def joined(rows: Any, parts: Sequence[str]) -> Any:
    """The moments that the parts make."""
    import pandas as pd

    first, *rest = (rows[name] for name in parts)
    if first.dtype.kind == "M":
        return first + pd.to_timedelta(rest[0], "h")
    names = ("year", "month", "day", "hour")
    columns = dict(zip(names, (first, *rest), strict=False))
    return pd.to_datetime(pd.DataFrame({"day": 1} | columns), errors="coerce")


def parted(moments: Any, parts: Sequence[str]) -> dict[str, Any]:
    """The parts of moments, by the columns' names."""
    kinds = [next((part for part, name in _NAMES.items() if name.fullmatch(column)), "") for column in parts]
    return {
        column: getattr(moments.dt, kind) if kind else moments.dt.normalize()
        for column, kind in zip(parts, kinds, strict=True)
    }


def _is(values: Any, name: str, part: str) -> bool:
    if not _NAMES[part].fullmatch(name.strip()) or values.dtype.kind != "i" or not len(values):
        return False
    low, high = _BOUNDS[part]
    return bool(values.min() >= low and values.max() <= high)
