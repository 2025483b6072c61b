"""How close predicted numbers come: against the truth, by how far they are off, and where they are off most."""

from __future__ import annotations

import numpy as np

from gristmill.figures.answers import Answers
from gristmill.figures.drawing import Axis, Chart
from gristmill.figures.figure import Figure
from gristmill.wording import between, brief, count, interval, number, quoted, share, shorten

__all__ = ["error_by_range", "predicted_against_actual", "residuals", "residuals_by_prediction"]

_DOTS = 2_000
_RANGES = 8
_FEWEST_IN_RANGE = 10
_HEAVY_TAIL = 200.0  # largest over smallest value beyond which a chart is drawn on logarithmic axes


def predicted_against_actual(answers: Answers) -> Figure:
    """Each row a dot: on the line where the model is right."""
    some = answers.sample(_DOTS)
    both = np.concatenate([some.truth, some.prediction])
    stretched = bool(both.min() > 0 and both.max() / both.min() > _HEAVY_TAIL)
    name = shorten(answers.target, 24)
    across = Axis.around(f"actual {name}", both, logarithmic=stretched)
    chart = Chart(across, Axis.around(f"predicted {name}", both, logarithmic=stretched), height=270)
    chart.dots(some.truth, some.prediction)
    chart.guide([across.low, across.high], [across.low, across.high])
    errors = np.abs(answers.prediction - answers.truth)
    half, most = np.quantile(errors, (0.5, 0.9))
    caption = (
        f"On the dashed line the prediction is right. Half of the rows are within {number(float(half))} of the truth, "
        f"nine in ten within {number(float(most))}."
    ) + _sampled(answers, some)
    title = "Predicted against actual"
    return Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="predicted")


def residuals(answers: Answers) -> Figure:
    """How the errors are spread."""
    errors = answers.prediction - answers.truth
    low, high = (float(value) for value in np.quantile(errors, (0.005, 0.995)))
    if low == high:
        low, high = low - 0.5, high + 0.5
    inside = errors[(errors >= low) & (errors <= high)]
    heights, edges = np.histogram(inside, bins=min(40, max(8, int(len(inside) ** 0.5))), range=(low, high))
    chart = Chart(
        Axis(f"predicted minus actual {shorten(answers.target, 24)}", low, high),
        Axis("rows", 0.0, 1.06 * float(heights.max() or 1)),
        height=270,
    )
    chart.bars(edges, heights)
    chart.guide([0, 0], [0, chart.y.high])
    middle, over = float(np.median(errors)), float(np.mean(errors > 0))
    tenth, rest = (float(value) for value in np.quantile(errors, (0.05, 0.95)))
    caption = (
        f"Nine in ten errors lie between {between(tenth, rest, number)}; the middle one is {number(middle)}. "
        f"The model is too high in {share(over, 0)} of the rows."
    )
    title = "Residuals: how far off, and on which side"
    return Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="residuals")


def residuals_by_prediction(answers: Answers) -> Figure:
    """Errors beside what was predicted: a shape that leans or opens says that something is left to learn."""
    some = answers.sample(_DOTS)
    errors = some.prediction - some.truth
    name = shorten(answers.target, 24)
    limit = float(np.quantile(np.abs(errors), 0.995)) or 1.0
    chart = Chart(
        Axis.around(f"predicted {name}", some.prediction), Axis("predicted minus actual", -limit, limit), height=270
    )
    chart.dots(some.prediction, errors)
    chart.guide([chart.x.low, chart.x.high], [0, 0])
    parts = np.array_split(np.argsort(answers.prediction, kind="stable"), 3)
    spread = [float(np.mean(np.abs(answers.prediction[part] - answers.truth[part]))) for part in parts if len(part)]
    caption = _evenness(spread)
    caption += _sampled(answers, some)
    title = "Residuals against prediction"
    return Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="residuals")


def _evenness(errors: list[float]) -> str:
    """Whether errors are alike among low, middle and high predictions."""
    least, most = min(errors), max(errors)
    if least <= 0 or most / least < 1.5:
        return "Errors are about as large everywhere, as they should be: the dots lie evenly around the dashed line."
    places = ("lowest", "middle", "highest")
    where, there = (places[errors.index(value)] for value in (most, least))
    times = number(most / least, 2)
    return f"Errors are {times} times as large among the {where} third of predictions as among the {there}."


def error_by_range(answers: Answers) -> Figure:
    """The mean absolute error among rows of like truth, with its interval."""
    order = np.argsort(answers.truth, kind="stable")
    ranges = max(1, min(_RANGES, len(answers) // _FEWEST_IN_RANGE))
    parts = [part for part in np.array_split(order, ranges) if len(part)]
    errors = [np.abs(answers.prediction[part] - answers.truth[part]) for part in parts]
    means = np.array([float(error.mean()) for error in errors])
    spread = np.array([1.96 * float(error.std()) / max(1.0, len(error) ** 0.5) for error in errors])
    spans = [(float(answers.truth[part[0]]), float(answers.truth[part[-1]])) for part in parts]
    edges = np.arange(len(parts) + 1, dtype=float)
    chart = Chart(
        Axis(
            f"actual {shorten(answers.target, 24)} up to, in {count(len(parts), 'equal group')}", 0.0, float(len(parts))
        ),
        Axis("mean absolute error", 0.0, 1.08 * float((means + spread).max() or 1)),
        height=270,
    )
    chart.bars(edges, means)
    chart.whiskers(edges[:-1] + 0.5, means - spread, means + spread, series=5)
    worst = int(np.argmax(means))
    caption = (
        f"The model is off most where {quoted(answers.target)} is {interval(*spans[worst], number)}: by "
        f"{number(float(means[worst]))} on average, against {number(float(means.min()))} where it is off least."
    )
    title = "Error by range"
    body = chart.svg(f"{title}. {caption}", x_names=[brief(high) for _, high in spans])
    return Figure(title=title, caption=caption, body=body, part="ranges")


def _sampled(answers: Answers, some: Answers) -> str:
    return f" {len(some):,} of {len(answers):,} rows are drawn." if len(some) < len(answers) else ""
