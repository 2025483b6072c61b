"""How series are spaced: which step they go by, how much is missing, and whether they keep to it at all.

A step is what most neighbours in time are apart. Rows on its grid are regular even where many are missing; rows beside
it may be brought onto it, though only with their owner's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .steps import Step

_DAY = 86_400 * 1_000_000_000
_FEWEST = 6  # neighbours from which a step can be told
_EVEN = 0.6  # the share of neighbours that must be one step apart
_CLOSE = 0.3  # of a step, by which neighbours of an irregular series may differ
_MOSTLY = 0.8
_LATE = 26  # the day of a month from which on it stands for the month's end, as its last working day does
_NATURAL = tuple(
    seconds * 1_000_000_000
    for seconds in (1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400, 604800)
)


@dataclass(frozen=True)
class Spacing:
    """How moments follow each other within the items."""

    step: Step
    evenness: float  # the share of neighbours that are one step apart
    is_regular: bool  # every moment is on the grid


def spacing_of(codes: Any, moments: Any) -> Spacing | None:
    """How `moments` are spaced within the items of `codes`; None where no step is to be seen."""
    import numpy as np

    nanoseconds = np.asarray(moments, dtype="datetime64[ns]").astype("int64")
    order = np.lexsort((nanoseconds, codes))
    codes, nanoseconds = np.asarray(codes)[order], nanoseconds[order]
    apart = np.diff(nanoseconds)[np.diff(codes) == 0]
    apart = apart[apart > 0]
    if len(apart) < _FEWEST:
        return None
    lengths, amounts = np.unique(apart, return_counts=True)
    mode = int(lengths[amounts.argmax()])
    for step in _steps(mode, lengths, amounts, nanoseconds):
        found = _judged(step, codes, nanoseconds)
        if found.is_regular and found.evenness >= _EVEN:
            return found
    return _irregular(apart, codes, nanoseconds)


def _steps(mode: int, lengths: Any, amounts: Any, nanoseconds: Any) -> list[Step]:
    """The steps that the commonest distance could mean, likeliest first."""
    import numpy as np
    import pandas as pd

    def share(low: int, high: int) -> float:
        inside = (lengths >= low * _DAY) & (lengths <= high * _DAY)
        return float(amounts[inside].sum() / amounts.sum())

    index = pd.DatetimeIndex(nanoseconds.astype("datetime64[ns]"))
    found: list[Step] = []
    if len(lengths) > 1 or mode in (31 * _DAY, 365 * _DAY, 366 * _DAY):
        if share(28, 31) >= _EVEN:
            found += [Step("ME") if bool((index.day >= _LATE).all()) else Step("MS")]
        elif share(89, 93) >= _EVEN:
            found += [Step("QE") if bool(index.is_quarter_end.all()) else Step("QS")]
        elif share(365, 366) >= _EVEN:
            found += [Step("YE") if bool(index.is_year_end.all()) else Step("YS")]
    weekdays = (nanoseconds // _DAY + 3) % 7
    if mode == _DAY and bool((weekdays < 5).all()) and share(1, 1) + share(3, 3) >= 0.9 and share(3, 3) > 0.05:
        found.append(Step("B"))
    phases, often = np.unique(nanoseconds % mode, return_counts=True)
    return [*found, Step.every(mode, int(phases[often.argmax()]))]


def _judged(step: Step, codes: Any, nanoseconds: Any) -> Spacing:
    import numpy as np

    moments = nanoseconds.astype("datetime64[ns]")
    positions = step.positions(moments)
    same = np.diff(codes) == 0
    apart = np.diff(positions)[same & (np.diff(nanoseconds) > 0)]
    evenness = float(np.mean(apart == 1)) if len(apart) else 0.0
    if step.length is None:
        regular = bool((apart > 0).all())  # the fifteenth of each month is as regular as the first
    elif step.length >= _DAY:
        regular = bool((np.abs(step.stamps(positions).astype("int64") - nanoseconds) <= 3_600 * 1_000_000_000).all())
    else:
        regular = bool(step.on_grid(moments).all())
    return Spacing(step, evenness, regular)


def _irregular(apart: Any, codes: Any, nanoseconds: Any) -> Spacing | None:
    """A step that most rows keep to within a third of it."""
    import numpy as np

    middle = float(np.median(apart))
    nearest = min(_NATURAL, key=lambda length: abs(length - middle))
    if abs(nearest - middle) > 0.1 * nearest:
        return None
    if float(np.mean(np.abs(apart - nearest) <= _CLOSE * nearest)) < _MOSTLY:
        return None
    judged = _judged(Step.every(nearest), codes, nanoseconds)
    return Spacing(judged.step, judged.evenness, False)
