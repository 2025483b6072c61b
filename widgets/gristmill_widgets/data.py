"""Data as a person would look at it: what it is, and a card for each column."""

from __future__ import annotations

from gristmill.records import Column, ColumnKind, Dataset
from gristmill_widgets.charts import bars, histogram
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.pieces import card
from gristmill_widgets.strings import English
from gristmill_widgets.words import count, number, share, size, value

__all__ = ["columns_of", "facts_of"]

_COLUMNS = 60  # shown at once
_TEXTS = 3
_TEXT = 160  # letters of each
_SEEN = (ColumnKind.PICTURE, ColumnKind.BOXES)  # a glance at them says more than their values do


def facts_of(s: English, dataset: Dataset) -> str:
    """How much there is of it, in a line."""
    profile = dataset.profile
    said = [count(s, profile.rows, profile.item)]
    if not profile.arranged:
        said.append(count(s, len(profile.main.columns), "column"))
    if profile.files > 1:
        said.append(count(s, profile.files, "file"))
    return " · ".join([*said, size(s, dataset.size)])


def columns_of(s: English, dataset: Dataset, *, target: str) -> Html:
    """A card for each column, the one that is to be predicted first."""
    columns = sorted(dataset.profile.main.columns, key=lambda column: column.name != target)
    columns = [column for column in columns if column.kind not in _SEEN]
    if not columns:
        return Html("")
    cards = [_card(s, column, is_target=column.name == target) for column in columns[:_COLUMNS]]
    left = len(columns) - _COLUMNS
    more = el("p", s.more_columns.format(n=number(s, left)), class_="gm-note") if left > 0 else None
    return card(el("ul", cards, class_="gm-columns"), more, title=s.data_title)


def _card(s: English, column: Column, *, is_target: bool) -> Html:
    missing = column.missing
    foot: list[Child] = []
    if missing:
        foot.append(el("span", s.missing.format(share=share(s, missing, column.rows)), class_="gm-missing"))
    if column.kind is not ColumnKind.CONSTANT and column.distinct > 1:
        about = "" if column.distinct_is_exact else "≈ "
        foot.append(el("span", about + s.distinct.format(n=number(s, column.distinct))))
    return el(
        "li",
        el("p", el("b", shorten(column.name, 60), dir="auto"), el("span", s.kinds[column.kind], class_="gm-kind"),
           class_="gm-column-head"),
        el("p", s.is_target, class_="gm-badge") if is_target else None,
        _look(s, column),
        el("p", foot, class_="gm-column-foot") if foot else None,
        class_="is-target" if is_target else None,
        data_key=f"c-{column.name}",
    )  # fmt: skip


def _look(s: English, column: Column) -> Child:
    """What is in the column, at a glance."""
    whole = max(1, column.rows - column.missing)
    if column.kind in (ColumnKind.NUMBER, ColumnKind.INTEGER) and column.histogram:
        return histogram(s, column)
    if column.kind is ColumnKind.DATE:
        return el("p", value(s, column.minimum), " → ", value(s, column.maximum), class_="gm-span")
    if column.kind in (ColumnKind.TEXT, ColumnKind.IDENTIFIER, ColumnKind.PICTURE) and column.examples:
        return el(
            "ul", [el("li", shorten(one, _TEXT), dir="auto") for one in column.examples[:_TEXTS]], class_="gm-quotes"
        )
    if column.top:
        return bars(s, [(name, float(amount)) for name, amount in column.top], whole)
    if column.examples:
        return el(
            "ul", [el("li", shorten(one, _TEXT), dir="auto") for one in column.examples[:_TEXTS]], class_="gm-quotes"
        )
    return el("p", s.kinds[column.kind], class_="gm-note")
