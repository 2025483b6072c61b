"""What the series are, and how far forecasts are off: by series, and by window."""

from __future__ import annotations

from typing import Any

import numpy as np

from gristmill.figures.figure import Figure, Group
from gristmill.figures.forecasts.moments import day
from gristmill.figures.forecasts.windows import Forecasts
from gristmill.figures.measures import measure_named
from gristmill.figures.pieces import Bar, bars, more, table, tiles
from gristmill.tasks.series import Step
from gristmill.wording import quoted, share

__all__ = ["backtests", "item_errors", "series_summary"]

_SHOWN = 12
_LISTED = 40
_MEANINGS = {
    "known": "known ahead: a forecast is told their coming values",
    "past": "known for the past only: candidates that can learn from them do",
    "static": "one value for each series, which describes it",
}


def series_summary(test: Any) -> Group:
    """What the series are: how many, how long, in which steps, what is held out, and what stands beside the values."""
    told, target = test.attrs["series"], str(test.columns[0])
    lengths = test.num_timesteps_per_item()
    facts = [
        ("series", f"{len(lengths):,}"),
        ("values in a typical series", f"{int(lengths.median()):,}"),
        ("from one value to the next", Step(**told["panel"]["step"]).noun),
        ("steps ahead", f"{told['horizon']:,}"),
        ("held-out windows", f"{told['windows']:,}"),
        ("gaps", share(float(test[target].isna().mean()))),
    ]
    moments = test.index.get_level_values(1)
    caption = (
        f"{quoted(target)} from {day(moments.min())} to {day(moments.max())}. The last "
        f"{told['windows'] * told['horizon']:,} steps of each series are held out."
    )
    summary = Figure(title="The series", caption=caption, body=tiles(facts), part="series", wide=True)
    return Group([summary, *_columns(told)])


def _columns(told: dict[str, Any]) -> list[Figure]:
    """What the columns beside the target are taken as, if there are any."""
    rows = [(", ".join(map(quoted, told[role])), meaning) for role, meaning in _MEANINGS.items() if told[role]]
    if not rows:
        return []
    caption = "Each can be taken as something else: --set known=, past=, static= or ignore=."
    body = table(("columns", "taken as"), rows)
    return [Figure(title="Columns beside the values", caption=caption, body=body, part="beside", wide=True)]


def item_errors(found: Forecasts) -> Figure:
    """Each series' own score, the worst first."""
    errors, naive = found.by_item()[::-1], found.by_item(naive=True)
    measure = measure_named(found.metric)
    beaten = float(np.mean([errors[item] < naive.get(item, np.nan) for item in errors.index]))
    form = measure.column(errors)
    entries = [Bar(name=str(item), value=float(value), text=form(float(value))) for item, value in errors.items()]
    caption = (
        f"The forecast beats repeating the last season in {share(beaten, 0)} of {len(errors):,} series."
        if len(errors) > 1
        else "There is one series."
    )
    head = ("series", measure.title, "")
    body = bars(head, entries[:_SHOWN])
    if len(entries) > _SHOWN:
        body += more("More of them", bars(head, entries[_SHOWN:_LISTED]))
    return Figure(title="Error by series, worst first", caption=caption, body=body, part="items", wide=True)


def backtests(found: Forecasts) -> Figure:
    """Each window by itself: a score that holds only in one of them is luck."""
    measure = measure_named(found.metric)
    parts, naive = found.parts(), found.parts(naive=True)
    rows, differ = [], False
    for window, steps in found.steps.groupby("window"):
        mine = found.score(parts[parts["window"] == window])
        theirs = found.score(naive[naive["window"] == window])
        ends = steps.groupby("item_id")["timestamp"].agg(["min", "max"]).value_counts()
        differ |= len(ends) > 1
        first, last = ends.index[0]
        rows.append((f"{day(first)} to {day(last)}", mine, theirs, share(1 - mine / theirs, 0) if theirs else ""))
    form = measure.column([score for _, *scores, _ in rows for score in scores])
    head = ("window", measure.title, "repeating", "less error")
    caption = "Each window was forecast from all that came before it; no candidate had learned from any of them."
    if differ:
        caption += " Series that end earlier have theirs earlier."
    body = table(head, [(span, form(mine), form(theirs), less) for span, mine, theirs, less in rows], numeric=(1, 2, 3))
    return Figure(title="Held-out windows", caption=caption, body=body, part="windows", wide=True)
