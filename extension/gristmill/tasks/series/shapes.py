"""Wide tables of series, one column or one row an item, turned into long ones.

A header of moments means one row an item. One column an item is told from one series with other columns beside it by
what the columns are called: items are called alike (store_1, store_2), other columns are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .panel import times_of
from .parts import joined, parts_of

MOMENT = "moment"  # what the time is called where several columns tell it
_FEWEST_MOMENTS = 8
_FEWEST_ITEMS = 3
_FIGURES = frozenset({"min", "max", "mean", "avg", "average", "std", "sum", "total", "median", "low", "high", "open"})
_MOMENT = re.compile(r"(19|20)\d\d([-/._ ]?(0?[1-9]|1[0-2]|Q[1-4])([-/._ ]?\d{1,2})?)?([T ]\d\d:\d\d(:\d\d)?)?")
_BACKWARDS = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-](19|20)\d\d|\d{1,2}[./](19|20)\d\d"
    r"|[A-Za-z]{3,9}\.?[ -](19|20)?\d\d|Q[1-4][ /-](19|20)\d\d"
)
_WAYS = ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m/%Y", "%m.%Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%b %y")


@dataclass(frozen=True)
class Shape:
    """How a table holds its series: `long`, `columns` (one an item) or `rows` (one an item); the names once long.

    `parts` is a long one in which several columns tell the time: those.
    """

    kind: str
    time: str = ""
    item: str = ""
    value: str = ""
    parts: tuple[str, ...] = ()


def shape_of(rows: Any) -> Shape:
    """The shape of a table, by its header and types."""
    moments = _moments(rows.columns)
    many = len(moments) >= _FEWEST_MOMENTS and len(moments) >= 0.6 * len(rows.columns)
    if many and all(rows[name].dtype.kind in "iuf" for name in moments):
        return Shape("rows", "time", "series", "value")
    parts = parts_of(rows)
    if parts and MOMENT not in rows.columns:
        return Shape("parts", MOMENT, parts=parts)
    dates = [name for name in rows.columns if rows[name].dtype.kind == "M"]
    others = [str(name) for name in rows.columns if name not in dates]
    if len(dates) == 1 and len(others) >= _FEWEST_ITEMS and all(rows[name].dtype.kind in "iuf" for name in others):
        stem = _stem(others)
        if stem is not None and rows[dates[0]].is_unique:
            return Shape("columns", str(dates[0]), "series", stem or "value")
    return Shape("long")


def may_be_series(head: Any) -> bool:
    """Whether the rows that begin so may be series: their header or one of their columns tells the time."""
    return shape_of(head).kind != "long" or bool(times_of(head))


def melted(rows: Any, shape: Shape) -> Any:
    """The table with one row a value; a long one as it is."""
    import pandas as pd

    if shape.kind == "parts":
        return rows.assign(**{shape.time: joined(rows, shape.parts)}).drop(columns=list(shape.parts))
    if shape.kind == "columns":
        return rows.melt(id_vars=[shape.time], var_name=shape.item, value_name=shape.value)[
            [shape.item, shape.time, shape.value]
        ]
    if shape.kind == "rows":
        moments = _moments(rows.columns)
        names = [name for name in rows.columns if name not in moments]
        if not names:
            rows, names = rows.assign(**{shape.item: [f"series {at + 1}" for at in range(len(rows))]}), [shape.item]
        long = rows.melt(id_vars=names, value_vars=moments, var_name=shape.time, value_name=shape.value)
        return long.assign(**{shape.time: pd.to_datetime(long[shape.time].map(_moments(moments)))})
    return rows


def _moments(names: Iterable[Any]) -> dict[Any, Any]:
    """The names that are moments, with what they mean: in the first way in which all can be read."""
    import pandas as pd

    plain = {name: str(name).strip() for name in names}
    found = {name: _moment(text) for name, text in plain.items() if _MOMENT.fullmatch(text)}
    turned = {name: text for name, text in plain.items() if _BACKWARDS.fullmatch(text)}
    if len(found) >= len(turned):
        return found
    if all(text[0] == "Q" for text in turned.values()):
        return {name: _moment(f"{text[-4:]}Q{text[1]}") for name, text in turned.items()}
    for way in _WAYS:
        read = pd.to_datetime(pd.Series(turned), format=way, errors="coerce")
        if read.notna().all() and read.is_unique:
            return dict(read)
    return found


def _moment(name: str) -> Any:
    import pandas as pd

    text = name.replace("_", "-").replace(".", "-").replace("/", "-")
    if "Q" in text:
        return pd.Period(text.replace("-", "").replace(" ", ""), freq="Q").start_time
    return pd.Timestamp(text if len(text) > 4 else f"{text}-01-01")


def _stem(names: Sequence[str]) -> str | None:
    """What names have in common if they are called alike; None if not, empty if all that differs is a number."""
    bare = {re.sub(r"\d+", "", name).strip(" _-.") for name in names}
    if len(bare) == 1:
        return bare.pop()
    first = re.split(r"[ _.-]", min(names))
    for words in range(len(first) - 1, 0, -1):
        start = names[0][: len(" ".join(first[:words])) + 1]
        rest = {name[len(start) :].lower() for name in names}
        if all(name.startswith(start) for name in names) and len(start) > 2 and not rest & _FIGURES:
            return start[:-1]
    return None
