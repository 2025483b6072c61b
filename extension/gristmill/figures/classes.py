"""How well classes are told apart: which is taken for which, and each class's own figures."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.answers import Answers
from gristmill.figures.figure import Figure
from gristmill.figures.pieces import more, table
from gristmill.wording import count, quoted, share, share_alike, shorten

__all__ = ["class_figures", "confusion"]

_SHOWN_IN_MATRIX = 12
_LONGEST_HEAD, _LETTERS_ABOVE = 10, 60  # of one column's name, and of all together; beyond, columns carry numbers
_SHOWN_IN_TABLE = 15
_SHOWN_CONFUSIONS = 12


def confusion(answers: Answers) -> Figure:
    """The confusion matrix; with many classes, the confusions that happen most."""
    matrix = _count(answers)
    occurring = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    small = len(occurring) <= _SHOWN_IN_MATRIX
    body = _matrix(answers, matrix, occurring) if small else _commonest(answers, matrix)
    return Figure(
        title="Confusion matrix: truth against answer" if small else "Which classes are taken for which",
        caption=_worst_confusion(answers, matrix),
        body=body,
        part="confusion",
        wide=not small or len(occurring) > 4,
    )


def class_figures(answers: Answers) -> Figure:
    """Precision, recall and F1 of each class."""
    matrix = _count(answers)
    actual, called, right = matrix.sum(axis=1), matrix.sum(axis=0), matrix.diagonal()
    order = [int(index) for index in np.argsort(-actual, kind="stable") if actual[index] or called[index]]
    rows = [_class_row(answers, index, int(actual[index]), int(called[index]), int(right[index])) for index in order]
    head = ("class", answers.items, "precision", "recall", "F1")
    body = table(head, rows[:_SHOWN_IN_TABLE], numeric=(1, 2, 3, 4))
    if len(rows) > _SHOWN_IN_TABLE:
        rest = rows[_SHOWN_IN_TABLE:][: 10 * _SHOWN_IN_TABLE]
        body += more(f"The next {len(rest)} of {len(rows)} classes", table(head, rest, numeric=(1, 2, 3, 4)))
    found = [index for index in order if actual[index]]
    recalls = right[found] / actual[found]
    worst = found[int(np.argmin(recalls))] if found else 0
    caption = "Precision: how often an answer is right. Recall: how many of a class are found. "
    if found:
        caption += f"Hardest to find: {quoted(answers.classes[worst])}, "
        caption += f"with {int(right[worst]):,} of {int(actual[worst]):,} found."
    return Figure(title="Each class", caption=caption, body=body, part="classes", wide=True)


def _count(answers: Answers) -> NDArray[np.int64]:
    kinds = len(answers.classes)
    return np.bincount(answers.truth * kinds + answers.prediction, minlength=kinds * kinds).reshape(kinds, kinds)


def _class_row(answers: Answers, index: int, actual: int, called: int, right: int) -> list[str]:
    precision = share_alike(right / called) if called else "never said"
    recall = share_alike(right / actual) if actual else "none here"
    return [
        shorten(answers.classes[index], 60),
        f"{actual:,}",
        precision,
        recall,
        f"{2 * right / (actual + called):.3f}",
    ]


def _worst_confusion(answers: Answers, matrix: NDArray[np.int64]) -> str:
    off = matrix - np.diag(matrix.diagonal())
    right, total = int(matrix.diagonal().sum()), int(matrix.sum())
    if not off.sum():
        return f"All of the {count(total, f'held-out {answers.item}')} were answered rightly: there is no confusion."
    actual, called = np.unravel_index(int(np.argmax(off)), off.shape)
    said = int(matrix[:, called].sum())
    return (
        f"{right:,} of {total:,} answers are right. Of {count(said, answers.item)} called "
        f"{quoted(answers.classes[called])}, "
        f"{_were(int(matrix[called, called]))}; "
        f"{_were(int(off[actual, called]))} {quoted(answers.classes[actual])} instead."
    )


def _were(amount: int) -> str:
    return f"{amount:,} {'was' if amount == 1 else 'were'}"


def _matrix(answers: Answers, matrix: NDArray[np.int64], shown: NDArray[np.intp]) -> str:
    """A table whose cells are tinted by their share of the row. Columns carry numbers where names would not fit."""
    names = [answers.classes[index] for index in shown]
    short = all(len(name) <= min(_LONGEST_HEAD, _LETTERS_ABOVE // len(names)) for name in names)
    heads = "".join(
        f'<th scope="col" title="{escape(name)}">{escape(name) if short else place}</th>'
        for place, name in enumerate(names, start=1)
    )
    body = ""
    for place, (index, name) in enumerate(zip(shown, names, strict=True), start=1):
        total = int(matrix[index].sum())
        cells = "".join(_cell(int(matrix[index, other]), total, right=bool(index == other)) for other in shown)
        label = escape(shorten(name, 28)) if short else f"<span>{place}</span> {escape(shorten(name, 28))}"
        body += f'<tr><th scope="row" title="{escape(name)}">{label}</th>{cells}</tr>'
    return (
        '<div class="gm-scroll" tabindex="0" role="region" aria-label="confusion matrix">'
        f'<table class="gm-matrix{" gm-roomy" if len(names) <= 3 else ""}"><thead>'
        f'<tr><td></td><th colspan="{len(names)}" class="gm-over">answer</th></tr>'
        f'<tr><th scope="col" class="gm-over">truth</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(amount: int, total: int, *, right: bool) -> str:
    part = amount / total if total else 0.0
    kind = "gm-right" if right else "gm-wrong"
    return (
        f'<td class="{kind}" style="--part:{100 * part:.0f}%">{amount:,}'
        f"<small>{share(part, 0) if amount else ''}</small></td>"
    )


def _commonest(answers: Answers, matrix: NDArray[np.int64]) -> str:
    off = matrix - np.diag(matrix.diagonal())
    order = np.argsort(-off, axis=None, kind="stable")[:_SHOWN_CONFUSIONS]
    rows = []
    for flat in order:
        actual, called = np.unravel_index(int(flat), off.shape)
        amount = int(off[actual, called])
        if amount:
            names = (answers.classes[actual], answers.classes[called])
            rows.append(
                [*(shorten(name, 44) for name in names), f"{amount:,}", share(amount / int(matrix[actual].sum()))]
            )
    kinds = int(np.count_nonzero(matrix.sum(axis=1)))
    note = f'<p class="gm-aside">{kinds:,} classes: the {len(rows)} commonest confusions are shown.</p>'
    return table(("truth", "answer", answers.items, "of that class"), rows, numeric=(2, 3)) + note
