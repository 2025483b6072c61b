"""The held-out windows as one table of steps, and what errors on them come to by each metric.

A score is a sum of errors over a sum of scales, so that an interval comes from drawing series again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Forecasts", "errors_and_scales"]


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
        errors, scales = errors_and_scales(self, steps, naive=naive)
        summed = steps[["item_id", "window"]].assign(above=errors, below=scales)
        summed = summed[np.isfinite(summed["above"]) & np.isfinite(summed["below"])]
        parts: pd.DataFrame = summed.groupby(["item_id", "window"], sort=False, as_index=False).sum()
        return parts

    def score(self, parts: pd.DataFrame) -> float:
        """The metric over all of `parts`: within each window, then the mean of the windows."""
        return _score(parts["window"].to_numpy(), parts["above"].to_numpy(), parts["below"].to_numpy(), self.power)

    def by_item(self, *, naive: bool = False) -> pd.Series:
        """Each series' score, best first."""
        parts = self.parts(naive=naive)
        scores = {item: self.score(rows) for item, rows in parts.groupby("item_id", sort=False)}
        return pd.Series(scores, dtype=float).dropna().sort_values(kind="stable")

    @property
    def power(self) -> float:
        """To what a mean of errors is raised."""
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


def errors_and_scales(found: Forecasts, steps: pd.DataFrame, *, naive: bool) -> tuple[Any, Any]:
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
