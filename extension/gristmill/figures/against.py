"""One column drawn against the target, as the two kinds of values ask for: shares, ranges or dots.

                numbers and dates                words
two classes     share of the class, by range     share of the class, by value
more classes    range of the column, by class    shares of the classes, by value
numbers         dots, and their middle           range of the target, by value
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gristmill.figures.drawing import Axis, Chart, legend
from gristmill.figures.figure import Figure
from gristmill.figures.pieces import Bar, bars
from gristmill.figures.relations import MISSING, Aim, Groups, groups, is_long, lengths, moments, wilson
from gristmill.wording import Form, brief, number, plain_years, quoted, share, shorten

__all__ = ["against", "date", "over_time"]

_DOTS = 1_500
_RANGES, _VALUES, _CLASSES, _LINES = 10, 8, 6, 3
_FEWEST = 5  # rows below which a range or a period shows nothing
_PERIODS = 60
_EDGES = (0.005, 0.995)  # what lies beyond would leave the rest in a corner
_FOUR_IN_FIVE = (0.1, 0.25, 0.5, 0.75, 0.9)
_HEIGHT = 240


def against(aim: Aim, column: pd.Series) -> Figure:
    """The column `column` against the target, row for row."""
    is_scale = column.dtype.kind in "fiuM" or is_long(column)
    if aim.codes is None:
        return _dots(aim, column) if is_scale else _ranges_of_target(aim, column)
    if aim.looked_for is not None:
        return _share_by_range(aim, column) if is_scale else _share_by_value(aim, column)
    return _ranges_by_class(aim, column) if is_scale else _classes_by_value(aim, column)


# --- two classes -----------------------------------------------------------------------------------------------------


def _share_by_range(aim: Aim, column: pd.Series) -> Figure:
    cut = groups(column, _RANGES)
    parts, low, high = _shares(aim, cut)
    places = [place for place in range(len(cut.middles)) if cut.counts[place]]
    across = _axis(column, cut.middles)
    chart = Chart(across, Axis(f"share of {_looked_for(aim, 24)}", 0.0, _top(high[places]), form=share), height=_HEIGHT)
    overall = float(aim.holds(aim.looked_for or 0).mean())
    chart.guide([across.low, across.high], [overall, overall])
    chart.whiskers(cut.middles, low[places], high[places])
    chart.line(cut.middles, parts[places])
    chart.dots(cut.middles, parts[places], large=True)
    caption = _extremes(aim, cut, parts, places) + f" Dashed: {share(overall)}, over all rows."
    return _figure(aim, column, caption, chart, cut)


def _share_by_value(aim: Aim, column: pd.Series) -> Figure:
    cut = groups(column, _VALUES)
    parts, low, high = _shares(aim, cut)
    shown = [int(place) for place in np.argsort(-parts, kind="stable") if cut.counts[place]]
    entries = [
        Bar(
            name=cut.names[place], value=float(parts[place]), low=float(low[place]), high=float(high[place]),
            text=f"{share(float(parts[place]))} of {int(cut.counts[place]):,}",
            series=5 if place == cut.missing else 1,
        )
        for place in shown
    ]  # fmt: skip
    caption = _extremes(aim, cut, parts, [place for place in shown if cut.counts[place] >= _FEWEST] or shown)
    body = bars(("value", f"share of {_looked_for(aim, 24)}", "of rows"), entries)
    return Figure(title=_title(aim, column), caption=caption, body=body, part="against")


def _shares(aim: Aim, cut: Groups) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each group the share of the class looked for, with its 95% interval."""
    hits = np.bincount(cut.codes, weights=aim.holds(aim.looked_for or 0), minlength=len(cut.names)).astype(np.float64)
    counts = cut.counts.astype(np.float64)
    return (hits / np.maximum(counts, 1), *wilson(hits, counts))


def _extremes(aim: Aim, cut: Groups, parts: NDArray[np.float64], places: Sequence[int]) -> str:
    least, most = (pick(places, key=lambda place: parts[place]) for pick in (min, max))
    caption = (
        f"{_looked_for(aim)} is {share(float(parts[least]))} of the rows at {_said(cut.names[least])} "
        f"and {share(float(parts[most]))} at {_said(cut.names[most])}."
    )
    if cut.missing is not None and cut.missing not in (least, most):
        caption += f" Where there is no value, it is {share(float(parts[cut.missing]))}."
    return caption


