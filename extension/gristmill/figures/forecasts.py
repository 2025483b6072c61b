"""Forecasts beside what came: how good they are against repeating the last season, for which series, and by how far.

All of it is computed from windows that no candidate had seen: for each, every series' forecast from all that came
before. A score is a sum of errors over a sum of scales, so that an interval comes from drawing series again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gristmill.figures.drawing import Axis, Chart, legend
from gristmill.figures.figure import Figure, Group
from gristmill.figures.judgement import Verdict
from gristmill.figures.measures import measure_named
from gristmill.figures.pieces import Bar, bars, more, table, tiles
from gristmill.figures.wording import Form, count, interval, number, quoted, rounded, share, shorten
from gristmill.tasks.series import Step

__all__ = [
    "Forecasts",
    "backtests",
    "forecast_ahead",
    "forecast_charts",
    "item_errors",
    "series_summary",
    "series_verdict",
]

_RESAMPLES = 1_000
_FEW = 5  # units from which an interval means something
_SHOWN = 6
_LISTED = 40
_HISTORY = 4  # horizons of history drawn before the first window


@dataclass(frozen=True, kw_only=True)
class Forecasts:
    """The held-out windows: one row a step, with item, window, truth, prediction, range and the naive answer."""

    target: str
    metric: str
    horizon: int
    windows: int
    season: int
    steps: pd.DataFrame
    history: pd.DataFrame  # item_id, timestamp, value: all that is known
    levels: tuple[float, ...]

    @classmethod
    def of(cls, found: Any, test: Any, metric: str) -> Forecasts:
        """From the windows that an engine has forecast, and the series that they were cut from."""
        told, target = test.attrs["series"], found.target
        parts = []
        for window, (truth, forecast) in enumerate(zip(found.truths, found.forecasts, strict=True)):
            parts.append(_window(truth, forecast, target, told["horizon"], told["season"]).assign(window=window))
        steps = pd.concat(parts, ignore_index=True)
        history = pd.DataFrame(test[[target]]).reset_index().rename(columns={target: "value"})
        levels = tuple(float(name) for name in found.forecasts[0].columns if name != "mean")
        return cls(
            target=target, metric=metric, horizon=told["horizon"], windows=told["windows"], season=told["season"],
            steps=steps, history=history, levels=levels,
        )  # fmt: skip

    @property
    def items(self) -> list[str]:
        """The series that were judged."""
        return list(dict.fromkeys(self.steps["item_id"]))

    def parts(self, *, naive: bool = False) -> pd.DataFrame:
        """Sums of errors and of their scales by item and window: `above` over `below` is a score."""
        steps = self.steps[self.steps["truth"].notna()]
        errors, scales = _errors(self, steps, naive=naive)
        summed = steps[["item_id", "window"]].assign(above=errors, below=scales)
        summed = summed[np.isfinite(summed["above"]) & np.isfinite(summed["below"])]
        parts: pd.DataFrame = summed.groupby(["item_id", "window"], sort=False, as_index=False).sum()
        return parts

    def score(self, parts: pd.DataFrame) -> float:
        """The metric over all of `parts`: within each window, then the mean of the windows."""
        return _score(parts["window"].to_numpy(), parts["above"].to_numpy(), parts["below"].to_numpy(), self._power)

    @property
    def _power(self) -> float:
        return 0.5 if self.metric == "RMSE" else 1.0


def _window(truth: Any, forecast: Any, target: str, horizon: int, season: int) -> pd.DataFrame:
    """One window of all series; the naive answer repeats the last season before it."""
    rows = pd.DataFrame(forecast).reset_index().rename(columns={"mean": "prediction"})
    values = truth[target]
    sizes = truth.num_timesteps_per_item()
    pieces = []
    for item, size in sizes.items():
        whole = values.loc[item].to_numpy(dtype=float)
        past = pd.Series(whole[: size - horizon]).ffill().bfill().to_numpy()
        period = season if len(past) > season else 1
        naive = np.resize(past[-period:], horizon)
        gaps = np.abs(whole[: size - horizon][period:] - whole[: size - horizon][:-period])
        scale = float(np.nanmean(gaps)) if np.isfinite(gaps).any() else np.nan
        spread = float(np.nanstd(whole[: size - horizon][period:] - whole[: size - horizon][:-period]))
        ahead = 1 + np.arange(horizon) // period
        pieces.append(
            pd.DataFrame({"truth": whole[size - horizon :], "naive": naive, "scale": scale or np.nan,
                          "naive_spread": spread * np.sqrt(ahead)})
        )  # fmt: skip
    return pd.concat([rows, pd.concat(pieces, ignore_index=True)], axis=1)


def _errors(found: Forecasts, steps: pd.DataFrame, *, naive: bool) -> tuple[Any, Any]:
    """Each step's error and scale, by the metric."""
    truth = steps["truth"].to_numpy(dtype=float)
    answer = steps["naive" if naive else "prediction"].to_numpy(dtype=float)
    miss = np.abs(truth - answer)
    ones = np.ones(len(steps))
    if found.metric == "WQL":
        return _quantile_losses(found, steps, truth, naive=naive), np.abs(truth)
    kinds: dict[str, tuple[Any, Any]] = {
        "MASE": (miss / steps["scale"].to_numpy(dtype=float), ones),
        "WAPE": (miss, np.abs(truth)),
        "SMAPE": (2 * miss / (np.abs(truth) + np.abs(answer)), ones),
        "RMSE": (miss**2, ones),
    }
    return kinds.get(found.metric, (miss, ones))


