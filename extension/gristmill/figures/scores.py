"""How good answers are beside a guess, and how sure that is: the best constant answer, and intervals by bootstrap."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.answers import Answers
from gristmill.figures.measures import Measure, measure_of
from gristmill.wording import number, quoted, share

__all__ = ["Interval", "Naive", "bootstrap", "guess"]

_RESAMPLES = 500
_FEWEST_RESAMPLES = 60
_RESAMPLED_ROWS = 5_000
_PATIENCE = 1.0  # seconds for one bootstrap


@dataclass(frozen=True)
class Naive:
    """The best that needs no model: one answer for every row."""

    name: str  # "always answering ..."
    score: float


@dataclass(frozen=True)
class Interval:
    """A score and the range that holds the true one 95 times in 100."""

    score: float
    low: float
    high: float


def bootstrap(answers: Answers, measure: Measure, seed: int = 0) -> Interval:
    """The score with its 95 % percentile interval over resampled rows.

    Large test sets are resampled with fewer rows than they have, and the spread is scaled down to their real size.
    """
    score = measure.score(answers)
    drawn = min(len(answers), _RESAMPLED_ROWS)
    random = np.random.default_rng(seed)
    until = time.monotonic() + _PATIENCE
    found: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a resample may lack a class; its score is then left out
        while len(found) < _RESAMPLES and (len(found) < _FEWEST_RESAMPLES or time.monotonic() < until):
            found.append(measure.score(answers.take(random.integers(len(answers), size=drawn))))
    spread = np.array(found) - score
    spread = spread[np.isfinite(spread)] * np.sqrt(drawn / len(answers))
    if not len(spread):
        return Interval(score, score, score)
    low, high = (score + float(value) for value in np.quantile(spread, (0.025, 0.975)))
    if measure.by_row and score in (0.0, 1.0):
        # Resampling rows that are all right says nothing about the errors still to come; the exact binomial bound does.
        bound = 0.025 ** (1 / len(answers))
        low, high = (bound, 1.0) if score else (0.0, 1 - bound)
    if measure.form is share and score <= 1:
        high = min(high, 1.0)
    return Interval(score, low, high)


def guess(answers: Answers, learned: NDArray[np.generic], *, ordered: bool = False) -> Naive:
    """The best constant answer that the training rows' targets (`learned`: numbers, or names of classes) suggest."""
    measure = measure_of(answers)
    names = _constant_classes(answers, learned) if answers.classes else _constant_numbers(answers, learned, ordered)
    scored = [Naive(name, measure.score(constant)) for name, constant in names]
    better = max if measure.greater_is_better else min
    return better(scored, key=lambda naive: naive.score)


def _constant_classes(answers: Answers, learned: NDArray[np.generic]) -> list[tuple[str, Answers]]:
    names, amounts = np.unique(np.asarray(learned).astype(str), return_counts=True)
    seen = dict(zip(names.tolist(), amounts.tolist(), strict=True))
    frequency = np.array([seen.get(name, 0) for name in answers.classes]) / len(learned)
    shares = np.tile(frequency, (len(answers), 1))
    if measure_of(answers).by_probability:
        name = "guessing" if measure_of(answers).said else "guessing by how common each class is"
        return [(name, replace(answers, probabilities=shares))]
    # Answering the class looked for may be the better guess: for F1 it usually is.
    constants = {int(np.argmax(frequency))} | ({answers.positive} if answers.positive is not None else set())
    return [
        (
            f"always answering {quoted(answers.classes[index])}",
            replace(answers, prediction=np.full(len(answers), index), probabilities=shares),
        )
        for index in sorted(constants)
    ]


def _constant_numbers(answers: Answers, learned: NDArray[np.generic], ordered: bool) -> list[tuple[str, Answers]]:
    values = np.asarray(learned, dtype=float)
    values = values[np.isfinite(values)]
    constants = {"the average": float(values.mean()), "the median": float(np.median(values))}
    if ordered:
        constants["the last value"] = float(values[-1])
    return [
        (f"always answering {name}, {number(value)},", replace(answers, prediction=np.full(len(answers), value)))
        for name, value in constants.items()
    ]