# --- more classes ----------------------------------------------------------------------------------------------------


def _ranges_by_class(aim: Aim, column: pd.Series) -> Figure:
    values = moments(column) if column.dtype.kind in "fiuM" else lengths(column)
    parts = [(name, values[aim.codes == place]) for place, name in enumerate(aim.classes[:_VALUES])]
    left_out = len(aim.classes) - len(parts)
    noun = shorten(str(column.name), 24) if not is_long(column) else f"letters in {shorten(str(column.name), 20)}"
    return _ranges(_title(aim, column), ("class", noun), parts, _form(column, values), left_out)


def _classes_by_value(aim: Aim, column: pd.Series) -> Figure:
    """A table of values by classes, each cell tinted by its share of the value's rows."""
    cut = groups(column, _VALUES)
    shown = list(range(min(len(aim.classes), _CLASSES)))
    table = pd.crosstab(cut.codes, np.asarray(aim.codes)).reindex(columns=range(len(aim.classes)), fill_value=0)
    heads = "".join(
        f'<th scope="col" class="gm-over">{escape(shorten(aim.classes[place], 14))}</th>' for place in shown
    )
    heads += '<th scope="col" class="gm-over">others</th>' if len(shown) < len(aim.classes) else ""
    body, best = "", (0.0, "", "")
    for place, counts in table.iterrows():
        total, name = int(counts.sum()), cut.names[int(str(place))]
        parts = [float(counts.iloc[kind]) / total for kind in shown]
        tops = max(shown, key=lambda kind: parts[kind])
        best = max(best, (parts[tops] if total >= _FEWEST else 0.0, name, aim.classes[tops]))
        parts += [1 - sum(parts)] if len(shown) < len(aim.classes) else []
        cells = "".join(
            f'<td class="gm-right" style="--part:{100 * part:.0f}%">{share(part, 0)}</td>' for part in parts
        )
        body += f'<tr><th scope="row" title="{escape(name)}">{escape(shorten(name, 24))}</th>{cells}</tr>'
    caption = f"Most telling is {_said(best[1])}: {share(best[0])} of its rows are {quoted(best[2])}."
    drawn = (
        f'<div class="gm-scroll" tabindex="0" role="region" aria-label="{escape(_title(aim, column))}">'
        f'<table class="gm-matrix"><thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )
    return Figure(title=_title(aim, column), caption=caption, body=drawn, part="against", wide=len(shown) > 4)


# --- numbers ---------------------------------------------------------------------------------------------------------


def _dots(aim: Aim, column: pd.Series) -> Figure:
    values = moments(column) if column.dtype.kind in "fiuM" else lengths(column)
    answers = aim.values.to_numpy(dtype=float)
    inside = _inside(values) & _inside(answers)
    across = _axis(column, values[inside])
    chart = Chart(across, Axis.around(shorten(aim.name, 30), answers[inside]), height=_HEIGHT)
    some = np.random.default_rng(0).permutation(np.flatnonzero(inside))[:_DOTS]
    chart.dots(values[some], answers[some])
    cut = groups(column, _RANGES)
    places = [place for place in range(len(cut.middles)) if cut.counts[place] >= _FEWEST]
    middles = np.array([float(np.median(answers[cut.codes == place])) for place in range(len(cut.names))])
    chart.line(cut.middles[places], middles[places], series=2)
    caption = f"The middle {quoted(aim.name)} is {_least_and_most(cut, middles, places, number)}."
    if cut.missing is not None:
        caption += f" Where there is no value, it is {number(middles[cut.missing])}."
    if len(some) < int(inside.sum()):
        caption += f" {len(some):,} of {len(values):,} rows are drawn."
    if not inside.all():
        caption += " The outermost values are beyond the edges."
    return _figure(aim, column, caption, chart, cut)


def _ranges_of_target(aim: Aim, column: pd.Series) -> Figure:
    cut = groups(column, _VALUES)
    answers = aim.values.to_numpy(dtype=float)
    parts = [(name, answers[cut.codes == place]) for place, name in enumerate(cut.names)]
    return _ranges(_title(aim, column), ("value", shorten(aim.name, 30)), parts, _form(aim.values, answers))


def _least_and_most(cut: Groups, middles: NDArray[np.float64], places: Sequence[int], form: Form) -> str:
    if not places:
        return "not to be told from so few rows"
    least, most = (pick(places, key=lambda place: middles[place]) for pick in (min, max))
    return (
        f"least, {form(middles[least])}, at {_said(cut.names[least])} "
        f"and greatest, {form(middles[most])}, at {_said(cut.names[most])}"
    )


# --- over time -------------------------------------------------------------------------------------------------------


def over_time(aim: Aim | None, column: pd.Series, *, sampled: str) -> list[Figure]:
    """How many rows there are in each period of a column of dates, and what the target does meanwhile."""
    plain = column.dt.tz_convert(None) if column.dt.tz is not None else column
    present = plain.dropna()
    if present.nunique() < 3:
        return []
    period, word = _period(present)
    starts = present.dt.to_period(period)
    order = pd.period_range(starts.min(), starts.max(), freq=period)
    counts = starts.value_counts().reindex(order, fill_value=0).to_numpy(dtype=float)
    edges = np.array([*(start.start_time.timestamp() for start in order), order[-1].end_time.timestamp()])
    across = Axis(shorten(str(column.name), 40), float(edges[0]), float(edges[-1]), form=date)
    chart = Chart(across, Axis("rows", 0.0, 1.06 * float(counts.max())), height=_HEIGHT)
    chart.bars(edges, counts)
    busiest = int(np.argmax(counts))
    title = f"Rows over {quoted(column.name, 50)}"
    caption = (
        f"From {present.min():%Y-%m-%d} to {present.max():%Y-%m-%d}, by {word}; most rows, {int(counts[busiest]):,}, "
        f"are in that of {date(edges[busiest])}.{sampled}"
    )
    figures = [Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="time")]
    if aim is not None and aim.name != column.name:
        codes = np.full(len(column), -1)
        codes[plain.notna().to_numpy()] = order.get_indexer(pd.PeriodIndex(starts))
        figures.append(_target_over_time(aim, across, (edges[:-1] + edges[1:]) / 2, codes, word))
    return figures