def _quantile_losses(found: Forecasts, steps: pd.DataFrame, truth: Any, *, naive: bool) -> Any:
    from statistics import NormalDist

    losses = np.zeros(len(steps))
    for level in found.levels:
        repeated = steps["naive"] + NormalDist().inv_cdf(level) * steps["naive_spread"]
        at = repeated if naive else steps[f"{level:g}"]
        losses += np.abs((truth - at) * ((truth <= at) - level))
    return 2 * losses / len(found.levels)


def _score(windows: NDArray[Any], above: NDArray[Any], below: NDArray[Any], power: float) -> float:
    sums = [(above[windows == one].sum(), below[windows == one].sum()) for one in np.unique(windows)]
    return float(np.mean([(high / low) ** power if low else np.nan for high, low in sums]))


# --- the verdict -----------------------------------------------------------------------------------------------------


def series_verdict(found: Forecasts, *, seed: int = 0) -> Verdict:
    """Judge the forecasts of the held-out windows against repeating the last season."""
    measure = measure_named(found.metric)
    parts, repeated = found.parts(), found.parts(naive=True)
    score, naive = found.score(parts), found.score(repeated)
    if not np.isfinite([score, naive]).all():
        sentence = f"Nothing can be said of how good the forecasts are: {measure.title} is not defined for what came."
        unknown: dict[str, Any] = {"metric": found.metric, "standing": "unknown", "sentence": sentence}
        return Verdict(title="No verdict", caption=sentence, body="", part="verdict", numbers=unknown)
    ratios, unit = _drawn_again(found, parts, repeated, seed)
    low, high = (float(value) for value in np.quantile(ratios[:, 0], (0.025, 0.975)))
    gain = np.quantile(ratios[:, 0] - ratios[:, 1], (0.025, 0.975))
    standing = "better" if gain[1] < 0 else "worse" if gain[0] > 0 else "same"
    percent = measure.form is share
    form: Form = rounded(high - low, percent=percent)
    less = 1 - score / naive if naive else 0.0
    opening = {
        "better": f"The forecasts are {share(less, 0)} closer to what came than repeating the last season",
        "same": "The forecasts cannot be told from repeating the last season",
        "worse": "The forecasts do worse than repeating the last season",
    }[standing]
    sentence = (
        f"{opening}: {measure.title} {form(score)} (95% interval {interval(low, high, form)}), where repeating would "
        f"score {form(naive)}."
    )
    rows = int(found.steps["truth"].notna().sum())
    facts = [
        (f"{measure.title} on the held-out windows", form(score)),
        ("95% interval", interval(low, high, form)),
        ("by repeating the last season", form(naive)),
        ("less error than repeating", share(less, 0)),
        ("series, windows, steps held out", f"{len(found.items):,}, {found.windows}, {found.horizon}"),
    ]
    doubts = []
    if unit != "series":
        few = "one series" if len(found.items) == 1 else f"{len(found.items)} series"
        doubts.append(f"With {few} the interval comes from drawing {unit} again, and is rough.")
    covered = _covered(found)
    if covered is not None:
        doubts.append(f"{share(covered, 0)} of what came lies in the range that should hold 80%.")
    return Verdict(
        title={
            "better": "Better than repeating",
            "same": "No better than repeating",
            "worse": "Worse than repeating",
        }[standing],
        caption=sentence,
        body=tiles(facts) + "".join(f'<p class="gm-aside">{escape(doubt)}</p>' for doubt in doubts),
        part="verdict",
        numbers={
            "metric": found.metric,
            "score": score,
            "low": low,
            "high": high,
            "baseline": naive,
            "baseline_name": "repeating the last season",
            "skill": less,
            "rows": rows,
            "standing": standing,
            "sentence": sentence,
        },
    )


