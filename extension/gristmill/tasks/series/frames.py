"""Rows of a panel as even series: every step of every item there once, gaps as gaps, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .panel import Panel, moments_of

ITEM, STAMP = "item_id", "timestamp"  # what AutoGluon calls them


def item_names(rows: Any, items: Sequence[str]) -> Any:
    """One name for each row's item: the values of its columns, joined."""
    import pandas as pd

    if not items:
        return pd.Series("series", index=rows.index)
    parts = [rows[name].astype("string").fillna("(none)") for name in items]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + " / " + part
    return joined.astype(object)


def even(rows: Any, panel: Panel, values: Sequence[str], *, sums: Sequence[str] = ()) -> Any:
    """The columns `values` on the panel's grid, as a frame with ITEM and STAMP before them.

    Several rows of one step become their mean, or their sum in the columns `sums`; of words the first counts. Steps
    without a row become gaps.
    """
    import numpy as np
    import pandas as pd

    moments = moments_of(rows[panel.time])
    rows = rows[moments.notna()]
    positions = panel.step.positions(moments[moments.notna()])
    frame = pd.DataFrame({ITEM: item_names(rows, panel.items), "at": positions})
    for name in values:
        frame[name] = rows[name].astype(float) if rows[name].dtype.kind in "iufb" else rows[name].astype(object)
    if frame.duplicated([ITEM, "at"]).any():
        frame = frame if values else frame.drop_duplicates()
        numbers = {name: "sum" if name in sums else "mean" for name in values if frame[name].dtype.kind == "f"}
        how = {name: numbers.get(name, "first") for name in values}
        frame = frame.groupby([ITEM, "at"], as_index=False, sort=False).agg(how) if how else frame
    frame = frame.sort_values([ITEM, "at"], kind="stable", ignore_index=True)
    codes, names = pd.factorize(frame[ITEM])
    first = frame["at"].groupby(codes).min().to_numpy()
    last = frame["at"].groupby(codes).max().to_numpy()
    lengths = last - first + 1
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    places = starts[codes] + frame["at"].to_numpy() - first[codes]
    total = int(lengths.sum())
    spread = np.repeat(np.arange(len(names)), lengths)
    at = np.arange(total) - starts[spread] + first[spread]
    whole: dict[str, Any] = {ITEM: np.asarray(names, dtype=object)[spread], STAMP: panel.step.stamps(at)}
    for name in values:
        column = frame[name].to_numpy()
        filled = np.full(total, np.nan) if column.dtype.kind == "f" else np.full(total, None, dtype=object)
        filled[places] = column
        whole[name] = filled
    return pd.DataFrame(whole)


def told_apart(series: Any, target: str) -> tuple[Any, Any]:
    """What has come, from each item's first value to its last, and what is to come: the rows after that."""
    present = series[series[target].notna()].groupby(ITEM, sort=False)[STAMP].agg(["min", "max"])
    bounds = series[[ITEM]].join(present, on=ITEM)
    known = (series[STAMP] >= bounds["min"]) & (series[STAMP] <= bounds["max"])
    return series[known].reset_index(drop=True), series[series[STAMP] > bounds["max"]].reset_index(drop=True)


def described(rows: Any, panel: Panel, columns: Sequence[str]) -> Any:
    """One row for each item with what describes it: the first value of each column. None where nothing does."""
    if not columns:
        return None
    named = rows[list(columns)].assign(**{ITEM: item_names(rows, panel.items)})
    found = named.groupby(ITEM, sort=False).first()
    words = [name for name in columns if found[name].dtype.kind not in "iufb"]
    return found.astype({name: object if name in words else float for name in columns})


def latest_context(series: Any, panel: Panel, *, most: int) -> Any:
    """The last `most` steps of each item, all drawn out to the moment at which the last of them ends.

    An item that ends before the others is answered for the same dates as they are: what is missing becomes a gap.
    """
    import pandas as pd

    end = series[STAMP].max()
    late = series.groupby(ITEM, sort=False)[STAMP].max()
    short = late[late < end]
    if len(short):
        ends = pd.DataFrame({ITEM: short.index, STAMP: end})
        series = pd.concat([series, ends], ignore_index=True)
        grid = Panel((ITEM,), STAMP, panel.step)
        series = even(series, grid, [name for name in series.columns if name not in (ITEM, STAMP)])
    return series.groupby(ITEM, sort=False).tail(most).reset_index(drop=True)
