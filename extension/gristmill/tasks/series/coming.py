"""What is known of the steps to be forecast, beside the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .faults import SeriesError
from .frames import ITEM, STAMP


def coming(steps: Any, future: Any, known: Sequence[str]) -> Any:
    """`steps` (ITEM and STAMP of all that is forecast) with the columns `known`, as `future` tells them.

    An item of which nothing is told is over, and left out. SeriesError where a step of another lacks something.
    """
    told = set(future.dropna(subset=list(known), how="all")[ITEM]) if len(future) else set()
    asked = steps[steps[ITEM].isin(told)]
    if not len(asked):
        raise SeriesError(
            "nothing-ahead",
            f"The forecast needs to know what is coming in {_listed(known)}, and no row tells it.",
            "Give the rows of the steps to forecast in a file, without values of what is forecast.",
        )
    asked = asked.merge(future[[ITEM, STAMP, *known]], on=[ITEM, STAMP], how="left")
    for name in known:
        lacking = asked[asked[name].isna()]
        if len(lacking):
            row = lacking.iloc[0]
            number = int(steps.groupby(ITEM).size().max())
            raise SeriesError(
                "nothing-ahead",
                f"The forecast needs '{name}' for all {number:,} steps ahead; the first that lacks it is "
                f"{str(row[STAMP]).removesuffix(' 00:00:00')} of {row[ITEM]}.",
                "Add such rows to the file, without values of what is forecast.",
            )
    return asked.reset_index(drop=True)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)
