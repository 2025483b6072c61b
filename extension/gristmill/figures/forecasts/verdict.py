"""Whether the forecasts are worth having: their score beside that of repeating the last season, with an interval."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gristmill.figures.forecasts.windows import Forecasts, errors_and_scales
from gristmill.figures.judgement import Verdict
from gristmill.figures.measures import measure_named
from gristmill.figures.pieces import tiles
from gristmill.wording import Form, interval, rounded, share

__all__ = ["series_verdict"]

_RESAMPLES = 1_000
_FEW = 5  # units from which an interval means something
_STANDINGS = {
    "better": (
        "Better than repeating",
        "The forecasts are {less} closer to what came than repeating the last season",
    ),
    "same": ("No better than repeating", "The forecasts cannot be told from repeating the last season"),
    "worse": ("Worse than repeating", "The forecasts do worse than repeating the last season"),
}


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
    form: Form = rounded(high - low, percent=measure.form is share)
    less = 1 - score / naive if naive else 0.0
    title, opening = _STANDINGS[standing]
    sentence = (
        f"{opening.format(less=share(less, 0))}: {measure.title} {form(score)} (95% interval "
        f"{interval(low, high, form)}), where repeating would score {form(naive)}."
    )
    facts = [
        (f"{measure.title} on the held-out windows", form(score)),
        ("95% interval", interval(low, high, form)),
        ("by repeating the last season", form(naive)),
        ("less error than repeating", share(less, 0)),
        (
            f"held-out windows \N{MULTIPLICATION SIGN} steps, in {len(found.items):,} series",
            f"{found.windows} \N{MULTIPLICATION SIGN} {found.horizon}",
        ),
    ]
    numbers = {
        "metric": found.metric, "score": score, "low": low, "high": high, "baseline": naive,
        "baseline_name": "repeating the last season", "skill": less,
        "rows": int(found.steps["truth"].notna().sum()), "standing": standing, "sentence": sentence,
    }  # fmt: skip
    asides = "".join(f'<p class="gm-aside">{escape(doubt)}</p>' for doubt in _doubts(found, unit))
    return Verdict(title=title, caption=sentence, body=tiles(facts) + asides, part="verdict", numbers=numbers)


def _doubts(found: Forecasts, unit: str) -> list[str]:
    """How far the figures are to be trusted."""
    doubts = []
    if unit != "series":
        few = "one series" if len(found.items) == 1 else f"{len(found.items)} series"
        doubts.append(f"With {few} the interval comes from drawing {unit} again, and is rough.")
    covered = _covered(found)
    if covered is not None:
        doubts.append(f"{share(covered, 0)} of what came lies in the range that should hold 80%.")
    return doubts


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
            scores[at] = np.nanmean((drawn[:, [0, 2]] / drawn[:, [1, 3]]) ** found.power, axis=0)
    return scores[np.isfinite(scores).all(axis=1)], unit


def _by_step(found: Forecasts) -> pd.DataFrame:
    steps = found.steps[found.steps["truth"].notna()]
    above, below = errors_and_scales(found, steps, naive=False)
    naive_above, naive_below = errors_and_scales(found, steps, naive=True)
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
