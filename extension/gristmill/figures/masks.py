"""Masks in a report: how good they are, class by class, and drawn over the pictures that they are for.

Scores are of all pixels of all held-out pictures together; intervals come from drawing pictures, not pixels, anew,
since the pixels of one picture go right or wrong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.data import notice_list
from gristmill.figures.drawing import Axis, Chart, legend
from gristmill.figures.figure import Figure
from gristmill.figures.guessing import Guessed, beside_guessing
from gristmill.figures.judgement import Verdict
from gristmill.figures.measures import measure_named
from gristmill.figures.pieces import Bar, bars, more, table, tiles
from gristmill.figures.thumbnails import grid, thumbnail
from gristmill.records import Notice, Profile, Severity
from gristmill.wording import count, plural, quoted, share, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MaskAnswers", "answered_data", "class_overlaps", "drawn_masks", "mask_samples", "mask_verdict", "passes",
    "pixel_confusion",
]  # fmt: skip

_RESAMPLES = 400
_SAMPLES = 12
_SHOWN_CLASSES = 30
_MATRIX_CLASSES = 12
_SIDE = 320  # pixels at which pictures and masks are laid over each other
_VEIL = 0.6  # of a mask over its picture, which is grey below: so its colours are those of the key

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class MaskAnswers:
    """For each held-out picture, its pixels by true class and given class; `score` is the run's metric of counts."""

    metric: str
    names: tuple[str, ...]
    counts: Counts
    score: Callable[[Counts], float]
    overlaps: Callable[[Counts], NDArray[np.float64]]  # by class

    @classmethod
    def of(cls, predictor: Any, test: pd.DataFrame) -> MaskAnswers:
        """What the predictor answers for the held-out pictures."""
        from gristmill.engines.dense.scores import METRICS, ious

        return cls(
            predictor.eval_metric, predictor.legend.names, predictor.counts(test), METRICS[predictor.eval_metric], ious
        )

    @property
    def total(self) -> Counts:
        """All pictures together."""
        found: Counts = self.counts.sum(0)
        return found

    def metrics(self) -> dict[str, float]:
        """Every metric, by its name."""
        from gristmill.engines.dense.scores import METRICS

        return {name: metric(self.total) for name, metric in METRICS.items()}

    def redrawn(self, what: Callable[[Counts], Any], seed: int) -> NDArray[np.float64]:
        """What comes out of as many pictures, drawn anew again and again."""
        random, pictures = np.random.default_rng(seed), len(self.counts)
        draws = [self.counts[random.integers(pictures, size=pictures)].sum(0) for _ in range(_RESAMPLES)]
        return np.array([what(draw) for draw in draws], dtype=float)


def mask_verdict(answers: MaskAnswers, *, seed: int = 0) -> Verdict:
    """Judge the held-out masks against one that calls everything the commonest class."""
    score = answers.score(answers.total)
    low, high = (float(value) for value in np.quantile(answers.redrawn(answers.score, seed), (0.025, 0.975)))
    commonest = int(answers.total.sum(1).argmax())
    constant = np.zeros_like(answers.total)
    constant[:, commonest] = answers.total.sum(1)
    naive, name = answers.score(constant), answers.names[commonest]
    skill = measure_named(answers.metric).skill(score, naive)
    found = Guessed(
        metric=answers.metric,
        score=score,
        ends=(low, high),
        naive=naive,
        guess=f"calling everything {quoted(name)}",
        pictures=len(answers.counts),
    )
    facts = [("of the way from guessing to perfect", share(skill, 0))]
    return beside_guessing(found, facts, named=f"calling everything {name}")