def _drawn_again(
    found: Forecasts, parts: pd.DataFrame, repeated: pd.DataFrame, seed: int
) -> tuple[NDArray[np.float64], str]:
    """Scores of the model and of repeating, with series drawn again; windows, then steps, where series are few."""
    both = parts.merge(repeated, on=["item_id", "window"], suffixes=("", "_naive"))
    unit, codes = "series", pd.factorize(both["item_id"])[0]
    if codes.max() + 1 < _FEW:
        unit, codes = "windows", np.arange(len(both))
    if len(np.unique(codes)) < _FEW:
        unit = "steps"
        both = _by_step(found)
        codes = np.arange(len(both))
    random = np.random.default_rng(seed)
    numbers = both[["above", "below", "above_naive", "below_naive"]].to_numpy(dtype=float)
    windows = both["window"].to_numpy()
    scores = np.empty((_RESAMPLES, 2))
    kinds = np.unique(windows)
    units = codes.max() + 1
    sums = np.zeros((len(kinds), units, 4))
    np.add.at(sums, (np.searchsorted(kinds, windows), codes), numbers)
    for at in range(_RESAMPLES):
        drawn = sums[:, random.integers(units, size=units)].sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            scores[at] = np.nanmean((drawn[:, [0, 2]] / drawn[:, [1, 3]]) ** found._power, axis=0)
    return scores[np.isfinite(scores).all(axis=1)], unit


def _by_step(found: Forecasts) -> pd.DataFrame:
    steps = found.steps[found.steps["truth"].notna()]
    above, below = _errors(found, steps, naive=False)
    naive_above, naive_below = _errors(found, steps, naive=True)
    both = pd.DataFrame(
        {"window": 0, "above": above, "below": below, "above_naive": naive_above, "below_naive": naive_below}
    )
    kept: pd.DataFrame = both[np.isfinite(both.to_numpy()).all(axis=1)].reset_index(drop=True)
    return kept


def _covered(found: Forecasts) -> float | None:
    if not {0.1, 0.9} <= set(found.levels):
        return None
    steps = found.steps[found.steps["truth"].notna()]
    return float(((steps["truth"] >= steps["0.1"]) & (steps["truth"] <= steps["0.9"])).mean())


# --- charts ----------------------------------------------------------------------------------------------------------


