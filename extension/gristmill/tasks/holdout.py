"""Which rows to hold out: the latest ones where rows are events in time, otherwise a fair draw.

The share is a fifth of small data. Of large data ten thousand rows are enough, unless a rare class would then be judged
on a mere handful: the share grows until fifty rows of the rarest class are in, so that classes keep their proportions
and probabilities stay honest. It never exceeds a fifth, nor fifty thousand rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import Series

__all__ = ["draw", "draw_by_class", "latest", "share_of"]

LARGEST_SHARE = 0.2
ENOUGH = 10_000
ENOUGH_OF_A_CLASS = 50
MOST = 50_000
HANDFUL = 10


def share_of(rows: int, rarest: int | None = None) -> float:
    """The share of `rows` to hold out, where the rarest class has `rarest` of them."""
    wanted = max(ENOUGH / rows, HANDFUL / rows)
    if rarest:
        wanted = max(wanted, ENOUGH_OF_A_CLASS / rarest)
    return min(wanted, LARGEST_SHARE, MOST / rows)


def draw(rows: int, seed: int) -> NDArray[np.bool_]:
    """A mask of rows drawn at random."""
    import numpy as np

    held = np.zeros(rows, dtype=bool)
    held[np.random.default_rng(seed).permutation(rows)[: max(1, round(rows * share_of(rows)))]] = True
    return held


def draw_by_class(classes: Series, seed: int) -> NDArray[np.bool_]:
    """A mask of rows drawn at random from each class alike; a class with two rows has one on either side."""
    import numpy as np

    codes = classes.factorize(sort=False)[0]
    counts = np.bincount(codes)
    share = share_of(len(codes), int(counts.min()))
    held = np.zeros(len(codes), dtype=bool)
    random = np.random.default_rng(seed)
    order = random.permutation(len(codes))
    by_class = order[np.argsort(codes[order], kind="stable")]
    for members in np.split(by_class, np.cumsum(counts)[:-1]):
        fewest = min(2 if len(members) >= HANDFUL else 1, len(members) // 2)
        held[members[: max(round(len(members) * share), fewest)]] = True
    return held


def latest(moments: Series) -> NDArray[np.bool_]:
    """A mask of the latest rows; rows of one moment stay on one side where that leaves enough to learn from."""
    import numpy as np

    present = np.flatnonzero(moments.notna().to_numpy())
    order = present[np.argsort(moments.iloc[present].to_numpy(), kind="stable")]
    cut = len(order) - max(1, round(len(order) * share_of(len(order))))
    values = moments.iloc[order].to_numpy()
    first = int(np.searchsorted(values, values[cut], side="left"))
    held = np.zeros(len(moments), dtype=bool)
    held[order[first if first >= len(order) // 2 else cut :]] = True
    return held
