"""Series drawn: their history as a line, forecasts beside it with the band in which values should lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gristmill.figures.drawing import Axis, Chart, legend
from gristmill.figures.figure import Figure, Group
from gristmill.figures.forecasts.moments import day, marks
from gristmill.figures.forecasts.windows import Forecasts
from gristmill.figures.measures import measure_named
from gristmill.figures.wording import number, quoted, shorten

__all__ = ["forecast_ahead", "forecast_charts"]

_SHOWN = 6
_HISTORY = 4  # horizons of history drawn before the first window
_LOW, _HIGH = "0.1", "0.9"  # what bounds the band
_BAND = "the band should hold eight values in ten"


def forecast_charts(found: Forecasts) -> Group:
    """For some series, the best forecast and the worst among them, the windows against what came."""
    errors = found.by_item()
    order = errors.index.tolist()
    places = np.linspace(0, len(order) - 1, min(_SHOWN, len(order))).astype(int)
    picked = list(dict.fromkeys(order[at] for at in places))
    return Group(_windows(found, item, float(errors[item])) for item in picked)


def forecast_ahead(answers: pd.DataFrame, test: Any) -> Group:
    """How the first few series go on: `answers` are what the model says of the steps to come."""
    told, target = test.attrs["series"], str(test.columns[0])
    rows = answers.reset_index().rename(columns={"mean": "prediction"})
    items = list(dict.fromkeys(rows["item_id"]))[:_SHOWN]
    return Group(_ahead(rows[rows["item_id"] == item], test.loc[item][target], told["horizon"]) for item in items)


def _windows(found: Forecasts, item: str, error: float) -> Figure:
    steps = found.steps[found.steps["item_id"] == item].sort_values("timestamp")
    history = found.history[found.history["item_id"] == item].sort_values("timestamp")
    history = history.iloc[max(0, len(history) - (found.windows + _HISTORY) * found.horizon) :]
    at = {moment: place for place, moment in enumerate(history["timestamp"])}
    windows = [window[window["timestamp"].isin(at)] for _, window in steps.groupby("window")]
    truth = history["value"].to_numpy(dtype=float)
    chart = _empty(found.target, truth, [steps], len(history))
    for window in windows:
        _fan(chart, [at[moment] for moment in window["timestamp"]], window)
    _unbroken(chart, truth)
    for window in windows:
        places = [at[moment] for moment in window["timestamp"]]
        chart.guide([places[0], places[0]], [chart.y.low, chart.y.high])
        chart.line(places, window["prediction"], series=2)
    title = f"{quoted(item, 60)}" if len(found.items) > 1 else "Forecast against what came"
    measure = measure_named(found.metric)
    caption = f"{measure.title} {measure.form(error)}. Each dashed line begins a held-out window; {_BAND}."
    svg = chart.svg(f"{title}. {caption}", x_names=marks(history["timestamp"]))
    return Figure(
        title=title, caption=caption, body=svg + legend(["what came", "forecast"]), part="forecast", wide=True
    )


def _ahead(steps: pd.DataFrame, past: pd.Series, horizon: int) -> Figure:
    item, known = str(steps["item_id"].iloc[0]), past.iloc[-_HISTORY * horizon :]
    moments = pd.Series([*known.index, *steps["timestamp"]])
    truth = known.to_numpy(dtype=float)
    chart = _empty(str(past.name), truth, [steps], len(moments))
    at = {moment: place for place, moment in enumerate(moments)}
    places = [at[moment] for moment in steps["timestamp"]]
    _fan(chart, places, steps)
    _unbroken(chart, truth)
    chart.line(places, steps["prediction"], series=2)
    title = f"What comes next: {quoted(item, 50)}" if item != "series" else "What comes next"
    first, last = float(steps["prediction"].iloc[0]), float(steps["prediction"].iloc[-1])
    caption = (
        f"From {number(first)} on {day(steps['timestamp'].iloc[0])} to {number(last)} on "
        f"{day(steps['timestamp'].iloc[-1])}; {_BAND}."
    )
    svg = chart.svg(f"{title}. {caption}", x_names=marks(moments))
    return Figure(title=title, caption=caption, body=svg + legend(["history", "forecast"]), part="ahead", wide=True)


def _empty(target: str, truth: NDArray[np.float64], forecasts: Sequence[pd.DataFrame], steps: int) -> Chart:
    """A chart with room for all of it."""
    names = [name for name in ("prediction", _LOW, _HIGH) if name in forecasts[0].columns]
    values = np.concatenate([truth, *(rows[name].to_numpy(dtype=float) for rows in forecasts for name in names)])
    across = Axis("", 0, max(1.0, steps - 1.0))
    return Chart(across, Axis.around(shorten(target, 30), values), width=700, height=260)


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
