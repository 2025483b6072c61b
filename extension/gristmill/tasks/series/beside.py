"""What stands beside the values of series, told by the rows alone: what never changes, and what ends before they do.

A column whose value is the same throughout each item describes the item. One that is empty in the last rows, where
another goes on, is still to come there; the other one is known ahead.
"""

from __future__ import annotations

from typing import Any

from .panel import Panel, moments_of

_MOST = 60  # columns that are looked at


def beside(rows: Any, panel: Panel) -> tuple[tuple[str, ...], dict[str, int]]:
    """The columns with one value for each item, where there are several; and by column the empty rows at an item's end.

    Of items that differ in how many there are, the middle one counts.
    """
    import numpy as np
    import pandas as pd

    names = [name for name in rows.columns if name not in (*panel.items, panel.time)][:_MOST]
    if not len(rows):
        return (), {}
    codes = np.zeros(len(rows), dtype="int64")
    if panel.items:
        codes = rows.groupby(list(panel.items), sort=False, dropna=False).ngroup().to_numpy()
    order = np.lexsort((moments_of(rows[panel.time]).to_numpy(), codes))
    codes = codes[order]
    ends = np.flatnonzero(np.append(np.diff(codes) != 0, True))  # the last row of each item
    constant, empty = [], {}
    for name in names:
        values = rows[name].to_numpy()[order]
        here = np.flatnonzero(~pd.isna(values))
        if not len(here):
            continue
        words, _ = pd.factorize(values[here])
        same = np.diff(codes[here]) == 0
        if len(ends) > 1 and same.any() and not (np.diff(words)[same] != 0).any():
            constant.append(str(name))
        last = np.full(len(ends), -1)
        last[codes[here]] = here  # the latest wins, for rows are in the order of time
        empty[str(name)] = int(np.median((ends - last)[last >= 0]))
    return tuple(constant), empty
