"""A column as intake reports it: its tally and a draw of its values, put into words and figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from gristmill.intake.kinds import Evidence, kind_of
from gristmill.intake.tally import ColumnTally, Moments
from gristmill.records import Column, ColumnKind

__all__ = ["describe"]

_QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
_BINS = 20
_EXAMPLES = 5
_LONGEST = 80  # characters of a value that is shown
_DAY = 86_400_000_000  # microseconds
_DTYPES = {"flag": "bool", "date": "datetime64[ns]", "text": "object"}


def describe(tally: ColumnTally, sample: pd.Series, top: int) -> Column:
    """The column; `top` is how many of its commonest values are named."""
    shape = next(iter(tally.shapes)) if len(tally.shapes) == 1 else "text"
    drawn = sample.dropna()
    if shape == "number":
        drawn = drawn[np.isfinite(drawn.astype(float))]
    present, sampled = tally.rows - tally.missing, tally.rows > len(sample)
    distinct = _distinct(tally, present)
    counts = tally.counts if tally.counts is not None else _scaled(drawn, present)
    kind = kind_of(_evidence(tally, shape, distinct, drawn))
    figures = _figures(tally, shape, drawn, kind)
    return Column(
        name=tally.name,
        kind=kind,
        dtype=_dtype(tally, shape),
        rows=tally.rows,
        missing=tally.missing,
        distinct=distinct,
        distinct_is_exact=tally.distinct.is_exact and len(tally.shapes) <= 1,
        top=tuple((_shown(value, shape), count) for value, count in _commonest(counts, top)),
        examples=tuple(dict.fromkeys(_shown(_plain(value), shape) for value in drawn.iloc[:50]))[:_EXAMPLES],
        order=tally.order.word if shape in ("number", "date") and not tally.missing else "",
        sampled=sampled and shape == "number",
        **figures,
    )


def _distinct(tally: ColumnTally, present: int) -> int:
    if tally.counts is not None:
        return len(tally.counts)
    return min(tally.distinct.result(), present)


def _dtype(tally: ColumnTally, shape: str) -> str:
    if shape == "number":
        return "int64" if tally.moments.are_whole and not tally.missing else "float64"
    return _DTYPES[shape] if tally.shapes else "object"


def _evidence(tally: ColumnTally, shape: str, distinct: int, drawn: pd.Series) -> Evidence:
    moments = tally.moments
    few = tally.counts if tally.counts is not None and distinct <= 2 else ()
    return Evidence(
        name=tally.name,
        shape=shape,
        present=tally.rows - tally.missing,
        missing=tally.missing,
        distinct=distinct,
        values=frozenset(_shown(value, shape).lower() for value in few),
        is_whole=moments.are_whole,
        span=moments.maximum - moments.minimum if shape == "number" else 0.0,
        minimum=moments.minimum if shape == "number" else 0.0,
        sample=drawn.astype(str).iloc[:2_000] if shape == "text" else None,
    )


def _figures(tally: ColumnTally, shape: str, drawn: pd.Series, kind: ColumnKind) -> dict[str, Any]:
    """Range, mean and spread, for what has them."""
    moments = tally.moments
    if not moments.count or shape not in ("number", "date"):
        return {}
    if shape == "date":
        return {"minimum": _date(moments.minimum), "maximum": _date(moments.maximum)}
    found: dict[str, Any] = {"minimum": moments.minimum, "maximum": moments.maximum}
    if kind is ColumnKind.IDENTIFIER or not math.isfinite(moments.maximum - moments.minimum):
        return found
    values = drawn.astype(float).to_numpy()
    found["histogram"] = _histogram(values, moments)
    found["quantiles"] = tuple(float(value) for value in np.quantile(values, _QUANTILES)) if len(values) else ()
    if math.isfinite(moments.mean) and math.isfinite(moments.deviation):
        found |= {"mean": float(moments.mean), "deviation": moments.deviation}
    return found


def _histogram(values: np.ndarray, moments: Moments) -> tuple[tuple[float, float, int], ...]:
    borders = np.linspace(moments.minimum, moments.maximum, _BINS + 1)
    if not len(values) or not (np.diff(borders) > 0).all():  # one value, or two with no number between them
        return ((moments.minimum, moments.maximum, moments.count),)
    counts = np.bincount(np.clip(np.searchsorted(borders, values, side="right") - 1, 0, _BINS - 1), minlength=_BINS)
    scale = moments.count / len(values)
    return tuple(
        (low, high, round(count * scale))
        for low, high, count in zip(borders[:-1].tolist(), borders[1:].tolist(), counts.tolist(), strict=True)
    )


def _scaled(drawn: pd.Series, present: int) -> dict[Any, int]:
    """Roughly how often the commonest values stand in all rows; values that stand alone in the draw tell nothing."""
    counts = drawn.value_counts()
    scale = present / max(1, len(drawn))
    return {_plain(value): round(count * scale) for value, count in counts[counts > 1].items()}


def _commonest(counts: dict[Any, int], top: int) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))[:top]


def _plain(value: Any) -> Any:
    """A value of the draw as the tally has it."""
    if isinstance(value, pd.Timestamp):
        return value.value // 1_000
    return value


def _shown(value: Any, shape: str) -> str:
    if shape == "date":
        return _date(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return str(value)


def _date(microseconds: float) -> str:
    # Half a microsecond more or less is all that a float takes from a date.
    whole = int(microseconds)
    unit = "datetime64[D]" if whole % _DAY == 0 else "datetime64[s]"
    return str(np.datetime64(whole, "us").astype(unit))
