"""Words that move answers about texts, and the texts that were answered worst, with those words marked.

Both ask the candidate that weighs words one by one, and say so: another candidate may go by other things. What is
shown are the texts held out, so that a word counts by what it does to texts never seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.answers import Answers
from gristmill.figures.figure import Figure
from gristmill.figures.pieces import Bar, Cell, Markup, bars, table
from gristmill.figures.wording import alike, count, share, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["telling_words", "worst_texts"]

_CLASSES, _WORDS_OF_TWO, _WORDS = 6, 12, 7
_TEXTS = 1_000  # held-out texts that are asked
_FEWEST = 2  # held-out texts in which a word must stand
_PASSAGE = 320  # characters of a text that are shown
_FOR, _AGAINST = 6, 4  # marked words of a passage
_MARK = ('<mark style="background-color:var(--gm-tint-2);color:inherit">', "</mark>")
_LOOKED_AT = 20_000  # characters of a text in which a passage is looked for


def telling_words(words: Any, texts: pd.DataFrame, labels: Sequence[Any], *, chosen: str) -> Figure:
    """The words that speak most for each class; `words` is the candidate that weighs them, if there is one."""
    title = "Words that move answers"
    if words is None:
        caption = "The candidate that weighs words was not finished, so there are no weights to show."
        return Figure(title=title, caption=caption, body="", part="words", wide=True)
    names, weights, found = words.pushes(texts.sample(min(len(texts), _TEXTS), random_state=0))
    total = np.asarray(found.sum(axis=0)).ravel()
    standing = np.asarray((found > 0).sum(axis=0)).ravel()
    shown = range(len(labels)) if len(labels) <= _CLASSES else np.argsort(-_reach(total, weights))[:_CLASSES].tolist()
    most = _WORDS_OF_TWO if len(labels) == 2 else _WORDS
    body = ""
    for place in sorted(shown):
        # By push alone the rarest words would lead, by all that they do the commonest, which tell least.
        picked = _picked(names, weights[:, place] * total / np.sqrt(np.maximum(standing, 1)), standing, most)
        pushes = [weights[index, place] * total[index] / standing[index] for index in picked]
        order = np.argsort(pushes, kind="stable")[::-1].tolist()
        picked, pushes = [picked[at] for at in order], [pushes[at] for at in order]
        form = alike(pushes, 2)
        entries = [
            Bar(
                name=names[index],
                value=float(push),
                text=f"+{form(push)} in {count(int(standing[index]), 'text')}",
                series=1 + place % 5,
            )
            for index, push in zip(picked, pushes, strict=True)
        ]
        if entries:
            body += bars((f"for {shorten(str(labels[place]), 40)}", "", "push, where it stands"), entries)
    by = (
        "that is the model chosen"
        if chosen.startswith(words.ag_name)
        else f"the model chosen, {chosen}, may go by more"
    )
    fold = "" if words.name == words.ag_name else " (in the first of its folds)"
    caption = (
        f"The strongest words for each class in {count(found.shape[0], 'held-out text')}, as {words.ag_name} weighs "
        f"them{fold}: {by}. A push is what a word adds to the log-odds of its class. A word that goes along with a "
        "class need not be the reason for it."
    )
    if len(labels) > _CLASSES:
        caption += f" {_CLASSES} of {len(labels):,} classes are shown, those with the strongest words."
    return Figure(title=title, caption=caption, body=body, part="words", wide=True)


def worst_texts(
    test: pd.DataFrame, answers: Answers, texts: Sequence[str], *, words: Any = None, most: int = 10
) -> Figure:
    """The texts that were answered worst, with the words that spoke for the wrong answer and for the right one."""
    title, part = "Worst errors", "worst"
    worst = _worst(answers, most)
    if not len(worst):
        return Figure(title=title, caption="Every held-out text was answered rightly.", body="", part=part, wide=True)
    known = _Weights(words) if words is not None else None
    rows: list[list[Cell]] = []
    for index in worst:
        truth, said = int(answers.truth[index]), int(answers.prediction[index])
        row = test.iloc[int(answers.rows[index])]
        text = "\n".join(str(row[name]) for name in texts if isinstance(row[name], str) and row[name])
        claimed = answers.probabilities[index, said] if answers.probabilities is not None else float("nan")
        names = (answers.classes[truth], answers.classes[said])
        rows.append(
            [*(shorten(name, 30) for name in names), share(float(claimed), 0), _passage(text, truth, said, known)]
        )
    wrong = int(np.count_nonzero(answers.prediction != answers.truth))
    caption = (
        f"{count(wrong, 'answer')} of {len(answers):,} {'is' if wrong == 1 else 'are'} wrong; here, those of which the "
        "model was surest. Look for mistakes in the data as much as in the model."
    )
    if known is not None:
        caption += (
            f" Marked: words that {words.ag_name} counts for the wrong answer; underlined: those for the right one."
        )
    body = table(("truth", "answer", "claimed", "text"), rows, numeric=(2,))
    return Figure(title=title, caption=caption, body=body, part=part, wide=True)


class _Weights:
    """How much each word speaks for each class."""

    def __init__(self, words: Any) -> None:
        self.spans = words.spans
        names, weights = words.weights()
        self._weights = weights * words.rarity()[:, None]
        self._index = {name: place for place, name in enumerate(names)}

    def lean(self, word: str, towards: int, instead_of: int) -> float:
        """How much more the word speaks for the one class than for the other."""
        place = self._index.get(word)
        known = self._weights.shape[1]
        if (
            place is None or _is_sign(word) or max(towards, instead_of) >= known
        ):  # a class that was not there to be learned
            return 0.0
        return float(self._weights[place, towards] - self._weights[place, instead_of])


def _reach(total: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    pushes: NDArray[Any] = np.maximum(total[:, None] * weights, 0).max(axis=0)
    return pushes


def _picked(names: Sequence[str], push: NDArray[Any], standing: NDArray[Any], most: int) -> list[int]:
    """The strongest words, none of which is only a part of, or only adds to, another."""
    picked: list[int] = []
    said: set[str] = set()
    for index in np.argsort(-push)[: 20 * most].tolist():
        parts = set(names[index].split())
        if push[index] <= 0 or standing[index] < _FEWEST or any(_is_sign(part) for part in parts):
            continue
        if parts & said and (len(parts) > 1 or parts <= said):
            continue
        picked.append(index)
        said |= parts
        if len(picked) == most:
            break
    return picked


def _is_sign(word: str) -> bool:
    """Whether it is a comma, a backtick or the like: it may tell classes apart, but tells a person little."""
    return category(word[0])[0] == "P" or category(word[0]) in ("Sk", "Sm")


def _worst(answers: Answers, most: int) -> list[int]:
    wrong = np.flatnonzero(answers.prediction != answers.truth)
    if answers.probabilities is None:
        return [int(index) for index in wrong[:most]]
    margin = (
        answers.probabilities[wrong, answers.prediction[wrong]] - answers.probabilities[wrong, answers.truth[wrong]]
    )
    return [int(index) for index in wrong[np.argsort(-margin, kind="stable")[:most]]]


def _passage(text: str, truth: int, said: int, known: _Weights | None) -> Markup:
    """The telling part of a text, its telling words marked; each text in its own direction."""
    text = text[:_LOOKED_AT]
    leans = [] if known is None else [(*span[:2], known.lean(span[2], said, truth)) for span in known.spans(text)]
    start = _start(text, leans)
    end = min(len(text), start + _PASSAGE)
    inside = [lean for lean in leans if start <= lean[0] and lean[1] <= end]
    wrongly = sorted((lean for lean in inside if lean[2] > 0), key=lambda lean: -lean[2])[:_FOR]
    rightly = sorted((lean for lean in inside if lean[2] < 0), key=lambda lean: lean[2])[:_AGAINST]
    written, at = "… " if start else "", start
    for first, last, lean in sorted(wrongly + rightly):
        opened, closed = _MARK if lean > 0 else ("<u>", "</u>")
        written += f"{escape(text[at:first])}{opened}{escape(text[first:last])}{closed}"
        at = last
    written += escape(text[at:end]) + (" …" if end < len(text) else "")
    return Markup(f'<bdi dir="auto">{written}</bdi>')


def _start(text: str, leans: Sequence[tuple[int, int, float]]) -> int:
    """Where the passage begins that speaks most for the wrong answer."""
    if len(text) <= _PASSAGE or not leans:
        return 0
    best, start = 0.0, 0
    for at, _, lean in leans:
        if lean <= 0:
            continue
        push = sum(max(0.0, other) for first, last, other in leans if at <= first and last <= at + _PASSAGE // 2)
        if push > best:
            best, start = push, at
    return max(0, min(start - _PASSAGE // 4, len(text) - _PASSAGE))
