"""Partial dependence: how the mean answer moves when one column takes each of its usual values and all others stay.

All columns' questions are put to the model in one go: a call costs far more than a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.answers import class_looked_for
from gristmill.figures.drawing import Axis, Chart, legend
from gristmill.figures.figure import Figure, Group
from gristmill.figures.pieces import Bar, bars
from gristmill.figures.wording import Form, brief, interval, number, plain_years, quoted, share, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["partial_dependence"]

_GRID = 12
_ROWS = 120
_FEWEST_ROWS = 30
_SHOWN_CATEGORIES = 8
_SHOWN_CLASSES = 3


@dataclass(frozen=True)
class _Sweep:
    """One column's values in turn, and the model's answers for them: one row a value, one column a class."""

    name: str
    values: list[Any]
    kind: str  # numpy's letter for the column's type
    middle: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def partial_dependence(
    predictor: Any, test: pd.DataFrame, features: Sequence[str], *, time_limit: float, most: int = 4
) -> Group:
    """A chart for each of the first `most` features that vary; none if there is no time to ask for them.

    Bands and whiskers hold four in five of the sampled rows.
    """
    grids = {name: _grid(test[name]) for name in features if name in test.columns}
    grids = dict([(name, grid) for name, grid in grids.items() if len(grid) > 1][:most])
    if not grids:
        return Group([])
    rows = test.sample(min(len(test), _ROWS), random_state=0)
    before = time.monotonic()
    outputs, ask = _question(predictor, rows, test[predictor.label])
    once = time.monotonic() - before
    if once * 2 > time_limit:
        return Group([])
    if once * len(grids) * 2 > time_limit:
        rows = rows.head(_FEWEST_ROWS)
    answers = ask(_varied(rows, grids))
    sweeps, start = [], 0
    for name, grid in grids.items():
        end = start + len(grid) * len(rows)
        block = answers[start:end].reshape(len(grid), len(rows), len(outputs) or 1)
        low, high = np.quantile(block, (0.1, 0.9), axis=1)
        sweeps.append(_Sweep(name, grid, test[name].dtype.kind, block.mean(axis=1), low, high))
        start = end
    answer, form = _answer(predictor, outputs)
    scale = Axis.around(answer, np.concatenate([_extent(sweep) for sweep in sweeps]))
    scale = Axis(answer, max(0.0, scale.low), min(1.0, scale.high), form) if outputs else scale
    return Group(_sweep_figure(sweep, scale, outputs) for sweep in sweeps)


def _varied(rows: pd.DataFrame, grids: dict[str, list[Any]]) -> pd.DataFrame:
    """The rows over and over, with one column set to one value each time."""
    import pandas as pd

    return pd.concat(
        [
            rows.assign(**{name: pd.Series([value] * len(rows), index=rows.index, dtype=rows[name].dtype)})
            for name, grid in grids.items()
            for value in grid
        ],
        ignore_index=True,
    )


def _grid(column: pd.Series) -> list[Any]:
    """A column's usual values: spread over its range if they have an order, else the commonest.

    None of a column whose values hardly come twice, as texts and pictures' paths: its commonest ones tell nothing.
    """
    present = column.dropna()
    if column.dtype.kind in "fiuM" and present.nunique() > 2:
        spread = np.linspace(0.02, 0.98, _GRID)
        return list(dict.fromkeys(present.quantile(spread, interpolation="nearest").tolist()))
    if len(present) > _FEWEST_ROWS and present.nunique() > 0.5 * len(present):
        return []
    return list(present.value_counts().head(_SHOWN_CATEGORIES).index)


def _question(
    predictor: Any, rows: pd.DataFrame, truth: pd.Series
) -> tuple[tuple[str, ...], Callable[[pd.DataFrame], NDArray[np.float64]]]:
    """How to ask the model for numbers: the classes whose probabilities are meant, none for plain numbers."""
    if predictor.problem_type not in ("binary", "multiclass"):
        predictor.predict(rows)
        return (), lambda table: predictor.predict(table).to_numpy(dtype=float)[:, None]
    mean = predictor.predict_proba(rows).mean()
    looked_for = class_looked_for(predictor, truth)
    shown = list(mean.nlargest(_SHOWN_CLASSES).index) if looked_for is None else [looked_for]
    names = tuple(str(label) for label in shown)
    return names, lambda table: predictor.predict_proba(table)[shown].to_numpy(dtype=float)


def _answer(predictor: Any, outputs: tuple[str, ...]) -> tuple[str, Form]:
    if not outputs:
        return f"predicted {shorten(str(predictor.label), 30)}, mean", brief
    return (f"probability of {shorten(outputs[0], 26)}, mean" if len(outputs) == 1 else "probability, mean"), share


def _extent(sweep: _Sweep) -> NDArray[np.float64]:
    one = sweep.middle.shape[1] == 1
    return np.concatenate([sweep.middle, sweep.low, sweep.high] if one else [sweep.middle]).ravel()


def _sweep_figure(sweep: _Sweep, scale: Axis, outputs: tuple[str, ...]) -> Figure:
    main = sweep.middle[:, 0]
    title = f"How {quoted(sweep.name, 50)} moves the answer"
    subject = f"the probability of {quoted(outputs[0], 30)}" if outputs else "the mean prediction"
    lowest, highest = int(np.argmin(main)), int(np.argmax(main))
    form = _written(sweep)
    caption = (
        f"All else as it is, {subject} is lowest, {scale.form(float(main[lowest]))}, at {form(sweep.values[lowest])} "
        f"and highest, {scale.form(float(main[highest]))}, at {form(sweep.values[highest])}."
    )
    if sweep.kind not in "fiuM":
        entries = [
            Bar(
                name=str(sweep.values[place]),
                value=float(main[place]),
                low=float(sweep.low[place, 0]),
                high=float(sweep.high[place, 0]),
                text=scale.form(float(main[place])),
            )
            for place in np.argsort(-main, kind="stable")
        ]
        caption += " Whiskers hold four rows in five."
        return Figure(
            title=title, caption=caption, body=bars(("value", scale.label, "mean"), entries), part="dependence"
        )
    xs = np.array([_place(value) for value in sweep.values])
    chart = Chart(Axis(shorten(sweep.name, 40), float(xs[0]), float(xs[-1]), form=_ticks(sweep)), scale)
    if len(outputs) <= 1:
        chart.band(xs, sweep.low[:, 0], sweep.high[:, 0])
        stays = interval(float(sweep.low.min()), float(sweep.high.max()), scale.form)
        caption += f" For four rows in five it stays within {stays}."
    for series in range(sweep.middle.shape[1]):
        chart.line(xs, sweep.middle[:, series], series=series + 1)
    body = (legend(shorten(name, 30) for name in outputs) if len(outputs) > 1 else "") + chart.svg(
        f"{title}. {caption}"
    )
    return Figure(title=title, caption=caption, body=body, part="dependence")


def _place(value: Any) -> float:
    """A value as a place on an axis: dates by their seconds."""
    return float(value.timestamp()) if hasattr(value, "timestamp") else float(value)


def _written(sweep: _Sweep) -> Callable[[Any], str]:
    """How the column's values are written in a sentence."""
    if sweep.kind == "M":
        return lambda value: f"{value:%Y-%m-%d}"
    if sweep.kind not in "fiu":
        return lambda value: quoted(value, 30)
    return plain_years(float(sweep.values[0]), float(sweep.values[-1]), number)


def _ticks(sweep: _Sweep) -> Form:
    """How the column's values are written on an axis."""
    if sweep.kind == "M":
        return lambda at: str(np.datetime64(int(at), "s"))[:10]
    return plain_years(float(sweep.values[0]), float(sweep.values[-1]), brief)
