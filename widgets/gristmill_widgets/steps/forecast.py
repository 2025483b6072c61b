"""How series go on: a curve for each, in the band where it lies four times out of five, and the numbers below."""

from __future__ import annotations

from collections.abc import Sequence

from gristmill.records import Model
from gristmill_widgets.charts import band
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.pieces import table
from gristmill_widgets.strings import English
from gristmill_widgets.words import number

__all__ = ["forecast"]

_SERIES = 6  # that are drawn
_NUMBERS = 60  # rows of the table
_ANSWER, _LOW, _HIGH = "prediction", "quantile.0.1", "quantile.0.9"

Row = dict[str, str]


def forecast(s: English, model: Model, rows: Sequence[Row]) -> Child:
    """What the model expects of each series."""
    if not rows:
        return el("p", s.try_nothing, class_="gm-note")
    moment, names = _columns(model, rows[0])
    series: dict[str, list[Row]] = {}
    for row in rows:
        series.setdefault(" · ".join(row[name] for name in names), []).append(row)
    drawn = [_curve(s, name, found, moment) for name, found in list(series.items())[:_SERIES]]
    left = len(series) - len(drawn)
    return [
        el("p", s.forecast_note, class_="gm-note"),
        el("ul", drawn, class_="gm-series gm-forecast"),
        el("p", s.forecast_more.format(n=number(s, left)), class_="gm-note") if left else None,
        el("details", el("summary", s.forecast_numbers), _table(s, rows[:_NUMBERS], [*names, moment])),
    ]


def _columns(model: Model, row: Row) -> tuple[str, list[str]]:
    """The column that says when, and those that say of what."""
    told = [name for name in row if name != _ANSWER and not name.startswith("quantile.")]
    dates = {str(one["name"]) for one in model.schema.get("columns", ()) if one.get("kind") == "date"}
    moment = next((name for name in told if name in dates), told[-1] if told else _ANSWER)
    return moment, [name for name in told if name != moment]


def _curve(s: English, name: str, rows: Sequence[Row], moment: str) -> Html:
    values, low, high = ([_number(row.get(column, "")) for row in rows] for column in (_ANSWER, _LOW, _HIGH))
    there = [value for value in values if value is not None]
    ends = (number(s, min(there)), number(s, max(there))) if there else ("–", "–")
    first, last = rows[0][moment], rows[-1][moment]
    label = s.series_label.format(low=ends[0], high=ends[1], first=first, last=last)
    return el(
        "li",
        el(
            "p",
            el("b", shorten(name, 40), dir="auto") if name else None,
            el("span", f"{ends[0]} – {ends[1]}", class_="gm-kind"),
            class_="gm-column-head",
        ),
        band(values, low, high, label=label),
        el("p", el("span", shorten(first, 20)), el("span", shorten(last, 20)), class_="gm-ends"),
    )


def _table(s: English, rows: Sequence[Row], told: Sequence[str]) -> Html:
    has_range = _LOW in rows[0] and _HIGH in rows[0]
    shown = {_ANSWER: s.forecast_expected} | ({_LOW: s.forecast_low, _HIGH: s.forecast_high} if has_range else {})
    cells: list[list[Child]] = [
        [*(shorten(row[name], 40) for name in told), *(_said(s, row.get(name, "")) for name in shown)] for row in rows
    ]
    heads: list[Child] = [*(shorten(name, 30) for name in told), *shown.values()]
    return table(heads, cells, kind="gm-rows", label=s.forecast_numbers)


def _said(s: English, text: str) -> str:
    found = _number(text)
    return shorten(text, 40) if found is None else number(s, found)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