def class_overlaps(answers: MaskAnswers, *, seed: int = 0) -> Figure:
    """The IoU of each class, with its interval."""
    overlaps, redrawn = answers.overlaps(answers.total), answers.redrawn(answers.overlaps, seed)
    pixels = answers.total.sum(1)
    entries = []
    order = np.argsort(np.nan_to_num(overlaps, nan=2.0), kind="stable")
    for number in (int(place) for place in order[:_SHOWN_CLASSES]):
        if not np.isfinite(overlaps[number]):
            entries.append(Bar(name=answers.names[number], value=0.0, text="not in these pictures"))
            continue
        drawn = redrawn[:, number][np.isfinite(redrawn[:, number])]
        low, high = (float(value) for value in np.quantile(drawn, (0.025, 0.975)))
        text = f"{share(float(overlaps[number]))} ({share(pixels[number] / max(1, pixels.sum()))} of the pixels)"
        entries.append(Bar(name=answers.names[number], value=float(overlaps[number]), low=low, high=high, text=text))
    caption = (
        "Of the pixels that are of a class or were given it, the share that are both (IoU); the worst class first."
    )
    if len(answers.names) > _SHOWN_CLASSES:
        caption += f" The worst {_SHOWN_CLASSES} of {len(answers.names)} are shown."
    body = bars(("class", "", "IoU"), entries, most=1.0)
    return Figure(title="Class by class", caption=caption, body=body, part="classes", wide=True)


def pixel_confusion(answers: MaskAnswers) -> Figure:
    """Which classes are taken for which, in shares of the true class's pixels."""
    chosen = np.argsort(-answers.total.sum(1), kind="stable")[:_MATRIX_CLASSES]
    kept = answers.total[np.ix_(chosen, chosen)]
    totals = np.maximum(1, answers.total[chosen].sum(1))
    names = [shorten(answers.names[place], 20) for place in chosen]
    rows = [
        [name, *(share(kept[row, column] / totals[row]) for column in range(len(chosen)))]
        for row, name in enumerate(names)
    ]
    wrong = (kept / totals[:, None]) * (1 - np.eye(len(chosen)))
    truth, given = np.unravel_index(int(wrong.argmax()), wrong.shape)
    caption = (
        f"Most often mistaken: {share(float(wrong[truth, given]))} of the pixels that are {quoted(names[int(truth)])} "
        f"were called {quoted(names[int(given)])}."
    )
    body = table(("is \\ called", *names), rows, numeric=range(1, len(names) + 1))
    return Figure(title="What is taken for what", caption=caption, body=body, part="confusion", wide=True)


def answered_data(profile: Profile, notices: Iterable[Notice], train: pd.DataFrame, test: pd.DataFrame) -> Figure:
    """How many pictures there are, with masks or with boxes; the notices, gravest first."""
    listed = tuple(dict.fromkeys((*profile.notices, *notices)))
    grave = sum(notice.severity in (Severity.WARNING, Severity.CONFIRM) for notice in listed)
    facts = [
        ("pictures to learn from", f"{len(train):,}"),
        ("pictures held out", f"{len(test):,}"),
        ("megabytes", f"{profile.bytes / 1e6:,.1f}"),
        (plural(grave, "warning"), f"{grave:,}"),
    ]
    return Figure(title="The data", body=tiles(facts) + notice_list(listed), part="data", wide=True)


def mask_samples(rows: pd.DataFrame, predictor: Any, *, seed: int = 0) -> Figure:
    """Some of the pictures to learn from, with their masks drawn over them."""
    drawn = rows.sample(min(_SAMPLES, len(rows)), random_state=seed)
    entries = [
        ([_laid_over(picture, predictor.legend.read(mask), predictor.legend, "its true mask")], _file(picture))
        for picture, mask in zip(drawn[predictor.picture], drawn[predictor.label], strict=True)
    ]
    return Figure(
        title="Pictures and masks to learn from",
        caption=f"{count(len(entries), 'picture')}, drawn at random; do the colours lie where they should?",
        body=_key(predictor.legend) + grid(entries),
        part="samples",
        wide=True,
    )


