"""Columns that all but give the target away: what a model learns from them it will not have when it is needed.

Each column by itself predicts the target of rows that it was not fitted on (five folds), so that a column which is
merely different in every row, as an identifier is, gains nothing by it:

- words by the classes, or the mean, that their other rows have,
- numbers by their nearest neighbours, which follows any curve and needs no tuning,
- gaps by whether there is a value at all: a date of death is filled in for the dead only.

Strength is measured as AUC for two classes, as the share of mistakes removed for more, and as the share of the order
explained for numbers: 1 is giving away, 0 is telling nothing. Good columns reach 0.9; hardly an honest one 0.99.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gristmill.records import Notice, Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["leaks"]

ROWS = 10_000  # of a larger sample, so many are looked at
FEWEST = 30
FOLDS = 5
NEIGHBOURS = 5
GIVEN_AWAY = 0.99
GAPS_GIVE_AWAY = 0.95  # that a value is there at all is seldom a cause of anything
_CLASSES = 50


def leaks(rows: pd.DataFrame, target: str, *, are_classes: bool) -> tuple[Notice, ...]:
    """A warning for each column of `rows` that gives `target` away."""
    rows = rows.loc[rows[target].notna()]
    if len(rows) > ROWS:
        rows = rows.sample(ROWS, random_state=0)
    answers = _classes(rows[target]) if are_classes else _ranks(rows[target])
    if len(rows) < FEWEST or answers is None:
        return ()
    folds = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    found = []
    for name in rows.columns.drop(target):
        notice = _suspect(rows[name], answers, folds, target)
        if notice is not None:
            found.append(notice)
    return tuple(found)


def _suspect(column: pd.Series, answers: NDArray[np.float64], folds: NDArray[np.int64], target: str) -> Notice | None:
    gaps = column.isna().to_numpy()
    if gaps.all():
        return None
    strength = _strength(_predict(column, answers, folds), answers)
    if strength >= GIVEN_AWAY:
        almost = "exactly" if strength > 0.9999 else "almost exactly"
        message = (
            f"'{column.name}' by itself tells '{target}' {almost} ({_measure(answers)} {strength:.3f}). It may have "
            f"been made from '{target}', or written down after it was known."
        )
    elif gaps.any():
        strength = _strength(_of_groups(pd.Series(gaps), answers, folds), answers)
        if strength < GAPS_GIVE_AWAY:
            return None
        message = (
            f"Whether '{column.name}' is filled in tells '{target}' almost by itself ({_measure(answers)} "
            f"{strength:.3f}). It may be filled in only after '{target}' is known."
        )
    else:
        return None
    return Notice(
        code="leakage",
        message=message,
        severity=Severity.WARNING,
        cure=f"If it is not known at the time of a prediction, leave it out: --set ignore='{column.name}'.",
        column=str(column.name),
    )


def _measure(answers: NDArray[np.float64]) -> str:
    return {1: "R² of the ranks", 2: "AUC"}.get(answers.shape[1], "share of mistakes removed")


def _classes(target: pd.Series) -> NDArray[np.float64] | None:
    """One column of ones and zeros for each class; None where there are too few or too many to tell anything."""
    codes, classes = pd.factorize(target)
    if not 2 <= len(classes) <= _CLASSES:
        return None
    return np.eye(len(classes))[codes]


def _ranks(target: pd.Series) -> NDArray[np.float64] | None:
    """Ranks, in which outliers weigh no more than others."""
    if not pd.api.types.is_numeric_dtype(target) or target.nunique() < 2:
        return None
    return np.asarray(target.rank(), dtype=float)[:, None] / len(target)


def _predict(column: pd.Series, answers: NDArray[np.float64], folds: NDArray[np.int64]) -> NDArray[np.float64]:
    # Dates are no numbers here: what moves slowly is told by its neighbours in time, which gives nothing away.
    numeric = pd.api.types.is_numeric_dtype(column)
    if numeric and column.nunique() > len(column) / NEIGHBOURS / 2:
        return _of_neighbours(column.to_numpy(dtype=float, na_value=np.nan), answers, folds)
    return _of_groups(column, answers, folds)


def _of_groups(column: pd.Series, answers: NDArray[np.float64], folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each row the mean answer of rows in other folds that have the same value; of all others where none has."""
    codes = pd.factorize(column, use_na_sentinel=False)[0]
    predicted = np.empty_like(answers)
    for fold in range(FOLDS):
        here, there = folds == fold, folds != fold
        counts = np.bincount(codes[there], minlength=codes.max() + 1)
        overall = answers[there].mean(axis=0)
        for part in range(answers.shape[1]):
            sums = np.bincount(codes[there], weights=answers[there, part], minlength=len(counts))
            means = np.where(counts > 0, sums / np.maximum(counts, 1), overall[part])
            predicted[here, part] = means[codes[here]]
    return predicted


def _of_neighbours(
    values: NDArray[np.float64], answers: NDArray[np.float64], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For each row the mean answer of the rows in other folds whose values are nearest; gaps are neighbours of gaps."""
    values = np.nan_to_num(values, nan=-np.inf, posinf=np.finfo(float).max)
    predicted = np.empty_like(answers)
    for fold in range(FOLDS):
        here, there = folds == fold, np.flatnonzero(folds != fold)
        order = there[np.argsort(values[there], kind="stable")]
        places = np.searchsorted(values[order], values[here]) - NEIGHBOURS // 2
        nearest = np.clip(places[:, None] + np.arange(NEIGHBOURS), 0, len(order) - 1)
        predicted[here] = answers[order[nearest]].mean(axis=1)
    return predicted


def _strength(predicted: NDArray[np.float64], answers: NDArray[np.float64]) -> float:
    classes = answers.shape[1]
    if classes == 1:
        return 1.0 - float(np.square(answers - predicted).sum() / np.square(answers - answers.mean()).sum())
    if classes == 2:
        return _auc(predicted[:, 1], answers[:, 1] == 1)
    right = float((predicted.argmax(axis=1) == answers.argmax(axis=1)).mean())
    commonest = float(answers.mean(axis=0).max())
    return (right - commonest) / (1.0 - commonest)


def _auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """How often a positive row's score is above a negative one's, ties counting half."""
    count = int(positive.sum())
    ranks = pd.Series(scores).rank().to_numpy()
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))
