"""Small pictures of numbers, drawn as SVG in the colours of the theme."""

from __future__ import annotations

from collections.abc import Sequence

from gristmill.records import Column
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.strings import English
from gristmill_widgets.words import number, share, value

__all__ = ["band", "bars", "histogram", "line", "signed_bars", "trace"]

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
    """The commonest values, each with its share of the whole, and a bar that is as wide as that."""
    rows: list[Child] = [
        el(
            "li",
            el("span", shorten(name, 40), class_="gm-bars-name", dir="auto"),
            el("span", share(s, amount, whole), class_="gm-bars-share"),
            el("i", data_share=f"{amount / whole:.3f}", aria_hidden="true"),
        )
        for name, amount in found[:most]
    ]
    if len(found) > most:
        rows.append(el("li", s.more_values.format(n=number(s, len(found) - most)), class_="gm-note"))
    return el("ol", rows, class_="gm-bars")


def signed_bars(found: Sequence[tuple[str, str, float]]) -> Html:
    """What adds to something and what takes away from it: a name, the amount in words, and the amount."""
    top = max((abs(amount) for _, _, amount in found), default=1) or 1
    rows: list[Child] = [
        el(
            "li",
            el("span", name, class_="gm-bars-name", dir="auto", title=name),
            el("span", said, class_="gm-bars-share"),
            el(
                "i", data_share=f"{abs(amount) / top:.3f}", aria_hidden="true", class_="is-less" if amount < 0 else None
            ),
        )
        for name, said, amount in found
    ]
    return el("ol", rows, class_="gm-bars")


def trace(values: Sequence[float | None], *, label: str) -> Html:
    """Values one after another, at equal distances; gaps stay gaps."""
    there = [one for one in values if one is not None]
    if not there:
        return Html("")
    low, high, wide, high_px = min(there), max(there), 600.0, 100.0
    range_, step = (high - low) or 1.0, wide / max(1, len(values) - 1)
    path, is_drawing = "", False
    for place, one in enumerate(values):
        if one is not None:
            height = high_px - 4 - (high_px - 8) * (one - low) / range_
            path += f"{'L' if is_drawing else 'M'}{place * step:.1f} {height:.1f}"
        is_drawing = one is not None
    drawn = el("path", d=path, class_="gm-line", fill="none", vector_effect="non-scaling-stroke")
    return el("svg", drawn, viewBox=f"0 0 {wide:.0f} {high_px:.0f}", preserveAspectRatio="none", role="img",
              aria_label=label, class_="gm-trace")  # fmt: skip


def band(
    values: Sequence[float | None], low: Sequence[float | None], high: Sequence[float | None], *, label: str
) -> Html:
    """Values one after another, in the band between `low` and `high`, where both are known."""
    there = [one for one in (*values, *low, *high) if one is not None]
    if not there:
        return Html("")
    least, range_ = min(there), (max(there) - min(there)) or 1.0
    wide, high_px = 600.0, 100.0
    step = wide / max(1, len(values) - 1)

    def path(points: Sequence[tuple[int, float]]) -> str:
        return "L".join(f"{at * step:.1f} {high_px - 4 - (high_px - 8) * (y - least) / range_:.1f}" for at, y in points)

    def known(column: Sequence[float | None]) -> list[tuple[int, float]]:
        return [(at, one) for at, one in enumerate(column) if one is not None]

    lower, upper = known(low), known(high)
    around = el("path", d=f"M{path(upper)}L{path(lower[::-1])}Z", class_="gm-band") if lower and upper else None
    drawn = el("path", d=f"M{path(known(values))}", class_="gm-line", fill="none", vector_effect="non-scaling-stroke")
    return el("svg", around, drawn, viewBox=f"0 0 {wide:.0f} {high_px:.0f}", preserveAspectRatio="none", role="img",
              aria_label=label, class_="gm-trace")  # fmt: skip


def line(points: Sequence[tuple[float, float]], *, until: float, ends: tuple[str, str], label: str) -> Html:
    """How something has risen with time, until now: a step for each time that it changed; `ends` is written below."""
    if len(points) < 2:
        return Html("")
    points = [*points, (max(until, points[-1][0]), points[-1][1])]
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
        for x, y in ((at(now)[0], at(before)[1]), at(now))
    )
    drawn = el("path", d=path, class_="gm-line", fill="none", vector_effect="non-scaling-stroke")
    svg = el("svg", drawn, viewBox=f"0 0 {wide} {high_px}", preserveAspectRatio="none", role="img", aria_label=label,
             class_="gm-curve")  # fmt: skip
    return el("div", svg, el("p", el("span", ends[0]), el("span", ends[1]), class_="gm-ends"))