def series_summary(test: Any) -> Figure:
    """What the series are: how many, how long, in which steps, and how the first few look."""
    told, target = test.attrs["series"], str(test.columns[0])
    lengths = test.num_timesteps_per_item()
    gaps = float(test[target].isna().mean())
    facts = [
        ("series", f"{len(lengths):,}"),
        ("values in the middle series", f"{int(lengths.median()):,}"),
        ("in steps of", Step(**told["panel"]["step"]).noun),
        ("steps ahead", f"{told['horizon']:,}"),
        ("held-out windows", f"{told['windows']:,}"),
        ("gaps", share(gaps)),
    ]
    caption = (
        f"{quoted(target)} from {_day(test.index.get_level_values(1).min())} to "
        f"{_day(test.index.get_level_values(1).max())}. The last {told['windows'] * told['horizon']:,} steps of each "
        "series are held out."
    )
    return Figure(title="The series", caption=caption, body=tiles(facts), part="series", wide=True)


def forecast_charts(found: Forecasts) -> Group:
    """For some series, the best forecast and the worst among them, the windows against what came."""
    errors = _by_item(found)
    order = errors.index.tolist()
    picked = list(
        dict.fromkeys([order[at] for at in np.linspace(0, len(order) - 1, min(_SHOWN, len(order))).astype(int)])
    )
    return Group(_chart(found, item, float(errors[item])) for item in picked)


def _chart(found: Forecasts, item: str, error: float) -> Figure:
    steps = found.steps[found.steps["item_id"] == item].sort_values("timestamp")
    history = found.history[found.history["item_id"] == item].sort_values("timestamp")
    begin = max(0, len(history) - (found.windows + _HISTORY) * found.horizon)
    history = history.iloc[begin:]
    at = {moment: place for place, moment in enumerate(history["timestamp"])}
    values = np.concatenate([history["value"].to_numpy(dtype=float), steps["prediction"].to_numpy(dtype=float)])
    ranged = {"0.1", "0.9"} <= set(map(str, steps.columns))
    if ranged:
        values = np.concatenate([values, *(steps[name].to_numpy(dtype=float) for name in ("0.1", "0.9"))])
    chart = Chart(
        Axis("", 0, max(1.0, len(history) - 1.0)), Axis.around(shorten(found.target, 30), values), width=700, height=260
    )
    for _, window in steps.groupby("window"):
        places = [at[moment] for moment in window["timestamp"] if moment in at]
        if ranged:
            chart.band(places, window["0.1"], window["0.9"], series=2)
    truth = history["value"].to_numpy(dtype=float)
    here = np.flatnonzero(np.isfinite(truth))
    chart.line(here, truth[here], series=1)
    for _, window in steps.groupby("window"):
        places = [at[moment] for moment in window["timestamp"] if moment in at]
        chart.guide([places[0], places[0]], [chart.y.low, chart.y.high])
        chart.line(places, window["prediction"], series=2)
    title = f"{quoted(item, 60)}" if len(found.items) > 1 else "Forecast against what came"
    measure = measure_named(found.metric)
    caption = (
        f"{measure.title} {measure.form(error)}. Each dashed line begins a held-out window; the band should hold eight "
        "values in ten."
    )
    marks = _marks(history["timestamp"])
    svg = chart.svg(f"{title}. {caption}", x_names=marks)
    return Figure(
        title=title, caption=caption, body=svg + legend(["what came", "forecast"]), part="forecast", wide=True
    )


def item_errors(found: Forecasts) -> Figure:
    """Each series' own score, the worst first."""
    errors = _by_item(found)[::-1]
    measure = measure_named(found.metric)
    naive = _by_item(found, naive=True)
    beaten = float(np.mean([errors[item] < naive.get(item, np.nan) for item in errors.index]))
    entries = [
        Bar(name=str(item), value=float(value), text=measure.form(float(value))) for item, value in errors.items()
    ]
    caption = (
        f"The forecast beats repeating the last season in {share(beaten, 0)} of {count(len(errors), 'series')}."
        if len(errors) > 1
        else "There is one series."
    )
    body = bars(("series", measure.title, ""), entries[: _SHOWN * 2])
    if len(entries) > _SHOWN * 2:
        body += more("More of them", bars(("series", measure.title, ""), entries[_SHOWN * 2 : _LISTED]))
    return Figure(title="Error by series, worst first", caption=caption, body=body, part="items", wide=True)


