"""Pictures where people would look: some of each class, those behind the confusions, and the worst errors.

Thumbnails are small JPEGs inside the page, and bounded in number, so that a report stays well under two megabytes
whatever the pictures are.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from gristmill import pictures
from gristmill.figures.answers import Answers
from gristmill.figures.data import notice_list
from gristmill.figures.figure import Figure, Group
from gristmill.figures.pieces import Bar, Cell, Markup, bars, table, tiles
from gristmill.records import Notice, Profile, Severity
from gristmill.wording import count, quoted, share, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["picture_confusion", "picture_errors", "picture_summary", "sample_grid", "thumbnail"]

_SIDE = 72  # pixels
_CLASSES, _EACH = 12, 6
_WORST = 18
_CELLS, _BEHIND = 10, 6


def thumbnail(path: str, words: str, side: int = _SIDE) -> str:
    """A small picture inside the page; where it cannot be opened, its words alone."""
    try:
        small = pictures.load(path, 2 * side)
    except pictures.PictureUnreadable:
        return f"<span>{escape(words)}</span>"
    held = io.BytesIO()
    small.save(held, "JPEG", quality=70)
    source = base64.b64encode(held.getvalue()).decode()
    crisp = " gm-crisp" if max(small.size) < side else ""
    return (
        f'<img class="gm-picture{crisp}" width="{side}" height="{side}" loading="lazy" '
        f'src="data:image/jpeg;base64,{source}" alt="{escape(words)}" title="{escape(words)}">'
    )


def picture_summary(profile: Profile, notices: Iterable[Notice] = (), *, target: str = "") -> Group:
    """How many pictures there are, how large, and of which classes; the notices, gravest first."""
    listed = tuple(dict.fromkeys((*profile.notices, *notices)))
    column = profile.column(target)
    grave = sum(notice.severity in (Severity.WARNING, Severity.CONFIRM) for notice in listed)
    facts = [
        ("pictures to learn from and to test on", f"{sum(table.rows for table in profile.tables):,}"),
        ("classes", f"{column.distinct:,}"),
        ("pixels on the longer side of a typical one", profile.facts.get("side", "")),
        ("megabytes", f"{profile.bytes / 1e6:,.1f}"),
        ("warnings", f"{grave:,}"),
    ]
    present = max(1, column.rows - column.missing)
    entries = [
        Bar(name=name, value=amount, text=f"{amount:,} ({share(amount / present)})")
        for name, amount in column.top[: 2 * _CLASSES]
    ]
    caption = f"{count(column.distinct, 'class')}."
    if len(entries) < column.distinct:
        caption += f" The {len(entries)} commonest are shown."
    body = bars(("class", "", "pictures"), entries)
    return Group(
        (
            Figure(title="The data", body=tiles(facts) + notice_list(listed), part="data", wide=True),
            Figure(title=f"What is predicted: {quoted(target, 60)}", caption=caption, body=body, part="target"),
        )
    )


def sample_grid(rows: pd.DataFrame, picture: str, target: str, *, seed: int = 0) -> Figure:
    """A few pictures of each class."""
    counts = rows[target].value_counts()
    lines: list[list[Cell]] = []
    for label in counts.index[:_CLASSES]:
        drawn = rows[rows[target] == label]
        drawn = drawn.sample(min(_EACH, len(drawn)), random_state=seed)
        shown = _strip([(str(path), f"{label}: {_name(path)}") for path in drawn[picture]])
        lines.append([shorten(str(label), 40), f"{int(counts[label]):,}", Markup(shown)])
    caption = f"{count(len(counts), 'class')}, drawn at random from {count(len(rows), 'picture')} to learn from."
    if len(counts) > _CLASSES:
        caption += f" The {_CLASSES} commonest are shown."
    body = table(("class", "pictures", "some of them"), lines, numeric=(1,))
    return Figure(title="What the classes look like", caption=caption, body=body, part="samples", wide=True)


def picture_errors(test: pd.DataFrame, answers: Answers, picture: str, *, most: int = _WORST) -> Figure:
    """The wrong answers of which the model was surest, as pictures with the true and the given answer."""
    rows = np.flatnonzero(answers.prediction != answers.truth)
    title = "Worst errors"
    if not len(rows) or answers.probabilities is None:
        caption = f"All of the {count(len(answers), 'held-out picture')} were answered rightly."
        return Figure(title=title, caption=caption, body="", part="worst", wide=True)
    claimed = answers.probabilities[rows, answers.prediction[rows]]
    order = rows[np.argsort(-claimed, kind="stable")][:most]
    paths = test.reset_index(drop=True)[picture]
    body = "".join(_captioned(answers, int(index), str(paths.iloc[int(answers.rows[index])])) for index in order)
    first = int(order[0])
    caption = (
        f"{count(len(rows), 'answer')} of {len(answers):,} {'is' if len(rows) == 1 else 'are'} wrong; here, those of "
        f"which the model was surest. First: {quoted(answers.classes[answers.truth[first]])} was called "
        f"{quoted(answers.classes[answers.prediction[first]])}. Look for wrong labels as much as for a wrong model."
    )
    body = f'<div class="gm-gallery">{body}</div>'
    return Figure(title=title, caption=caption, body=body, part="worst", wide=True)


def picture_confusion(test: pd.DataFrame, answers: Answers, picture: str) -> Figure:
    """The pictures behind the commonest confusions."""
    title = "The pictures behind the confusions"
    kinds = len(answers.classes)
    matrix = np.bincount(answers.truth * kinds + answers.prediction, minlength=kinds * kinds).reshape(kinds, kinds)
    off = matrix - np.diag(matrix.diagonal())
    cells = [divmod(int(flat), kinds) for flat in np.argsort(-off, axis=None, kind="stable")[:_CELLS]]
    cells = [(truth, said) for truth, said in cells if off[truth, said]]
    if not cells:
        return Figure(title=title, caption="No class was taken for another.", body="", part="confused", wide=True)
    paths = test.reset_index(drop=True)[picture]
    lines: list[list[Cell]] = []
    for truth, said in cells:
        rows = answers.rows[(answers.truth == truth) & (answers.prediction == said)][:_BEHIND]
        shown = _strip([(str(paths.iloc[int(row)]), _name(paths.iloc[int(row)])) for row in rows])
        amount = int(off[truth, said])
        part = share(amount / int(matrix[truth].sum()), 0)
        names = (shorten(answers.classes[truth], 30), shorten(answers.classes[said], 30))
        lines.append([*names, f"{amount:,} ({part})", Markup(shown)])
    truth, said = cells[0]
    caption = (
        f"{quoted(answers.classes[truth])} is taken for {quoted(answers.classes[said])} most often: "
        f"{count(int(off[truth, said]), 'time')}."
    )
    body = table(("truth", "answer", "pictures", "some of them"), lines, numeric=(2,))
    return Figure(title=title, caption=caption, body=body, part="confused", wide=True)


def _captioned(answers: Answers, index: int, path: str) -> str:
    truth, said = (answers.classes[code[index]] for code in (answers.truth, answers.prediction))
    claimed = share(float(answers.probabilities[index, answers.prediction[index]]), 0)  # type: ignore[index]
    words = f"{_name(path)}: {truth}, called {said}"
    return (
        f"<figure>{thumbnail(path, words, 112)}<figcaption>"
        f"<strong>{escape(shorten(truth, 24))}</strong><br>called {escape(shorten(said, 24))}, {claimed}"
        "</figcaption></figure>"
    )


def _strip(shown: Sequence[tuple[str, str]]) -> str:
    images = "".join(thumbnail(path, words) for path, words in shown)
    return f'<span class="gm-gallery">{images}</span>'


def _name(path: object) -> str:
    return str(path).rpartition("/")[2]
