"""How well probabilities rank, and whether they can be taken at their word: ROC, precision-recall, calibration, gain,
lift.

With two classes each chart is about the one looked for. With more, each class is held against all others, and the
commonest few are drawn; calibration is then about the answer given, whatever its class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.answers import Answers
from gristmill.figures.drawing import Axis, Chart, legend
from gristmill.figures.figure import Figure
from gristmill.figures.measures import area_under_curve, average_precision
from gristmill.wording import number, quoted, share, shorten

__all__ = ["calibration", "gain", "lift", "precision_recall", "roc", "surest"]

_SHOWN_CLASSES = 4
_CURVE_ROWS = 50_000
_STEPS = 200  # a curve's points are kept where it moves by one part in so many
_BINS = 10
_FEWEST_IN_BIN = 12

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def roc(answers: Answers) -> Figure:
    """The share of a class that is found, against the share of the others that is called so by mistake."""
    some, shown = _drawn(answers)
    chart = Chart(Axis.shares("false alarms: share of the others called so"), Axis.shares("found: share of the class"))
    chart.guide([0, 1], [0, 1])
    areas = []
    for series, index in enumerate(shown, start=1):
        hit, held = some.of_class(index)
        areas.append(area_under_curve(hit, held))
        chart.line(*_roc_curve(hit, held), series=series)
    first = _named(answers, shown[0])
    caption = (
        f"Shown one {answers.item} that is {first} and one that is not, the model ranks the right one higher "
        f"{share(areas[0])} of the time (area {number(areas[0])}); the dashed line is guessing."
    )
    if not np.isfinite(areas[0]):
        caption = f"All {answers.items} that were held out are of one class: there is nothing to tell apart."
    return _curves(answers, "ROC curve", caption, chart, shown, [f"area {number(area)}" for area in areas])


def precision_recall(answers: Answers) -> Figure:
    """How often the model is right when it says a class, against how much of that class it finds."""
    some, shown = _drawn(answers)
    chart = Chart(
        Axis.shares("recall: share of the class that is found"), Axis.shares("precision: share of answers right")
    )
    averages, common = [], []
    for series, index in enumerate(shown, start=1):
        hit, held = some.of_class(index)
        averages.append(average_precision(hit, held))
        common.append(float(hit.mean()))
        chart.guide([0, 1], [common[-1], common[-1]])
        recall, precision = _precision_curve(hit, held)
        chart.line(recall, precision, series=series)
        if series == 1:
            reach = float(precision[np.argmin(np.abs(recall - 0.8))])
    caption = (
        f"To find 80% of {_named(answers, shown[0])}, the model is right in {share(reach, 0)} of the {answers.items} "
        "it picks; "
        f"picking at random would be right in {share(common[0], 0)} (dashed). Average precision: {number(averages[0])}."
    )
    return _curves(
        answers, "Precision and recall", caption, chart, shown, [f"average {number(value)}" for value in averages]
    )


def calibration(answers: Answers) -> Figure:
    """What the model claims, against what happens."""
    some = answers.sample(_CURVE_ROWS)
    claim, true, subject = _claims(some)
    claims, shares, weights = _binned(claim, true)
    spread = 1.96 * np.sqrt(np.maximum(shares * (1 - shares), 0.25 / weights) / weights)
    chart = Chart(Axis.shares("claimed probability"), Axis.shares(f"share that was {subject}"))
    chart.guide([0, 1], [0, 1])
    chart.whiskers(claims, shares - spread, shares + spread)
    chart.line(claims, shares)
    chart.dots(claims, shares, large=True)
    gap = float(np.sum(np.abs(claims - shares) * weights) / weights.sum())
    worst = int(np.argmax(np.abs(claims - shares)))
    caption = (
        f"Where the model claims {share(float(claims[worst]), 0)}, it was so in {share(float(shares[worst]), 0)} of "
        f"the {answers.items}: the widest gap. On average claims and truth are {number(100 * gap, 2)} percentage "
        "points apart."
    )
    title = "Calibration: can the probabilities be taken at their word?"
    return Figure(title=title, caption=caption, body=chart.svg(f"{title} {caption}"), part="calibration")


def gain(answers: Answers) -> Figure:
    """How much of a class is among the rows ranked highest."""
    some, shown = _drawn(answers)
    ranked = Axis.shares(f"share of all {answers.items}, ranked by the model")
    chart = Chart(ranked, Axis.shares("found: share of the class"))
    chart.guide([0, 1], [0, 1])
    for series, index in enumerate(shown, start=1):
        depth, found = _gain_curve(*some.of_class(index))
        chart.line(depth, found, series=series)
        if series == 1:
            early = float(np.interp(0.2, depth, found))
    caption = (
        f"The 20% of {answers.items} that the model ranks highest hold {share(early, 0)} of all "
        f"{_named(answers, shown[0])}; "
        "20% picked at random would hold 20% (dashed)."
    )
    return _curves(answers, "Cumulative gain", caption, chart, shown)


def lift(answers: Answers) -> Figure:
    """How many times more of a class the rows ranked highest hold than rows picked at random."""
    some, shown = _drawn(answers)
    lines: list[Curve] = []
    for index in shown:
        depth, found = _gain_curve(*some.of_class(index))
        if not lines:
            early = float(np.interp(0.1, depth, found)) / 0.1
        # Among the first few rows any hit is a multiple of chance: start where there is something to divide by.
        deep = depth >= max(0.01, min(0.1, 20 / len(some)))
        lines.append((depth[deep], found[deep] / depth[deep]))
    highest = max(float(times.max()) for _, times in lines)
    chart = Chart(
        Axis.shares(f"share of all {answers.items}, ranked by the model"),
        Axis("lift: times as many as at random", 0.0, 1.08 * max(highest, 1.2), form=_times),
    )
    chart.guide([0, 1], [1, 1])
    for series, (depth, times) in enumerate(lines, start=1):
        chart.line(depth, times, series=series)
    caption = (
        f"Among the 10% of {answers.items} ranked highest, {_named(answers, shown[0])} is {number(early, 2)} times as "
        f"common as among all {answers.items}."
    )
    return _curves(answers, "Lift", caption, chart, shown)


def surest(answers: Answers) -> Figure:
    """How often answers are right if only those are acted on of which the model is surest."""
    some = answers.sample(_CURVE_ROWS)
    claim, right, _ = _claims(some)
    order = np.argsort(-claim, kind="stable")
    depth = np.arange(1, len(order) + 1) / len(order)
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    kept = depth >= max(0.02, min(1.0, 20 / len(order)))
    acted = Axis.shares(f"share of {answers.items} acted on, the surest first")
    chart = Chart(acted, Axis.shares("share of answers right"))
    chart.guide([0, 1], [precision[-1], precision[-1]])
    chart.line(*_thinned(depth[kept], precision[kept]))
    half = float(np.interp(0.5, depth, precision))
    caption = (
        f"Of the half of which the model is surest, {share(half, 0)} are right, against "
        f"{share(float(precision[-1]), 0)} of all {answers.items} (dashed). The rest can go to people."
    )
    title = "Acting on the surest answers only"
    return Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="surest")


def _times(value: float) -> str:
    return f"{number(value)}\N{MULTIPLICATION SIGN}"


def _drawn(answers: Answers) -> tuple[Answers, list[int]]:
    """The rows and classes that a chart is drawn from: classes that occur, beside rows of others."""
    some = answers.sample(_CURVE_ROWS)
    return some, some.shown_classes(_SHOWN_CLASSES)


def _named(answers: Answers, index: int) -> str:
    return quoted(answers.classes[index], 30)


def _curves(
    answers: Answers, title: str, caption: str, chart: Chart, shown: Sequence[int], notes: Sequence[str] = ()
) -> Figure:
    names = [shorten(answers.classes[index], 30) for index in shown]
    if notes:
        names = [f"{name}: {note}" for name, note in zip(names, notes, strict=True)]
    occurring = int(np.count_nonzero(answers.counts))
    if len(shown) < occurring and answers.positive is None:
        caption += f" The {len(shown)} commonest of {occurring:,} classes are drawn, each against all others."
    body = (legend(names) if len(names) > 1 else "") + chart.svg(f"{title}. {caption}")
    return Figure(title=title, caption=caption, body=body, part=title.split()[0].lower())


def _ranked(hit: NDArray[np.bool_], held: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many rows, and how many of them hits, are at or above each distinct probability; both start at none."""
    order = np.argsort(-held, kind="stable")
    last = np.flatnonzero(np.r_[np.diff(held[order]) != 0, True])
    return np.r_[0, last + 1], np.r_[0, np.cumsum(hit[order])[last]]


