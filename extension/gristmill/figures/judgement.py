"""The verdict: how good the model is, against what guessing, and how sure that is, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gristmill.figures.answers import Answers
from gristmill.figures.figure import Figure
from gristmill.figures.measures import Measure, measure_of
from gristmill.figures.pieces import tiles
from gristmill.figures.scores import Interval, Naive, bootstrap, guess
from gristmill.wording import Form, count, interval, quoted, rounded, share

__all__ = ["Verdict", "verdict"]

_FEW_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class Verdict(Figure):
    """The verdict as a figure, and its numbers for those who count on."""

    numbers: dict[str, Any]

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return self.caption

    def html(self) -> str:
        # An interval is kept in one line: no break is allowed at its dash.
        sentence = escape(self.caption).replace("\N{EN DASH}", "\N{EN DASH}\N{WORD JOINER}")
        return (
            f'<section class="gm gm-verdict" data-part="verdict" data-standing="{self.numbers["standing"]}">'
            f'<p class="gm-headline">{escape(self.title)}</p><p class="gm-sentence">{sentence}</p>'
            f"{self.body}</section>"
        )


def verdict(answers: Answers, learned: ArrayLike, *, ordered: bool = False, seed: int = 0) -> Verdict:
    """Judge the held-out answers against the best guess that the training targets (`learned`) allow.

    `ordered` says that the training rows are in their order of time, so that the last value is a guess too.
    """
    measure = measure_of(answers)
    found = bootstrap(answers, measure, seed)
    naive = guess(answers, np.asarray(learned), ordered=ordered)
    if not np.isfinite([found.score, naive.score]).all():
        return _no_verdict(answers, measure)
    standing = _standing(measure, found, naive)
    return Verdict(
        title=_HEADLINES[standing],
        caption=_sentence(answers, measure, found, naive),
        body=_scale(measure, found, naive)
        + tiles(_facts(answers, measure, found, naive))
        + "".join(f'<p class="gm-aside">{escape(note)}</p>' for note in _doubts(answers, measure, found)),
        part="verdict",
        numbers={
            "metric": answers.metric,
            "score": found.score,
            "low": found.low,
            "high": found.high,
            "baseline": naive.score,
            "baseline_name": naive.name.rstrip(","),
            "skill": measure.skill(found.score, naive.score),
            "rows": len(answers),
            "standing": standing,
            "sentence": _sentence(answers, measure, found, naive),
        },
    )


def _no_verdict(answers: Answers, measure: Measure) -> Verdict:
    """For rows on which the metric means nothing, such as a ranking of rows that are all of one class."""
    rows = count(len(answers), f"held-out {answers.item}")
    sentence = f"Nothing can be said of how good the model is: {measure.title} is not defined for the {rows}."
    numbers = {"metric": answers.metric, "rows": len(answers), "standing": "unknown", "sentence": sentence}
    return Verdict(title="No verdict", caption=sentence, body="", part="verdict", numbers=numbers)


_HEADLINES = {
    "better": "Better than guessing",
    "same": "No better than guessing",
    "worse": "Worse than guessing",
}


def _standing(measure: Measure, found: Interval, naive: Naive) -> str:
    if found.low <= naive.score <= found.high:
        return "same"
    return "better" if (found.score > naive.score) == measure.greater_is_better else "worse"


def _sentence(answers: Answers, measure: Measure, found: Interval, naive: Naive) -> str:
    form = _precise(measure, found)
    says = measure.says.format(
        score=_said(measure, found)(found.score),
        target=quoted(answers.target),
        positive=quoted(answers.looked_for),
        item=answers.item,
        items=answers.items,
    )
    opening = {
        "better": says[0].upper() + says[1:],
        "same": f"This model cannot be told from guessing: {says}",
        "worse": f"This model does worse than guessing: {says}",
    }[_standing(measure, found, naive)]
    # Experts look for the metric's name: it is put into the brackets unless the clause has it.
    named = "" if measure.title in measure.says else f"{measure.title}, "
    if measure.said:
        named = f"{measure.title} {form(found.score)}, "
    within = f"({named}95% interval {interval(found.low, found.high, form)})"
    return f"{opening} {within}, where {naive.name} would score {form(naive.score)}."


def _said(measure: Measure, found: Interval) -> Form:
    """How the clause writes the score: as a share even where the metric is not one, such as the area under a curve."""
    return rounded(found.high - found.low, percent=(measure.said or measure.form) is share)


def _precise(measure: Measure, found: Interval) -> Form:
    """Write scores with as many digits as their interval is worth."""
    return rounded(found.high - found.low, percent=measure.form is share)


def _facts(answers: Answers, measure: Measure, found: Interval, naive: Naive) -> list[tuple[str, str]]:
    form = _precise(measure, found)
    skill = measure.skill(found.score, naive.score)
    closer = "of the way from guessing to perfect" if measure.greater_is_better else "less error than guessing"
    return [
        (f"{measure.title} on the held-out {answers.items}", form(found.score)),
        ("95% interval", interval(found.low, found.high, form)),
        (f"by {naive.name.rstrip(',')}", form(naive.score)),
        (closer, share(skill, 0)),
        (f"held-out {answers.items}", f"{len(answers):,}"),
    ]


def _doubts(answers: Answers, measure: Measure, found: Interval) -> list[str]:
    """What should keep a reader from believing too much."""
    doubts = []
    if len(answers) < _FEW_ROWS:
        doubts.append(
            f"Only {count(len(answers), answers.item)} were held out, too few to know much: "
            "expect the score on new data to differ."
        )
    if found.score == measure.perfect:
        doubts.append("A perfect score is rare. Check that no column gives the answer away.")
    return doubts


def _scale(measure: Measure, found: Interval, naive: Naive) -> str:
    """A line from guessing to perfect, with the model and its interval on it."""
    at, one, other = (measure.skill(value, naive.score) for value in (found.score, found.low, found.high))
    low, high = sorted((one, other))
    least = min(0.0, low)
    span = max(1.0, high) - least
    left, width, dot, zero = (100 * value / span for value in (low - least, high - low, at - least, -least))
    form = _precise(measure, found)
    alt = f"From guessing at {form(naive.score)} to perfect, the model stands at {form(found.score)}."
    return (
        f'<div class="gm-scale" role="img" aria-label="{escape(alt)}"><div class="gm-rail">'
        f'<u style="left:{zero:.2f}%"></u><b style="left:{left:.2f}%;width:{width:.2f}%"></b>'
        f'<i style="left:{dot:.2f}%"></i></div><div class="gm-ends"><span>guessing {form(naive.score)}</span>'
        f"<span>perfect {measure.form(measure.perfect)}</span></div></div>"
    )