def _period(present: pd.Series) -> tuple[str, str]:
    """The finest period of which there are not too many, for pandas and in a word."""
    seconds = (present.max() - present.min()).total_seconds()
    lengths = ((60, "min", "minute"), (3600, "h", "hour"), (86400, "D", "day"), (7 * 86400, "W", "week"))
    lengths += ((30.4 * 86400, "M", "month"), (91.3 * 86400, "Q", "quarter"))  # type: ignore[assignment]
    fitting = (names for length, *names in lengths if seconds / length <= _PERIODS)
    period, word = next(fitting, ["Y", "year"])
    return period, word


def _target_over_time(
    aim: Aim, across: Axis, middles: NDArray[np.float64], codes: NDArray[np.int64], word: str
) -> Figure:
    counts = np.bincount(codes[codes >= 0], minlength=len(middles))
    places = np.flatnonzero(counts >= _FEWEST)
    title, names = f"{quoted(aim.name, 50)} over time", []
    if aim.codes is None:
        answers = aim.values.to_numpy(dtype=float)
        spread = np.array([np.quantile(answers[codes == place], (0.25, 0.5, 0.75)) for place in places]).reshape(-1, 3)
        chart = Chart(across, Axis.around(shorten(aim.name, 30), spread), height=_HEIGHT)
        if len(places):
            chart.band(middles[places], spread[:, 0], spread[:, 2])
        lines, form = [spread[:, 1]], number
        caption = f"The middle value of each {word}; the band holds the middle half."
    else:
        shown = [aim.looked_for] if aim.looked_for is not None else list(range(min(_LINES, len(aim.classes))))
        names = [aim.classes[kind] for kind in shown]
        lines = [np.array([float((aim.codes[codes == place] == kind).mean()) for place in places]) for kind in shown]
        label = f"share of {_looked_for(aim, 24)}" if aim.looked_for is not None else "share of the class"
        chart = Chart(across, Axis(label, 0.0, _top(np.array(lines)), form=share), height=_HEIGHT)
        form = share
        caption = f"The share in each {word}{'' if len(shown) == 1 else ' of the commonest classes'}."
    for series, line in enumerate(lines, start=1):
        if len(places):
            chart.line(middles[places], line, series=series)
    if len(places) >= 6:
        third = len(places) // 3
        before, after = float(lines[0][:third].mean()), float(lines[0][-third:].mean())
        caption += f" In the first third it is {form(before)} on average, in the last {form(after)}."
    body = (legend(shorten(name, 30) for name in names) if len(names) > 1 else "") + chart.svg(f"{title}. {caption}")
    return Figure(title=title, caption=caption, body=body, part="time")


