"""The answers that went worst: rows to look at, because they teach most about data and model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.answers import Answers
from gristmill.figures.figure import Figure
from gristmill.figures.pieces import table
from gristmill.wording import count, number, quoted, share, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["worst_errors"]

_SHOWN_COLUMNS = 5


def worst_errors(test: pd.DataFrame, answers: Answers, *, features: Sequence[str] = (), most: int = 10) -> Figure:
    """The rows that were answered worst, with the columns `features` (the first few of the table if none are named)."""
    loss = _losses(answers)
    worst = [int(index) for index in np.argsort(-loss, kind="stable")[:most] if loss[index] > 0]
    if not worst:
        return Figure(
            title="Worst errors", caption="Every held-out row was answered rightly.", body="", part="worst", wide=True
        )
    offered = [name for name in (features or test.columns) if name in test.columns and str(name) != answers.target]
    shown = offered[:_SHOWN_COLUMNS]
    rows = []
    for index in worst:
        row = int(answers.rows[index])
        judged = _class_cells(answers, index) if answers.classes else _number_cells(answers, index)
        rows.append([f"{row:,}", *judged, *(_value(test[name].iloc[row]) for name in shown)])
    said = ("truth", "answer", "claimed") if answers.classes else ("actual", "predicted", "off by")
    body = table(
        ("row", *said, *(shorten(str(name), 26) for name in shown)), rows, numeric=_numeric(answers, test, shown)
    )
    body += '<p class="gm-aside">Row: place among the held-out rows, counted from 0.</p>'
    return Figure(title="Worst errors", caption=_caption(answers, worst[0], loss), body=body, part="worst", wide=True)


def _losses(answers: Answers) -> NDArray[np.float64]:
    """How wrong each answer is: for classes, how much more was claimed for the wrong one than for the right one."""
    if answers.probabilities is None:
        distance: NDArray[np.float64] = np.abs(answers.prediction - answers.truth)
        return distance
    rows = np.arange(len(answers))
    margin = answers.probabilities[rows, answers.prediction] - answers.probabilities[rows, answers.truth]
    return np.where(answers.prediction == answers.truth, 0.0, np.maximum(margin, 1e-9))


def _class_cells(answers: Answers, index: int) -> list[str]:
    truth, said = int(answers.truth[index]), int(answers.prediction[index])
    claimed = float(answers.probabilities[index, said]) if answers.probabilities is not None else float("nan")
    return [shorten(answers.classes[truth], 30), shorten(answers.classes[said], 30), share(claimed, 0)]


def _number_cells(answers: Answers, index: int) -> list[str]:
    truth, said = float(answers.truth[index]), float(answers.prediction[index])
    return [number(truth, 4), number(said, 4), number(said - truth)]


def _caption(answers: Answers, first: int, loss: NDArray[np.float64]) -> str:
    if answers.classes:
        truth, said, claimed = _class_cells(answers, first)
        wrong = int(np.count_nonzero(loss))
        return (
            f"{count(wrong, 'answer')} of {len(answers):,} {'is' if wrong == 1 else 'are'} wrong; here, those of which "
            f"the model was surest. First: a row that is {quoted(truth)} was called {quoted(said)} with {claimed}. "
            "Look for mistakes in the data as much as in the model."
        )
    part = float(np.sort(loss)[-max(1, len(loss) // 100) :].sum() / loss.sum())
    return (
        f"The worst 1% of the rows make up {share(part, 0)} of all error. "
        "Look for mistakes in the data as much as in the model."
    )


def _numeric(answers: Answers, test: pd.DataFrame, shown: Sequence[str]) -> list[int]:
    numbers = [place for place, name in enumerate(shown, start=4) if test[name].dtype.kind in "fiu"]
    return [0, 3, *numbers] if answers.classes else [0, 1, 2, 3, *numbers]


def _value(value: Any) -> str:
    if value is None or value != value:  # not-a-number is the one value that differs from itself
        return "\N{EN DASH}"
    return number(float(value), 4) if isinstance(value, (float, np.floating)) else shorten(str(value), 40)
