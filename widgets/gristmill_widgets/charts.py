"""Small pictures of numbers, drawn as SVG in the colours of the theme."""

from __future__ import annotations

from collections.abc import Sequence

from gristmill.records import Column
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.strings import English
from gristmill_widgets.words import number, share, value

__all__ = ["bars", "histogram", "line"]

_WIDE, _HIGH = 240, 56


def histogram(s: English, column: Column) -> Html:
    """How the numbers of a column lie."""
    most = max((count for _, _, count in column.histogram), default=0)
    if not most:
        return Html("")
    low, high = column.histogram[0][0], column.histogram[-1][1]
    wide = _WIDE / len(column.histogram)
    rects = []
    for place, (_, _, count) in enumerate(column.histogram):
        tall = max(1.5, (_HIGH - 4) * count / most) if count else 0
        rects.append(
            el("rect", x=f"{place * wide + 0.75:.1f}", y=f"{_HIGH - tall:.1f}", width=f"{wide - 1.5:.1f}",
               height=f"{tall:.1f}", rx="1.5")
        )  # fmt: skip
    said = s.histogram_label.format(low=value(s, low), high=value(s, high))
    ends = el("p", el("span", value(s, low)), el("span", value(s, high)), class_="gm-ends")
    svg = el("svg", rects, viewBox=f"0 0 {_WIDE} {_HIGH}", preserveAspectRatio="none", role="img", aria_label=said)
    return el("div", svg, ends, class_="gm-histogram")


def bars(s: English, found: Sequence[tuple[str, float]], whole: float, *, most: int = 4) -> Html:
    """The commonest values, as bars with their share."""
    shown = found[:most]
    top = max((amount for _, amount in shown), default=1) or 1
    rows: list[Child] = [
        el(
            "li",
            el("span", shorten(name, 40), class_="gm-bars-name", dir="auto"),
            el("span", share(s, amount, whole), class_="gm-bars-share"),
            el("i", data_share=f"{amount / top:.3f}", aria_hidden="true"),
        )
        for name, amount in shown
    ]
    if len(found) > most:
        rows.append(el("li", s.more_values.format(n=number(s, len(found) - most)), class_="gm-note"))
    return el("ol", rows, class_="gm-bars")


def line(points: Sequence[tuple[float, float]], *, label: str, form: str = "") -> Html:
    """How something has risen with time: a step for each time that it changed."""
    if len(points) < 2:
        return Html("")
    (first, _), (last, _) = points[0], points[-1]
    heights = [height for _, height in points]
    low, high = min(heights), max(heights)
    span, range_ = (last - first) or 1.0, (high - low) or abs(high) or 1.0
    wide, high_px = 600, 140

    def at(point: tuple[float, float]) -> tuple[float, float]:
        x, y = point
        return wide * (x - first) / span, high_px - 12 - (high_px - 24) * (y - low) / range_

    path = "M" + "L".join(
        f"{x:.1f} {y:.1f}"
        for before, now in zip([points[0], *points], points, strict=False)
        for x, y in (( at(now)[0], at(before)[1]), at(now))
    )  # fmt: skip
    x, y = at(points[-1])
    return el(
        "svg",
        el("path", d=path, class_="gm-line", fill="none", vector_effect="non-scaling-stroke"),
        el("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="4", class_="gm-line-end"),
        viewBox=f"-8 0 {wide + 16} {high_px}", role="img", aria_label=label + form, class_="gm-curve",
    )  # fmt: skip
