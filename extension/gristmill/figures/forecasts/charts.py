"""Series drawn: their history as a line, forecasts beside it with the band in which values should lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gristmill.figures.drawing import Axis, Chart, legend
from gristmill.figures.figure import Figure, Group
from gristmill.figures.forecasts.moments import day, marks
from gristmill.figures.forecasts.windows import Forecasts
from gristmill.figures.measures import measure_named
from gristmill.wording import number, quoted, shorten

__all__ = ["forecast_ahead", "forecast_charts"]

_SHOWN = 6
_STEPS_SEEN = 12  # on either side of now, to know how long a step may be
_LOW, _HIGH = "0.1", "0.9"  # what bounds the band
_BAND = "the band should hold eight values in ten"


def forecast_charts(found: Forecasts) -> Group:
    """For some series, the best forecast and the worst among them, the windows against what came."""
    errors = found.by_item()
    order = errors.index.tolist()
    places = np.linspace(0, len(order) - 1, min(_SHOWN, len(order))).astype(int)
    picked = list(dict.fromkeys(order[at] for at in places))
    return Group(_windows(found, item, float(errors[item]), alone=len(picked) == 1) for item in picked)


def forecast_ahead(answers: pd.DataFrame, test: Any) -> Group:
    """How the first few series go on: `answers` are what the model says of the steps to come."""
    told, target = test.attrs["series"], str(test.columns[0])
    rows = answers.reset_index().rename(columns={"mean": "prediction"})
    items = list(dict.fromkeys(rows["item_id"]))[:_SHOWN]
    alone = len(items) == 1
    return Group(
        _ahead(rows[rows["item_id"] == item], test.loc[item][target], told["horizon"], alone=alone) for item in items
    )


def _windows(found: Forecasts, item: str, error: float, *, alone: bool) -> Figure:
    steps = found.steps[found.steps["item_id"] == item].sort_values("timestamp")
    history = found.history[found.history["item_id"] == item].sort_values("timestamp")
    windows = [window for _, window in steps.groupby("window")]
    title = f"{quoted(item, 60)}" if len(found.items) > 1 else "Forecast against what came"
    measure = measure_named(found.metric)
    caption = f"{measure.title} {measure.form(error)}. Each dashed line begins a held-out window; {_BAND}."

    def drawn(size: _Size) -> str:
        past = history.iloc[max(0, len(history) - (found.windows + size.horizons) * found.horizon) :]
        return _chart(found.target, past.set_index("timestamp")["value"], windows, size).svg(
            f"{title}. {caption}", x_names=marks(past["timestamp"], size.marks)
        )

    body = _sized(drawn, alone=alone) + legend(["what came", "forecast"])
    return Figure(title=title, caption=caption, body=body, part="forecast", wide=alone)


def _ahead(steps: pd.DataFrame, past: pd.Series, horizon: int, *, alone: bool) -> Figure:
    item = str(steps["item_id"].iloc[0])
    title = f"What comes next: {quoted(item, 50)}" if item != "series" else "What comes next"
    first, last = float(steps["prediction"].iloc[0]), float(steps["prediction"].iloc[-1])
    caption = (
        f"From {number(first)} on {day(steps['timestamp'].iloc[0])} to {number(last)} on "
        f"{day(steps['timestamp'].iloc[-1])}; {_BAND}."
    )
    silent = _silent(past, steps["timestamp"])
    if len(silent):
        caption += f" Its last value is of {day(past.index[-1])}."

    def drawn(size: _Size) -> str:
        known = past.iloc[-size.horizons * horizon :]
        gap = silent[-size.horizons * horizon :]
        moments = pd.Series(known.index.append(gap).append(pd.DatetimeIndex(steps["timestamp"])).unique())
        return _chart(str(past.name), known.reindex(pd.DatetimeIndex(moments)), [steps], size).svg(
            f"{title}. {caption}", x_names=marks(moments, size.marks)
        )

    body = _sized(drawn, alone=alone) + legend(["history", "forecast"])
    return Figure(title=title, caption=caption, body=body, part="ahead", wide=alone)


def _silent(past: pd.Series, ahead: pd.Series) -> pd.DatetimeIndex:
    """The moments between the last value of a series that has ended early and its forecast."""
    last, first = past.index[-1], ahead.iloc[0]
    steps = np.diff(np.concatenate([past.index[-_STEPS_SEEN:].to_numpy(), ahead.to_numpy()[:_STEPS_SEEN]]))
    step = pd.Timedelta(np.median(steps))
    # Steps need not be of one length: there are months, and weekends.
    usual = max(step, *(pd.Timedelta(one) for one in np.delete(steps, min(len(past), _STEPS_SEEN) - 1)))
    if first - last <= 1.5 * usual:
        return pd.DatetimeIndex([])
    return pd.date_range(last, first, freq=step, inclusive="neither")


@dataclass(frozen=True)
class _Size:
    """How large a chart is drawn, how many horizons of history it shows, and how many moments below it."""

    width: int
    height: int
    horizons: int
    marks: int


_BROAD, _SLIM = _Size(700, 260, 4, 5), _Size(340, 230, 2, 3)


def _sized(drawn: Callable[[_Size], str], *, alone: bool) -> str:
    """Several stand side by side. One alone is broad on a desk; on a phone its letters would be too small to read."""
    if not alone:
        return drawn(_SLIM)
    return f'<div class="gm-broad">{drawn(_BROAD)}</div><div class="gm-slim">{drawn(_SLIM)}</div>'


def _chart(target: str, past: pd.Series, forecasts: Sequence[pd.DataFrame], size: _Size) -> Chart:
    """What came as a line over all moments of `past`, and the forecasts where they belong."""
    at = {moment: place for place, moment in enumerate(past.index)}
    shown = [rows[rows["timestamp"].isin(at)] for rows in forecasts]
    truth = past.to_numpy(dtype=float)
    names = [name for name in ("prediction", _LOW, _HIGH) if name in shown[0].columns]
    values = np.concatenate([truth, *(rows[name].to_numpy(dtype=float) for rows in shown for name in names)])
    across = Axis("", 0, max(1.0, len(past) - 1.0))
    chart = Chart(across, Axis.around(shorten(target, 30), values), width=size.width, height=size.height)
    places = [[at[moment] for moment in rows["timestamp"]] for rows in shown]
    for where, rows in zip(places, shown, strict=True):
        _fan(chart, where, rows)
    _unbroken(chart, truth)
    for where, rows in zip(places, shown, strict=True):
        if len(shown) > 1 or np.isfinite(truth[where]).any():
            chart.guide([where[0], where[0]], [chart.y.low, chart.y.high])
        chart.line(where, rows["prediction"], series=2)
    return chart


def _fan(chart: Chart, places: Sequence[int], forecast: pd.DataFrame) -> None:
    if {_LOW, _HIGH} <= set(map(str, forecast.columns)):
        chart.band(places, forecast[_LOW], forecast[_HIGH], series=2)


def _unbroken(chart: Chart, values: NDArray[np.float64]) -> None:
    """A line for each stretch without a gap: a line through a gap would show what nobody has measured."""
    here = np.flatnonzero(np.isfinite(values))
    for stretch in np.split(here, np.flatnonzero(np.diff(here) > 1) + 1):
        if len(stretch) == 1:
            chart.dots(stretch, values[stretch], series=1)
        elif len(stretch):
            chart.line(stretch, values[stretch], series=1)
