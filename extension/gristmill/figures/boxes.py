"""Boxes in a report: how good they are, category by category, and drawn over the pictures that they are for.

Scores are COCO's. Intervals come from drawing pictures anew, since the boxes of one picture go right or wrong together.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.figure import Figure
from gristmill.figures.guessing import Guessed, beside_guessing
from gristmill.figures.judgement import Verdict
from gristmill.figures.pieces import table
from gristmill.figures.thumbnails import grid, thumbnail
from gristmill.wording import count, share, share_alike, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BoxAnswers", "box_samples", "box_verdict", "categories", "drawn_boxes"]

_RESAMPLES, _FEWEST_RESAMPLES, _PATIENCE = 100, 20, 1.5  # seconds
_SAMPLES = 12
_SHOWN = 30
_SIDE = 300
_SURE = 0.3  # from this score on an answer is drawn
_COLOURS = ((230, 97, 1), (0, 114, 178), (0, 158, 115), (204, 121, 167), (240, 228, 66), (86, 180, 233), (213, 94, 0))


@dataclass(frozen=True)
class BoxAnswers:
    """For each held-out picture the true boxes, the answered ones, and its width and height."""

    metric: str
    names: tuple[str, ...]
    truths: list[Any]
    answers: list[Any]
    sizes: list[tuple[int, int]]

    @classmethod
    def of(cls, predictor: Any, test: pd.DataFrame) -> BoxAnswers:
        """What the predictor answers for the held-out pictures."""
        truths, sizes = predictor.truths(test)
        return cls(predictor.eval_metric, predictor.categories, truths, predictor.answers(test), sizes)

    def __len__(self) -> int:
        return len(self.truths)

    def take(self, places: NDArray[np.int64]) -> BoxAnswers:
        """Those pictures, some perhaps more than once."""
        chosen = [int(at) for at in places]
        return BoxAnswers(
            self.metric,
            self.names,
            [self.truths[at] for at in chosen],
            [self.answers[at] for at in chosen],
            [self.sizes[at] for at in chosen],
        )

    def metrics(self) -> dict[str, float]:
        """Every metric, by its name."""
        from gristmill.engines.dense.boxes import judged

        return judged(self.truths, self.answers, self.sizes, len(self.names))

    def guessed(self) -> BoxAnswers:
        """The same pictures, each answered with the commonest category in the middling box."""
        from gristmill.engines.dense.boxes import Boxes

        corners = np.concatenate([truth.corners for truth in self.truths])
        numbers = np.concatenate([truth.categories for truth in self.truths])
        if not len(numbers):
            return self
        commonest = int(np.bincount(numbers).argmax())
        box = np.median(corners[numbers == commonest], axis=0)[None]
        same = Boxes(box, np.array([commonest]), np.ones(1))
        return BoxAnswers(self.metric, self.names, self.truths, [same] * len(self), self.sizes)


def box_verdict(answers: BoxAnswers, *, seed: int = 0) -> Verdict:
    """Judge the held-out boxes against answering the same box in every picture."""
    metrics = answers.metrics()
    score, naive = metrics[answers.metric], answers.guessed().metrics()[answers.metric]
    random, until = np.random.default_rng(seed), time.monotonic() + _PATIENCE
    redrawn: list[float] = []
    while len(redrawn) < _RESAMPLES and (len(redrawn) < _FEWEST_RESAMPLES or time.monotonic() < until):
        drawn = answers.take(random.integers(len(answers), size=len(answers)))
        redrawn.append(drawn.metrics()[answers.metric])
    low, high = (float(value) for value in np.quantile(redrawn, (0.025, 0.975)))
    found = Guessed(
        metric=answers.metric,
        score=score,
        ends=(min(low, score), max(high, score)),
        naive=naive,
        guess="the same box in every picture",
        pictures=len(answers),
    )
    return beside_guessing(found, [("mAP where half of a box must overlap", share(metrics["map_50"]))])


def categories(answers: BoxAnswers) -> Figure:
    """The average precision of each category."""
    from gristmill.engines.dense.boxes import average_precisions

    found = average_precisions(answers.truths, answers.answers, answers.sizes, len(answers.names))
    boxes = np.bincount(np.concatenate([truth.categories for truth in answers.truths]), minlength=len(answers.names))
    order = np.argsort(np.nan_to_num(found[:, 0], nan=2.0), kind="stable")[:_SHOWN]
    rows = [
        [shorten(answers.names[at], 60), f"{int(boxes[at]):,}", *(share_alike(float(part)) for part in found[at, :2])]
        for at in (int(place) for place in order)
    ]
    caption = (
        "Average precision of each category, the worst first: over all overlaps (mAP is their mean), and where a box "
        "counts as right as soon as half of it fits. A dash: none of them is in the held-out pictures."
    )
    head = ("category", "true boxes", "average precision", "half fits")
    body = table(head, rows, numeric=(1, 2, 3))
    return Figure(title="Category by category", caption=caption, body=body, part="classes", wide=True)


def box_samples(rows: pd.DataFrame, predictor: Any, *, seed: int = 0) -> Figure:
    """Some of the pictures to learn from, with their boxes drawn over them."""
    drawn = rows.sample(min(_SAMPLES, len(rows)), random_state=seed)
    truths, _ = predictor.truths(drawn)
    entries = [
        ([_laid_over(path, truth, "its true boxes")], _file(path))
        for path, truth in zip(drawn[predictor.picture], truths, strict=True)
    ]
    caption = f"{count(len(entries), 'picture')}, drawn at random; do the boxes lie where they should?"
    body = _key(predictor.categories) + grid(entries)
    return Figure(title="Pictures and boxes to learn from", caption=caption, body=body, part="samples", wide=True)


def drawn_boxes(
    test: pd.DataFrame, predictor: Any, answers: BoxAnswers, *, worst: bool = False, most: int = 9
) -> Figure:
    """Held-out pictures, each with the true boxes and beside it the answer; the `worst` ones, or the first."""
    wrong = np.array([_wrong(truth, answer) for truth, answer in zip(answers.truths, answers.answers, strict=True)])
    erring = int(np.count_nonzero(wrong))
    places = np.argsort(-wrong, kind="stable")[: min(most, erring)] if worst else np.arange(min(most, len(test)))
    entries = []
    for at in (int(place) for place in places):
        path, sure = test[predictor.picture].iloc[at], answers.answers[at]
        sure = sure.take(sure.scores >= _SURE)
        images = [_laid_over(path, answers.truths[at], "true"), _laid_over(path, sure, "answered")]
        entries.append((images, f"{_file(path)}: {len(answers.truths[at])} true, {len(sure)} answered"))
    caption = (
        _erring(erring, len(wrong))
        if worst
        else f"On the left of each pair the true boxes, on the right the answers surer than {share(_SURE, 0)}."
    )
    return Figure(
        title="Worst pictures" if worst else "True boxes, and the answers",
        caption=caption,
        body=_key(predictor.categories) + grid(entries) if entries else "",
        part="worst" if worst else "answers",
        wide=True,
    )


def _erring(pictures: int, of: int) -> str:
    """How many of the held-out pictures have something wrong."""
    if not pictures:
        return "No box is missed, mistaken or misplaced by more than half."
    return (
        f"{pictures:,} of {count(of, 'held-out picture')} {'has' if pictures == 1 else 'have'} boxes that are missed, "
        "mistaken or misplaced by more than half, the worst first. Look for mistakes in the boxes as much as in the "
        "model."
    )


def _wrong(truth: Any, answer: Any) -> float:
    """How many true boxes are missed and how many answers are false, by overlap of a half, weighed by score."""
    sure = answer.take(answer.scores >= _SURE)
    used: set[int] = set()
    false = 0.0
    for corners, category, score in zip(sure.corners, sure.categories, sure.scores, strict=True):
        best, at = 0.5, -1
        for place, other in enumerate(truth.corners):
            if place not in used and truth.categories[place] == category and _overlap(corners, other) >= best:
                best, at = _overlap(corners, other), place
        if at < 0:
            false += float(score)
        else:
            used.add(at)
    return false + len(truth) - len(used)


def _overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    sides = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    both = float(np.prod(sides))
    return both / max(float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - both, 1e-12)


def _laid_over(path: str, boxes: Any, what: str) -> str:
    from PIL import ImageDraw

    from gristmill.pictures import load

    seen = load(path, _SIDE).copy()
    scale = max(1, 168 // max(seen.size))
    seen = seen.resize((seen.width * scale, seen.height * scale))
    drawing = ImageDraw.Draw(seen)
    for corners, category in zip(boxes.corners, boxes.categories, strict=True):
        left, top, right, bottom = corners * (seen.width - 1, seen.height - 1, seen.width - 1, seen.height - 1)
        if right > left and bottom > top:
            drawing.rectangle((left, top, right, bottom), outline=_COLOURS[int(category) % len(_COLOURS)], width=3)
    return thumbnail(np.asarray(seen), f"{_file(path)}, {what}")


def _key(names: tuple[str, ...]) -> str:
    entries = ""
    for number, name in enumerate(names[:_SHOWN]):
        red, green, blue = _COLOURS[number % len(_COLOURS)]
        square = f"width:11px;height:11px;background-color:#{red:02x}{green:02x}{blue:02x}"
        entries += (
            f'<span style="display:inline-block;margin:0 14px 8px 0"><span style="display:inline-block;{square};'
            f'margin:0 5px 0 0;border:1px solid #888"></span>{escape(shorten(name, 30))}</span>'
        )
    return f'<p class="gm-aside">{entries}</p>'


def _file(path: str) -> str:
    return shorten(str(path).replace("\\", "/").rsplit("/", 1)[-1], 40)
