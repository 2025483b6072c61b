"""The verdict on answers drawn for pictures, masks or boxes: how they do beside a guess that looks at no picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gristmill.figures.judgement import Verdict
from gristmill.figures.measures import measure_named
from gristmill.figures.pieces import tiles
from gristmill.wording import count, interval, rounded

__all__ = ["Guessed", "beside_guessing"]

_FEW_PICTURES = 30
_TITLES = {"better": "Better than guessing", "same": "No better than guessing", "worse": "Worse than guessing"}
_OPENINGS = {
    "better": "{said}",
    "same": "This model cannot be told from guessing: {said}",
    "worse": "This model does worse than guessing: {said}",
}


@dataclass(frozen=True, kw_only=True)
class Guessed:
    """What was found on held-out `pictures`: the score, the ends of its interval, and what the guess would score."""

    metric: str
    score: float
    ends: tuple[float, float]
    naive: float
    guess: str  # in words that go before "would score"
    pictures: int


def beside_guessing(found: Guessed, facts: Sequence[tuple[str, str]], *, named: str = "") -> Verdict:
    """The verdict, with `facts` among its tiles; `named` is the guess as the user named it, if names are in it."""
    measure, (low, high) = measure_named(found.metric), found.ends
    better = "better" if found.score > found.naive else "worse"
    standing = "same" if low <= found.naive <= high else better
    form = rounded(high - low, percent=True)
    said = measure.says.format(score=form(found.score), item="picture", items="pictures")
    opening = _OPENINGS[standing].format(said=said)
    ends = interval(low, high, form)
    sentence = (
        f"{opening[0].upper()}{opening[1:]} ({measure.title}, 95% interval {ends}), where {found.guess} would score "
        f"{form(found.naive)}."
    )
    shown = [
        (f"{measure.title} on the held-out pictures", form(found.score)),
        ("95% interval", ends),
        (found.guess, form(found.naive)),
        *facts,
        ("held-out pictures", f"{found.pictures:,}"),
    ]
    few = ""
    if found.pictures < _FEW_PICTURES:
        held = count(found.pictures, "picture")
        few = f'<p class="gm-aside">Only {held} were held out: expect the score on new pictures to differ.</p>'
    return Verdict(
        title=_TITLES[standing],
        caption=sentence,
        body=tiles(shown) + few,
        part="verdict",
        numbers={
            "metric": found.metric, "score": found.score, "low": low, "high": high, "baseline": found.naive,
            "baseline_name": named or found.guess, "rows": found.pictures, "standing": standing, "sentence": sentence,
        },
    )  # fmt: skip