def backtests(found: Forecasts) -> Figure:
    """Each window by itself: a score that holds only in one of them is luck."""
    measure = measure_named(found.metric)
    parts, naive = found.parts(), found.parts(naive=True)
    rows = []
    for window, steps in found.steps.groupby("window"):
        mine = found.score(parts[parts["window"] == window])
        theirs = found.score(naive[naive["window"] == window])
        span = f"{_day(steps['timestamp'].min())} to {_day(steps['timestamp'].max())}"
        rows.append((span, measure.form(mine), measure.form(theirs), share(1 - mine / theirs, 0) if theirs else ""))
    head = ("window", measure.title, "repeating", "less error")
    caption = "Each window was forecast from all that came before it; no candidate had learned from any of them."
    return Figure(
        title="Held-out windows", caption=caption, body=table(head, rows, numeric=(1, 2, 3)), part="windows", wide=True
    )


def _by_item(found: Forecasts, *, naive: bool = False) -> pd.Series:
    """Each series' score, best first."""
    parts = found.parts(naive=naive)
    scores = {item: found.score(rows) for item, rows in parts.groupby("item_id", sort=False)}
    return pd.Series(scores, dtype=float).dropna().sort_values(kind="stable")


def forecast_ahead(answers: pd.DataFrame, test: Any) -> Group:
    """How the first few series go on: `answers` are what the model says of the steps to come."""
    told, target = test.attrs["series"], str(test.columns[0])
    rows = answers.reset_index()
    items = list(dict.fromkeys(rows["item_id"]))[:_SHOWN]
    return Group(_ahead(rows[rows["item_id"] == item], test.loc[item][target], told["horizon"]) for item in items)


def _ahead(steps: pd.DataFrame, past: pd.Series, horizon: int) -> Figure:
    item, known = str(steps["item_id"].iloc[0]), past.iloc[-_HISTORY * horizon :]
    places = np.arange(len(known), len(known) + len(steps))
    ranged = {"0.1", "0.9"} <= set(map(str, steps.columns))
    values = [known.to_numpy(dtype=float), steps["mean"].to_numpy(dtype=float)]
    values += [steps[name].to_numpy(dtype=float) for name in ("0.1", "0.9") if ranged]
    moments = pd.Series([*known.index, *steps["timestamp"]])
    across = Axis("", 0, len(moments) - 1.0)
    chart = Chart(across, Axis.around(shorten(str(past.name), 30), np.concatenate(values)), width=700, height=240)
    if ranged:
        chart.band(places, steps["0.1"], steps["0.9"], series=2)
    truth = known.to_numpy(dtype=float)
    here = np.flatnonzero(np.isfinite(truth))
    chart.line(here, truth[here], series=1)
    chart.line(places, steps["mean"], series=2)
    title = f"What comes next: {quoted(item, 50)}" if item != "series" else "What comes next"
    first, last = float(steps["mean"].iloc[0]), float(steps["mean"].iloc[-1])
    caption = (
        f"From {number(first)} on {_day(steps['timestamp'].iloc[0])} to {number(last)} on "
        f"{_day(steps['timestamp'].iloc[-1])}; the band should hold eight values in ten."
    )
    svg = chart.svg(f"{title}. {caption}", x_names=_marks(moments))
    return Figure(title=title, caption=caption, body=svg + legend(["history", "forecast"]), part="ahead", wide=True)


def _marks(moments: pd.Series) -> list[str]:
    """Five moments, each in the middle of a fifth."""
    return [_day(moments.iloc[int(place)]) for place in np.arange(0.1, 1, 0.2) * (len(moments) - 1)]


def _day(moment: Any) -> str:
    return str(pd.Timestamp(moment)).removesuffix(":00").removesuffix(" 00:00")
