"""Which columns the model looks at: permutation importance, with intervals.

It asks the model many times, so it is bounded: it looks at a sample of rows, and where there are more columns than
the time allows, at those that go most along with the answers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.figure import Figure
from gristmill.figures.measures import measure_named
from gristmill.figures.pieces import Bar, bars
from gristmill.wording import alike, count, quoted, share

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Importance", "importance"]

_SHOWN = 15
_ROWS = 500
_SHUFFLES = 5
_FEWEST_ROWS = 100
_FEWEST_COLUMNS, _MOST_COLUMNS = 4, 400
_TITLE = "Which columns matter"


@dataclass(frozen=True, kw_only=True)
class Importance(Figure):
    """The importance figure, and the columns that matter, most important first."""

    features: tuple[str, ...]
    scores: dict[str, float]


def importance(predictor: Any, test: pd.DataFrame, *, time_limit: float, seed: int = 0) -> Importance:
    """How much worse the score gets when a column is shuffled, by AutoGluon's `feature_importance`."""
    until = time.monotonic() + time_limit
    rows = test[test[predictor.label].notna()]
    rows = rows.sample(min(len(rows), _ROWS), random_state=seed).reset_index(drop=True)
    answers, once = _timed(predictor, rows)
    if once * _FEWEST_COLUMNS > time_limit:
        rows = rows.head(_FEWEST_ROWS)
        answers, once = _timed(predictor, rows)
    # AutoGluon always shuffles every column it is given at least once, whatever its limit: give it no more than fit.
    affordable = min(_MOST_COLUMNS, int((until - time.monotonic()) / once))
    if affordable < _FEWEST_COLUMNS:
        caption = "There was no time left to test which columns matter."
        return Importance(title=_TITLE, caption=caption, body="", part="importance", features=(), scores={})
    offered = list(predictor.feature_metadata_in.get_features())
    tested = offered if len(offered) <= affordable else _likeliest(rows[offered], answers, affordable)
    found = predictor.feature_importance(
        rows,
        features=tested,
        subsample_size=None,
        num_shuffle_sets=_SHUFFLES,
        time_limit=max(0.1, until - time.monotonic()),
        confidence_level=0.95,
        silent=True,
    )
    return _importance_figure(predictor, found, len(offered), len(rows))


def _timed(predictor: Any, rows: pd.DataFrame) -> tuple[pd.Series, float]:
    """Answers, and the seconds that they took."""
    before = time.monotonic()
    return predictor.predict(rows), max(1e-3, time.monotonic() - before)


def _importance_figure(predictor: Any, found: pd.DataFrame, offered: int, rows: int) -> Importance:
    measure = measure_named(predictor.eval_metric.name)
    as_points = measure.form is share
    scale, unit = (100.0, "percentage points") if as_points else (1.0, measure.title)
    form = alike(scale * found["importance"].head(_SHOWN))
    shuffles = int(found["n"].max()) if len(found) else 0
    entries = [
        Bar(
            name=str(name),
            value=float(row["importance"]),
            low=_finite(row["p95_low"]),
            high=_finite(row["p95_high"]),
            text=form(scale * float(row["importance"])),
        )
        for name, row in found.head(_SHOWN).iterrows()
    ]
    matter = [str(name) for name, row in found.iterrows() if row["importance"] > 0]
    worse = "falls" if measure.greater_is_better else "rises"
    caption = "No column matters on its own."
    if matter:
        points = " percentage points" if as_points else ""
        caption = (
            f"Shuffle {quoted(matter[0])} and {measure.title} {worse} by {entries[0].text}{points}: "
            "no other column matters more. "
            f"{count(shuffles, 'shuffle')} of {count(rows, 'held-out row')}"
            f"{'; whiskers are 95% intervals.' if shuffles > 1 else ', too few for intervals.'}"
        )
    if len(found) < offered:
        caption += f" Of {offered:,} columns, the {len(found)} that go most along with the answers were tested."
    if len(found) > len(entries):
        caption += f" The first {len(entries)} are shown."
    return Importance(
        title=_TITLE,
        caption=caption,
        body=bars(
            ("column", f"{measure.title} {'lost' if measure.greater_is_better else 'added'} when shuffled", unit),
            entries,
        ),
        part="importance",
        wide=True,
        features=tuple(matter),
        scores={str(name): float(row["importance"]) for name, row in found.iterrows()},
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _likeliest(rows: pd.DataFrame, answers: pd.Series, most: int) -> list[str]:
    """The columns that go most along with the answers: a cheap look at each, to choose which to test in earnest."""
    answer = answers.factorize()[0] if answers.dtype.kind not in "fiu" else answers.to_numpy()
    ranks = _ranks(np.asarray(answer, dtype=float))
    ties = {}
    for name in rows.columns:
        column = rows[name]
        codes = column.to_numpy() if column.dtype.kind in "fiub" else column.astype(str).factorize(sort=True)[0]
        values = _ranks(np.nan_to_num(np.asarray(codes, dtype=float)))
        spread = float(values.std() * ranks.std())
        ties[name] = abs(float(np.mean((values - values.mean()) * (ranks - ranks.mean())))) / spread if spread else 0.0
    return sorted(ties, key=lambda name: -ties[name])[:most]


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(float)