def drawn_masks(
    test: pd.DataFrame, predictor: Any, answers: MaskAnswers, *, worst: bool = False, most: int = 9
) -> Figure:
    """Held-out pictures, each with the true mask and beside it the answer; the `worst` ones, or the first."""
    scores = np.array([answers.score(one) for one in answers.counts])
    places = np.argsort(scores, kind="stable")[:most] if worst else np.arange(min(most, len(test)))
    entries = []
    for place in (int(place) for place in places):
        picture, mask = test[predictor.picture].iloc[place], test[predictor.label].iloc[place]
        images = [
            _laid_over(picture, predictor.legend.read(mask), predictor.legend, "true"),
            _laid_over(picture, predictor.predict([picture])[0], predictor.legend, "answered"),
        ]
        entries.append(
            (images, f"{_file(picture)}: {measure_named(answers.metric).title} {share(float(scores[place]))}")
        )
    caption = (
        "The pictures with the lowest scores. Look for mistakes in their masks as much as in the model."
        if worst
        else "On the left of each pair the true mask, on the right the model's answer."
    )
    title = "Worst pictures" if worst else "True masks, and the answers"
    body = _key(predictor.legend) + grid(entries)
    return Figure(title=title, caption=caption, body=body, part="worst" if worst else "answers", wide=True)


def passes(histories: Mapping[str, Sequence[Any]], metric: str) -> Figure:
    """The validation score after each pass over the pictures, of every network."""
    shown = {name: list(history) for name, history in histories.items() if len(history) > 1}
    title = "Pass by pass"
    if not shown:
        return Figure(title=title, caption="No network had time for two passes.", body="", part="passes")
    longest = max(one.seconds for history in shown.values() for one in history)
    measure = measure_named(metric)
    chart = Chart(Axis("seconds of training", 0, longest), Axis.shares(f"{measure.title} in validation"))
    for series, history in enumerate(list(shown.values())[:5], start=1):
        chart.line([one.seconds for one in history], [one.score for one in history], series=series)
    caption = "; ".join(
        f"{name}: {len(history)} passes, the best {share(max(one.score for one in history))}"
        for name, history in shown.items()
    )
    caption = f"{caption}. The best pass of each was kept."
    rising = [name for name, history in shown.items() if _still_rising([one.score for one in history])]
    if rising:
        caption += f" {rising[0]} was still getting better when its time was up: a longer run would go on."
    body = chart.svg(f"{title}. {caption}") + legend(list(shown)[:5])
    return Figure(title=title, caption=caption, body=body, part="passes")


def _still_rising(scores: Sequence[float]) -> bool:
    return len(scores) >= 4 and int(np.argmax(scores)) >= len(scores) - 2


def _laid_over(picture: str, numbers: NDArray[np.uint8], legend: Any, what: str) -> str:
    from gristmill.masks import paint
    from gristmill.pictures import load

    seen = np.asarray(load(picture, _SIDE))
    rows = np.linspace(0, numbers.shape[0] - 1, seen.shape[0]).round().astype(int)
    columns = np.linspace(0, numbers.shape[1] - 1, seen.shape[1]).round().astype(int)
    small = numbers[rows][:, columns]
    veil = np.full(small.shape, _VEIL)
    veil[small == 0] = 0.15  # the first class is mostly the ground: the picture should be seen
    seen = np.where(small[..., None] == 0, seen, seen.mean(2, keepdims=True))
    mixed = seen * (1 - veil[..., None]) + paint(small, legend) * veil[..., None]
    return thumbnail(mixed.round().astype(np.uint8), f"{_file(picture)}, {what}")


def _key(legend: Any) -> str:
    entries = "".join(
        f'<span style="display:inline-block;margin:0 14px 8px 0"><span style="display:inline-block;width:11px;'
        f'height:11px;background-color:#{red:02x}{green:02x}{blue:02x};margin:0 5px 0 0;border:1px solid #888"></span>'
        f"{escape(shorten(name, 30))}</span>"
        for name, (red, green, blue) in list(zip(legend.names, legend.palette(), strict=True))[:_SHOWN_CLASSES]
    )
    listed = f'<p class="gm-aside">{entries}</p>'
    return listed if len(legend.names) <= _MATRIX_CLASSES else more(count(len(legend.names), "class"), listed)


def _file(path: str) -> str:
    return shorten(str(path).replace("\\", "/").rsplit("/", 1)[-1], 40)