# --- what all of them use --------------------------------------------------------------------------------------------


def _ranges(
    title: str, head: tuple[str, str], parts: Sequence[tuple[str, NDArray[np.float64]]], form: Form, left_out: int = 0
) -> Figure:
    """Where the middle of each part's values lies, one under another, the highest first."""
    found = []
    for name, values in parts:
        present = values[np.isfinite(values)]
        if len(present):
            found.append((name, np.quantile(present, _FOUR_IN_FIVE), len(present)))
    if not found:
        return Figure(title=title, caption="There is no value to draw.", body="", part="against")
    found.sort(key=lambda part: -part[1][2])
    foot = min(float(spread[0]) for _, spread, _ in found)
    air = 0.03 * (max(float(spread[4]) for _, spread, _ in found) - foot)
    shift = foot - air  # bars begin at nothing, and this scale need not
    entries = [
        Bar(
            name=name, start=float(spread[1]) - shift, value=float(spread[3] - spread[1]),
            low=float(spread[0]) - shift, high=float(spread[4]) - shift, text=form(float(spread[2])),
            series=5 if name == MISSING else 1,
        )
        for name, spread, _ in found
    ]  # fmt: skip
    first, last = found[0], found[-1]
    caption = (
        f"The middle one is greatest, {form(float(first[1][2]))}, for {_said(first[0])}"
        + (f" and least, {form(float(last[1][2]))}, for {_said(last[0])}" if len(found) > 1 else "")
        + ". Bars hold the middle half of the rows, whiskers four in five."
    )
    if left_out:
        caption += f" {left_out:,} rarer classes are not shown."
    return Figure(title=title, caption=caption, body=bars((*head, "middle"), entries), part="against")


def _figure(aim: Aim, column: pd.Series, caption: str, chart: Chart, cut: Groups) -> Figure:
    if cut.missing is not None and MISSING not in caption and "no value" not in caption:
        caption += f" {share(float(cut.counts[cut.missing] / cut.counts.sum()))} of the rows have no value."
    title = _title(aim, column)
    return Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="against")


def _title(aim: Aim, column: pd.Series) -> str:
    what = f"The length of {quoted(column.name, 40)}" if is_long(column) else quoted(column.name, 40)
    return f"{what} and {quoted(aim.name, 40)}"


def _axis(column: pd.Series, values: NDArray[np.float64]) -> Axis:
    name = shorten(str(column.name), 40)
    around = Axis.around(f"letters in {name}" if is_long(column) else name, values)
    return Axis(around.label, around.low, around.high, form=_form(column, values, brief))


def _form(column: pd.Series, values: NDArray[np.float64], otherwise: Form = number) -> Form:
    """How a column's values are written."""
    if column.dtype.kind == "M":
        return date
    finite = values[np.isfinite(values)]
    return plain_years(float(finite.min()), float(finite.max()), otherwise) if len(finite) else otherwise


def date(at: float) -> str:
    """Seconds as the day they fall on."""
    return str(np.datetime64(int(at), "s"))[:10]


def _inside(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values are neither missing nor among the few outermost, where those lie far out."""
    present = values[np.isfinite(values)]
    if not len(present):
        return np.zeros(len(values), dtype=bool)
    low, high = (float(edge) for edge in np.quantile(present, _EDGES))
    reach = 0.5 * (high - low)
    return np.isfinite(values) & (values >= low - reach) & (values <= high + reach)


def _top(shares: NDArray[np.float64]) -> float:
    """The top of an axis of shares: all, or less where all of them are small."""
    highest = float(shares.max()) if shares.size else 1.0
    return min(1.0, max(1.15 * highest, 0.02))


def _looked_for(aim: Aim, limit: int = 30) -> str:
    return quoted(aim.classes[aim.looked_for or 0], limit)


def _said(name: str) -> str:
    """A group's name in a sentence: ranges as they are, words in quotation marks, gaps in words."""
    if name == MISSING:
        return "rows without a value"
    if name.startswith("("):
        return "all other values"
    return name if name[:1].isdigit() or name[:1] == "\N{MINUS SIGN}" else quoted(name, 30)
