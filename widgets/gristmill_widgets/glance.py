"""A glance at the data itself: its first rows, some of its pictures and what is in them, its series as curves."""

from __future__ import annotations

from collections.abc import Sequence

from gristmill.records import ColumnKind, Curve, Dataset, Preview, Sight
from gristmill_widgets.charts import trace
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.pieces import action, card, table
from gristmill_widgets.strings import English
from gristmill_widgets.words import number

__all__ = ["glance"]

_FEW = 6  # rows that are shown at first
_CELL = 60
_TEXT = 280  # letters of a text, which has several lines
_LABELS = 4


def glance(s: English, dataset: Dataset, found: Preview, *, target: str, whole: bool) -> Child:
    """What there is to see; a sentence where nothing was kept."""
    parts: list[Child] = []
    if found.curves:
        parts.append(_series(s, found.curves, target))
    if found.pictures:
        parts.append(card(el("ul", [_picture(s, one) for one in found.pictures], class_="gm-sights"),
                          title=s.sights_title))  # fmt: skip
    if found.rows:
        parts.append(_rows(s, dataset, found, target, whole=whole))
    return parts or card(el("p", s.glance_none, class_="gm-note"), title=s.rows_title)


def _rows(s: English, dataset: Dataset, found: Preview, target: str, *, whole: bool) -> Html:
    kinds = {column.name: s.kinds[column.kind] for column in dataset.profile.main.columns}
    texts = {column.name for column in dataset.profile.main.columns if column.kind is ColumnKind.TEXT}
    place = found.columns.index(target) if target in found.columns else -1
    order = [place, *(at for at in range(len(found.columns)) if at != place)] if place >= 0 else range(
        len(found.columns)
    )  # fmt: skip
    names: list[Child] = [
        el("span", el("b", shorten(found.columns[at], 40), dir="auto"), el("small", kinds.get(found.columns[at], "")),
           class_="gm-candidate")
        for at in order
    ]  # fmt: skip
    shown = found.rows if whole else found.rows[:_FEW]
    rows: list[list[Child]] = [[_cell(s, row[at], is_text=found.columns[at] in texts) for at in order] for row in shown]
    left = len(found.rows) - len(shown)
    more = action(s.rows_more.format(n=number(s, len(found.rows))), "rows", kind="is-quiet") if left else None
    return card(
        table(names, rows, kind="gm-rows has-target" if place >= 0 else "gm-rows", label=s.rows_title),
        el("div", more, class_="gm-row") if more else None, title=s.rows_title,
    )  # fmt: skip


def _cell(s: English, text: str | None, *, is_text: bool) -> Child:
    if text is None:
        return el("span", s.no_value, class_="gm-missing")
    if is_text and len(text) > _CELL:
        return el("span", shorten(text, _TEXT), class_="gm-text", dir="auto")
    return el("span", shorten(text, _CELL), dir="auto")


def _picture(s: English, one: Sight) -> Html:
    names = list(dict.fromkeys([*one.labels, *(thing.name for thing in one.things)]))
    said = ", ".join(shorten(name, 30) for name in names[:_LABELS]) + (" …" if len(names) > _LABELS else "")
    boxes = [
        el("rect", x=f"{thing.box[0]:.1f}", y=f"{thing.box[1]:.1f}", width=f"{thing.box[2]:.1f}",
           height=f"{thing.box[3]:.1f}")
        for thing in one.things
    ]  # fmt: skip
    drawn = el("svg", boxes, viewBox=f"0 0 {one.width} {one.height}", class_="gm-boxes", aria_hidden="true")
    picture = el("img", src=f"data:image/jpeg;base64,{one.jpeg}", alt=s.sight_alt.format(name=said or one.path))
    return el(
        "li",
        el("div", picture, drawn if boxes else None, class_="gm-sight"),
        el("p", said, dir="auto") if said else None,
        data_key=f"sight-{one.path}",
    )


def _series(s: English, curves: Sequence[Curve], target: str) -> Html:
    """The target's curves, or those of the first column of numbers."""
    column = target if any(curve.column == target for curve in curves) else curves[0].column
    items = [_curve(s, curve) for curve in curves if curve.column == column]
    return card(el("ul", items, class_="gm-series"), title=s.series_title.format(name=shorten(column, 40)))


def _curve(s: English, curve: Curve) -> Html:
    there = [value for value in curve.values if value is not None]
    low, high = (min(there), max(there)) if there else (0.0, 0.0)
    said = s.series_label.format(low=number(s, low), high=number(s, high), first=curve.first, last=curve.last)
    name = el("b", shorten(curve.item, 40), dir="auto") if curve.item else None
    return el(
        "li",
        el("p", name, el("span", f"{number(s, low)} – {number(s, high)}", class_="gm-kind"), class_="gm-column-head"),
        trace(curve.values, label=said),
        el("p", el("span", curve.first), el("span", curve.last), class_="gm-ends"),
    )
