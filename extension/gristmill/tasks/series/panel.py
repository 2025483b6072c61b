"""Which columns of a table make it a panel: the one that tells the time, and those that name an item.

An item's columns are those by which no moment comes twice. Where several would do, the one wins by which the rows are
spaced most evenly: that is what sets series apart from a table of events that happen to have a date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .spacing import Spacing, spacing_of
from .steps import Step

_NAMING = re.compile(
    r"(id|item|series|sku|store|shop|product|region|country|state|city|site|station|sensor|name|key)", re.I
)
_YEAR = re.compile(r"^(year|jahr|ann[eé]e|a[nñ]o|anno)$", re.I)
_WRITTEN = ("%Y-%m", "%Y/%m", "%Y.%m", "%m/%Y", "%m.%Y", "%b %Y", "%b-%Y", "%B %Y", "%b-%y", "%Y-%m-%d %H", "%Y%m")
_WEEK = re.compile(r"\d{4}-?W\d\d")
_QUARTER = re.compile(r"\d{4}[- ]?Q[1-4]")
_QUARTER_FIRST = re.compile(r"Q[1-4][-/ ]?\d{4}")
_TWICE = 0.2  # the share of rows that may repeat a moment of their item, in a table that still is a panel
_LEAST = 8  # rows that an item has on average
_MOST_COLUMNS = 8  # that are tried as names of items


@dataclass(frozen=True)
class Panel:
    """A table of series: the columns that name an item (none where there is one series), the time, and the step."""

    items: tuple[str, ...]
    time: str
    step: Step
    is_regular: bool = True
    duplicates: int = 0  # rows that repeat a moment of their item


def find(rows: Any, time: str | None = None) -> Panel | None:
    """The panel that `rows` are, or None; `time` names the column that tells the time, where that is settled."""
    names = [time] if time else times_of(rows)
    best: tuple[float, Panel] | None = None
    for name in names[:3]:
        for found in _panels(rows[rows[name].notna()], name):
            if best is None or found[0] > best[0] + 1e-9:
                best = found
    return None if best is None else best[1]


def times_of(rows: Any) -> list[str]:
    """The columns that could tell the time: moments, else numbers called year, else words that read as moments."""
    moments = [name for name in rows.columns if rows[name].dtype.kind == "M"]
    return moments or _years(rows) or [name for name in rows.columns if _reads_as_moments(rows[name])]


def moments_of(values: Any) -> Any:
    """The values of a column that tells the time, as moments: a year, month or week stands for its first day."""
    import pandas as pd

    if values.dtype.kind == "M":
        return values
    words = values.astype("Int64").astype("string") if values.dtype.kind in "iuf" else values.astype("string")
    present = words.dropna()
    if values.dtype.kind in "iuf":
        return pd.to_datetime(
            words, format="%Y%m" if len(present) and len(present.iloc[0]) == 6 else "%Y", errors="coerce"
        )
    if present.str.fullmatch(_QUARTER_FIRST).all():
        words = words.str.replace(r"(Q\d)\D?(\d{4})", r"\2\1", regex=True)
        present = words.dropna()
    if present.str.fullmatch(_QUARTER).all():
        quarters = pd.PeriodIndex(words.str.replace("[- ]", "", regex=True), freq="Q")
        return pd.Series(quarters.to_timestamp(), index=values.index, name=values.name)
    if present.str.fullmatch(_WEEK).all():
        return pd.to_datetime(words.str.replace("-", "").add("-1"), format="%GW%V-%u", errors="coerce")
    for form in _WRITTEN:
        found = pd.to_datetime(words, format=form, errors="coerce")
        if found.notna().sum() == len(present):
            return found
    return pd.to_datetime(words, errors="coerce", format="mixed")


def _reads_as_moments(values: Any) -> bool:
    """Whether the first words of a column are moments, in one of the ways that sniffing leaves as words."""
    if values.dtype.kind not in "OTU" and str(values.dtype) not in ("string", "str"):
        return False
    some = values.dropna().head(200).astype("string")
    if not len(some) or not some.str.contains(r"\d{2}").all() or some.str.len().max() > 20:
        return False
    import pandas as pd

    if any(bool(some.str.fullmatch(form).all()) for form in (_QUARTER, _QUARTER_FIRST, _WEEK)):
        return True
    return any(bool(pd.to_datetime(some, format=form, errors="coerce").notna().all()) for form in _WRITTEN)


def _years(rows: Any) -> list[str]:
    def are_years(values: Any) -> bool:
        return bool(values.dtype.kind == "i" and len(values) and values.min() >= 1500 and values.max() <= 2200)

    return [name for name in rows.columns if _YEAR.match(str(name)) and are_years(rows[name])]


def _panels(rows: Any, time: str) -> list[tuple[float, Panel]]:
    """The panels that this column could be the time of, each with how much speaks for it."""
    moments = moments_of(rows[time])
    if len(rows) < _LEAST:
        return []
    if moments.duplicated().mean() <= _TWICE:
        alone = _judged(rows, (), moments)
        if alone is not None:
            return [alone]
    columns = [name for name in rows.columns if name != time and _may_name(rows[name])]
    columns = sorted(columns, key=lambda name: not _NAMING.search(str(name)))[:_MOST_COLUMNS]
    for several in (1, 2, 3):
        found = [_judged(rows, names, moments) for names in combinations(columns, several)]
        good = [one for one in found if one is not None]
        if good:
            return good
    return []


def _may_name(values: Any) -> bool:
    if values.dtype.kind not in "OiubT" and str(values.dtype) not in ("string", "str", "category"):
        return False
    return bool(2 <= values.nunique() <= len(values) / _LEAST)


def _judged(rows: Any, items: tuple[str, ...], moments: Any) -> tuple[float, Panel] | None:
    import numpy as np
    import pandas as pd

    codes = rows.groupby(list(items), sort=False, dropna=False).ngroup().to_numpy() if items else np.zeros(len(rows))
    twice = pd.DataFrame({"item": codes, "at": moments.to_numpy()}).duplicated().to_numpy()
    if twice.mean() > _TWICE or len(rows) / (codes.max() + 1) < _LEAST:
        return None
    spacing = spacing_of(codes[~twice], moments[~twice])
    if spacing is None:
        return None
    panel = Panel(items, str(moments.name), spacing.step, spacing.is_regular, int(twice.sum()))
    return _promise(spacing, panel, float(twice.mean())), panel


def _promise(spacing: Spacing, panel: Panel, twice: float) -> float:
    named = 0.01 * any(_NAMING.search(str(name)) for name in panel.items)
    return spacing.evenness + 0.5 * spacing.is_regular - 2.0 * twice + named