def _thinned(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> Curve:
    """The points at which a curve moves visibly, and both ends; steep starts keep theirs."""
    moves = [np.diff(np.floor(_STEPS * of / (of.max() or 1.0)), prepend=-1.0) != 0 for of in (xs, ys)]
    kept = moves[0] | moves[1]
    kept[-1:] = True
    return xs[kept], ys[kept]


def _roc_curve(hit: NDArray[np.bool_], held: NDArray[np.float64]) -> Curve:
    picked, found = _ranked(hit, held)
    return _thinned((picked - found) / max(1, int((~hit).sum())), found / max(1, int(hit.sum())))


def _precision_curve(hit: NDArray[np.bool_], held: NDArray[np.float64]) -> Curve:
    picked, found = _ranked(hit, held)
    return _thinned(found[1:] / max(1, int(hit.sum())), found[1:] / picked[1:])


def _gain_curve(hit: NDArray[np.bool_], held: NDArray[np.float64]) -> Curve:
    picked, found = _ranked(hit, held)
    return _thinned(picked / len(hit), found / max(1, int(hit.sum())))


def _claims(answers: Answers) -> tuple[NDArray[np.float64], NDArray[np.bool_], str]:
    """What was claimed of each row, whether it was so, and how to say that."""
    if answers.positive is not None:
        hit, held = answers.of_class(answers.positive)
        return held, hit, quoted(answers.looked_for, 24)
    rows = np.arange(len(answers))
    held = answers.probabilities[rows, answers.prediction] if answers.probabilities is not None else np.empty(0)
    return held, answers.truth == answers.prediction, "answered rightly"


def _binned(claim: NDArray[np.float64], true: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Rows in bins of equal number by what was claimed: the mean claim, the share that was so, and the rows of each."""
    bins = max(1, min(_BINS, len(claim) // _FEWEST_IN_BIN))
    parts = np.array_split(np.argsort(claim, kind="stable"), bins)
    means: Callable[[NDArray[np.generic]], NDArray[np.float64]] = lambda of: np.array([of[p].mean() for p in parts])  # noqa: E731
    return means(claim), means(true), np.array([float(len(part)) for part in parts])
