"""What figures are made of beside charts: tables, tiles of one number each, and lists of bars.

Lists of bars are tables, not drawings: long names wrap, a phone shows them as well as a desk, and a screen reader
reads the numbers. Words of the user's are escaped here, once; a cell that is already HTML says so by being `Markup`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from gristmill.wording import shorten

__all__ = ["Bar", "Cell", "Markup", "bars", "more", "table", "tiles"]


_KEPT_IN_LINE = 20


class Markup(str):
    """HTML of our own that is to be shown as it is."""

    __slots__ = ()


Cell = str | Markup


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: from zero to `value`, with an interval where there is one."""

    name: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None
    series: int = 1
    start: float = 0.0  # where the bar begins, for time lines
    strong: bool = False


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], *, numeric: Sequence[int] = (), strong: int = -1) -> str:
    """A table that scrolls by itself where it is too wide; columns `numeric` are set right, row `strong` stands out."""
    kinds = ['<th scope="col" class="gm-n">' if index in numeric else '<th scope="col">' for index in range(len(head))]
    top = "".join(f"{kind}{escape(word)}</th>" for kind, word in zip(kinds, head, strict=True))
    body = ""
    for number, row in enumerate(rows):
        cells = "".join(_cell(cell, numeric=index in numeric) for index, cell in enumerate(row))
        body += f"<tr{' class=gm-strong' if number == strong else ''}>{cells}</tr>"
    # A region that scrolls must be reachable by keyboard.
    return (
        '<div class="gm-scroll" tabindex="0" role="region" aria-label="table">'
        f'<table class="gm-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def tiles(facts: Iterable[tuple[str, str]]) -> str:
    """Single numbers side by side, each with what it is."""
    entries = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return f'<dl class="gm-tiles">{entries}</dl>'


def bars(head: tuple[str, str, str], entries: Sequence[Bar], *, most: float | None = None) -> str:
    """Bars one under another on one scale, each with its name and its number."""
    least = min([0.0, *(entry.value for entry in entries), *(entry.low for entry in entries if entry.low is not None)])
    ends = [entry.start + entry.value for entry in entries] + [
        entry.high for entry in entries if entry.high is not None
    ]
    span = (max([*ends, 0.0] if most is None else [most]) - least) or 1.0
    rows = ""
    for entry in entries:
        left, right = sorted((entry.start, entry.start + entry.value))
        drawn = f'<i class="gm-s{entry.series}" style="{_across(left, right, least, span)}"></i>'
        if entry.low is not None and entry.high is not None:
            drawn += f'<b style="{_across(entry.low, entry.high, least, span)}"></b>'
        rows += (
            f'<tr{" class=gm-strong" if entry.strong else ""}><th scope="row" title="{escape(entry.name)}">'
            f'{escape(shorten(entry.name, 60))}</th><td class="gm-track"><div>{drawn}</div></td>'
            f'<td class="gm-n">{escape(entry.text)}</td></tr>'
        )
    top = f'<th scope="col">{escape(head[0])}</th><th scope="col">{escape(head[1])}</th>'
    return (
        f'<table class="gm-bars"><thead><tr>{top}<th scope="col" class="gm-n">{escape(head[2])}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def more(summary: str, body: str) -> str:
    """Something that is one click away."""
    return f'<details class="gm-more"><summary>{escape(summary)}</summary>{body}</details>'


def _cell(cell: Cell, *, numeric: bool) -> str:
    if numeric:
        return f'<td class="gm-n">{escape(cell)}</td>'
    if isinstance(cell, Markup):
        return f"<td>{cell}</td>"
    # Short words and dates are kept in one line: the table scrolls rather than break them.
    return f"<td{' class=gm-k' if len(cell) <= _KEPT_IN_LINE else ''}>{escape(cell)}</td>"


def _across(left: float, right: float, least: float, span: float) -> str:
    return f"left:{100 * (left - least) / span:.2f}%;width:{100 * (right - left) / span:.2f}%"
