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
_TIME = re.compile(r"(date|datum|day|month|monat|time|when|period|moment)", re.I)
_WRITTEN = (
    *("%Y-%m", "%Y/%m", "%Y.%m", "%m/%Y", "%m.%Y", "%b %Y", "%b-%Y", "%B %Y", "%b-%y", "%Y-%m-%d %H", "%Y%m"),
    *("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%A, %d %B %Y"),
)
_TURNED = (  # what is no moment for pandas, with how it becomes one
    (r"(\d{4})[- ]?Q([1-4])", r"\1Q\2"),
    (r"Q([1-4])[-/ ]?(\d{4})", r"\2Q\1"),
    (r"(\d{4})-?W(\d\d)", r"\1-W\2-1"),
    (r"(?:W|KW|CW) ?(\d\d)[-/. ](\d{4})", r"\2-W\1-1"),
)
_MOSTLY = 0.95  # of the words of a column of moments: the rest is mistakes
_TWICE = 0.2  # the share of rows that may repeat a moment of their item, in a table that still is a panel
_LEAST = 8  # rows that an item has on average
_FEWEST = 3  # and at least, where it is few rows that tell of it: one or two are a mistake
_MOST_COLUMNS = 8  # that are tried as names of items


@dataclass(frozen=True)
class Panel:
    """A table of series: the columns that name an item (none where there is one series), the time, and the step."""

    items: tuple[str, ...]
    time: str
    step: Step
    is_regular: bool = True
    duplicates: int = 0  # rows that repeat a moment of their item
    written: str = "%Y"  # how the time is written where it is written as a whole number


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
    """The columns that could tell the time: moments, else numbers such as 2024 or 20241231, else words that read so."""
    moments = [name for name in rows.columns if rows[name].dtype.kind == "M"]
    return moments or _numbers(rows) or [name for name in rows.columns if _reads_as_moments(rows[name])]


def moments_of(values: Any) -> Any:
    """The values of a column that tells the time, as moments: a year, month or week stands for its first day."""
    import pandas as pd

    if values.dtype.kind == "M":
        return values
    if values.dtype.kind in "iuf":
        words = values.astype("Int64").astype("string")
        return pd.to_datetime(words, format=written_in(values), errors="coerce")
    return _read(values.astype("string"))


def written_in(values: Any) -> str:
    """How whole numbers tell the time: 2024, 202412 or 20241231."""
    present = values.dropna()
    digits = len(str(int(present.iloc[0]))) if len(present) and values.dtype.kind in "iuf" else 4
    return {6: "%Y%m", 8: "%Y%m%d"}.get(digits, "%Y")


def _read(words: Any) -> Any:
    """Words as moments, in the way in which most of them can be read; those that cannot are missing."""
    import pandas as pd

    for form, turn in _TURNED:
        if words.dropna().str.fullmatch(form).mean() >= _MOSTLY:
            turned = words.where(words.str.fullmatch(form).fillna(False)).str.replace(form, turn, regex=True)
            if "W" in turn:
                return pd.to_datetime(turned, format="%G-W%V-%u", errors="coerce")
            quarters = pd.PeriodIndex(turned, freq="Q")
            return pd.Series(quarters.to_timestamp(), index=words.index, name=words.name)
    best, most = pd.to_datetime(words, errors="coerce", format="mixed"), 0
    for form in _WRITTEN:
        found = pd.to_datetime(words, format=form, errors="coerce")
        number = int(found.notna().sum())
        if number > most:
            best, most = found, number
        if number == words.notna().sum():
            break
    return best


def _reads_as_moments(values: Any) -> bool:
    """Whether the first words of a column are moments, but for a few, in a way that sniffing leaves as words."""
    if values.dtype.kind not in "OTU" and str(values.dtype) not in ("string", "str"):
        return False
    some = values.dropna().head(200).astype("string")
    if not len(some) or some.str.contains(r"\d{2}").mean() < _MOSTLY or some.str.len().median() > 30:
        return False
    import pandas as pd

    if any(some.str.fullmatch(form).mean() >= _MOSTLY for form, _ in _TURNED):
        return True
    return any(pd.to_datetime(some, format=form, errors="coerce").notna().mean() >= _MOSTLY for form in _WRITTEN)


def _numbers(rows: Any) -> list[str]:
    """The columns of whole numbers that are years by name, or that read as days or months throughout."""

    def tell(name: str) -> bool:
        values = rows[name]
        if values.dtype.kind != "i" or not len(values):
            return False
        low, high = int(values.min()), int(values.max())
        if low >= 1500 and high <= 2200:
            return bool(_YEAR.match(str(name)))
        are_months = 190_001 <= low <= high <= 219_912 and bool(_TIME.search(str(name)))
        are_days = 19_000_101 <= low <= high <= 21_991_231
        return (are_months or are_days) and bool(moments_of(values).notna().all())

    return [name for name in rows.columns if tell(name)]


def _panels(rows: Any, time: str) -> list[tuple[float, Panel]]:
    """The panels that this column could be the time of, each with how much speaks for it."""
    moments = moments_of(rows[time])
    if len(rows) < _LEAST:
        return []
    if moments.duplicated().mean() <= _TWICE:
        alone = _judged(rows, (), moments)
        if alone is not None:
            return _told_apart(rows, moments, alone) if alone[1].duplicates else [alone]
    columns = [name for name in rows.columns if name != time and _may_name(rows[name])]
    columns = sorted(columns, key=lambda name: not _NAMING.search(str(name)))[:_MOST_COLUMNS]
    for several in (1, 2, 3):
        found = [_judged(rows, names, moments) for names in combinations(columns, several)]
        good = [one for one in found if one is not None]
        if good:
            return good
    return []


def _told_apart(rows: Any, moments: Any, alone: tuple[float, Panel]) -> list[tuple[float, Panel]]:
    """Rows that repeat a moment may be of another series, however short: where one column of words tells them apart."""
    for name in rows.columns:
        if name != moments.name and _may_name(rows[name]) and rows[name].dtype.kind not in "iub":
            found = _judged(rows, (name,), moments)
            if found is not None and not found[1].duplicates and rows[name].value_counts().min() >= _FEWEST:
                return [found]
    return [alone]


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
    panel = Panel(
        items, str(moments.name), spacing.step, spacing.is_regular, int(twice.sum()), written_in(rows[moments.name])
    )
    return _promise(spacing, panel, float(twice.mean())), panel


def _promise(spacing: Spacing, panel: Panel, twice: float) -> float:
    named = 0.01 * any(_NAMING.search(str(name)) for name in panel.items)
    return spacing.evenness + 0.5 * spacing.is_regular - 2.0 * twice + named
