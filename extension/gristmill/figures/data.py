"""The data that a run learned from, and what a person should know about it before they believe the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from gristmill.figures.drawing import Axis, Chart
from gristmill.figures.figure import Figure, Group
from gristmill.figures.pieces import Bar, Cell, Markup, bars, more, table, tiles
from gristmill.records import Column, ColumnKind, Notice, Profile, Severity
from gristmill.wording import between, count, interval, number, plain_years, plural, quoted, share, shorten

__all__ = ["data_summary", "notice_list"]

_SHOWN_COLUMNS = 12
_FEWEST_COLUMNS = 4  # below that a chart of their kinds says nothing, and intake's own tables have no more
_LISTED_COLUMNS = 200
_SHOWN_NOTICES = 8
_SHOWN_CLASSES = 12
_WEIGHT = {Severity.CONFIRM: 0, Severity.WARNING: 1, Severity.DOUBT: 2, Severity.INFO: 3}
_WORDS = {Severity.CONFIRM: "Confirmed", Severity.WARNING: "Warning", Severity.DOUBT: "Doubt", Severity.INFO: "Note"}


def data_summary(profile: Profile, notices: Iterable[Notice] = (), *, target: str = "") -> Group:
    """Rows, columns and gaps; the notices, gravest first; the target's spread; and each column in a line."""
    listed = tuple(dict.fromkeys((*profile.notices, *notices)))
    columns = profile.main.columns
    figures = [_overview(profile, listed)]
    if any(column.name == target for column in columns):
        figures.append(_spread(profile.column(target), plural(2, profile.item)))
    if len(columns) >= _FEWEST_COLUMNS:
        figures.append(_kinds(columns))
    if _are_told(profile):
        figures.append(_columns(columns, target))
    return Group(figures)


def notice_list(notices: Iterable[Notice]) -> str:
    """Notices as a list, the gravest first; those beyond the first few are a click away."""
    ordered = sorted(notices, key=lambda notice: _WEIGHT[notice.severity])
    entries = [
        f'<li data-severity="{notice.severity.value}"><strong>{_WORDS[notice.severity]}</strong> '
        f"<span>{escape(notice.message)}{' ' if notice.cure else ''}<em>{escape(notice.cure)}</em></span></li>"
        for notice in ordered
    ]
    if not entries:
        return ""
    shown = f'<ul class="gm-notices">{"".join(entries[:_SHOWN_NOTICES])}</ul>'
    rest = entries[_SHOWN_NOTICES:]
    hidden = f'<ul class="gm-notices">{"".join(rest)}</ul>'
    return shown + (more(f"{count(len(rest), 'further note')}", hidden) if rest else "")


def _overview(profile: Profile, notices: Sequence[Notice]) -> Figure:
    columns = profile.main.columns
    cells = sum(column.rows for column in columns)
    missing = sum(column.missing for column in columns)
    grave = sum(notice.severity in (Severity.WARNING, Severity.CONFIRM) for notice in notices)
    facts = [(f"{plural(profile.rows, profile.item)} to learn from", f"{profile.rows:,}")]
    if _are_told(profile):
        facts += [
            (plural(len(columns), "column"), f"{len(columns):,}"),
            ("of all cells are empty", share(missing / cells) if cells else "0%"),
            ("repeated rows", f"{'' if profile.main.duplicates_are_exact else '≈'}{profile.main.duplicates:,}"),
        ]
    facts.append(("warnings", f"{grave:,}"))
    files = ", ".join(shorten(part.path, 50) for part in profile.tables[:4])
    caption = f"Read from {count(profile.files, 'file')}." if profile.arranged else f"Read from {files}."
    if profile.ignored:
        caption += f" {count(len(profile.ignored), 'file')} in the archive took no part."
    return Figure(title="The data", caption=caption, body=tiles(facts) + notice_list(notices), part="data", wide=True)


def _are_told(profile: Profile) -> bool:
    """Whether the columns are a person's own: those of intake's tables of files tell nobody anything."""
    return not profile.arranged or len(profile.main.columns) >= _FEWEST_COLUMNS


def _spread(column: Column, items: str) -> Figure:
    """How the target's values are spread over the `items`: classes by number, or a histogram."""
    title = f"What is predicted: {quoted(column.name, 60)}"
    if column.histogram and column.kind in (ColumnKind.NUMBER, ColumnKind.INTEGER):
        edges = [column.histogram[0][0], *(end for _, end, _ in column.histogram)]
        heights = [amount for _, _, amount in column.histogram]
        chart = Chart(
            Axis(shorten(column.name, 40), edges[0], edges[-1]), Axis(items, 0, 1.06 * max(heights)), height=220
        )
        chart.bars(edges, heights)
        low, middle, high = (column.quantiles + (0.0,) * 5)[1:4]
        form = plain_years(edges[0], edges[-1], number)
        caption = f"Half of the values lie between {between(low, high, form)}; the middle one is {form(middle)}."
        return Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="target")
    present = max(1, column.rows - column.missing)
    entries = [
        Bar(name=name, value=amount, text=f"{amount:,} ({share(amount / present)})")
        for name, amount in column.top[:_SHOWN_CLASSES]
    ]
    caption = f"{count(column.distinct, 'class')}."
    if column.top:
        first, amount = column.top[0]
        caption = f"{caption[:-1]}; the commonest, {quoted(first)}, is {share(amount / present)} of the {items}."
    if column.distinct > len(entries):
        caption += f" The {len(entries)} commonest are shown."
    return Figure(title=title, caption=caption, body=bars(("class", "", items), entries), part="target")


def _kinds(columns: Sequence[Column]) -> Figure:
    amounts = Counter(column.kind.value for column in columns).most_common()
    entries = [Bar(name=kind, value=amount, text=f"{amount:,}", series=5) for kind, amount in amounts]
    caption = f"{count(len(columns), 'column')}; the commonest kind is {amounts[0][0]}."
    return Figure(title="Kinds of columns", caption=caption, body=bars(("kind", "", "columns"), entries), part="kinds")


def _columns(columns: Sequence[Column], target: str) -> Figure:
    head = ("column", "kind", "empty", "distinct", "typical values", "spread")
    ordered = sorted(columns, key=lambda column: column.name != target)
    rows = [_column(column, target) for column in ordered[:_LISTED_COLUMNS]]
    body = table(head, rows[:_SHOWN_COLUMNS], numeric=(2, 3))
    if len(rows) > _SHOWN_COLUMNS:
        body += more(
            f"The next {len(rows) - _SHOWN_COLUMNS} columns", table(head, rows[_SHOWN_COLUMNS:], numeric=(2, 3))
        )
    gaps = sorted(columns, key=lambda column: -column.missing)
    caption = "No column has gaps."
    if gaps and gaps[0].missing:
        part = share(gaps[0].missing / max(1, gaps[0].rows))
        caption = f"Most gaps are in {quoted(gaps[0].name)}: {part} of its cells are empty."
    if len(columns) > _LISTED_COLUMNS:
        caption += f" The first {_LISTED_COLUMNS} of {len(columns):,} are listed."
    return Figure(title="Columns", caption=caption, body=body, part="columns", wide=True)


def _column(column: Column, target: str) -> list[Cell]:
    name = escape(shorten(column.name, 48)) + (' <span class="gm-mark">target</span>' if column.name == target else "")
    return [
        Markup(f'<span title="{escape(column.name)}">{name}</span>'),
        column.kind.value,
        share(column.missing / column.rows) if column.missing else "0",
        f"{'' if column.distinct_is_exact else '≈'}{column.distinct:,}",
        _typical(column),
        Markup(_spark(column)),
    ]


def _typical(column: Column) -> str:
    if column.kind in (ColumnKind.NUMBER, ColumnKind.INTEGER) and len(column.quantiles) == 5:
        form = plain_years(column.quantiles[0], column.quantiles[4], number)
        return f"{interval(column.quantiles[1], column.quantiles[3], form)}, middle {form(column.quantiles[2])}"
    if column.kind is ColumnKind.DATE and column.minimum is not None:
        return f"{str(column.minimum)[:10]} to {str(column.maximum)[:10]}"
    present = max(1, column.rows - column.missing)
    if column.top:
        return ", ".join(f"{shorten(value, 18)} {share(amount / present, 0)}" for value, amount in column.top[:3])
    return ", ".join(shorten(example, 24) for example in column.examples[:2])


def _spark(column: Column) -> str:
    """The column's histogram in the height of a line."""
    heights = [amount for _, _, amount in column.histogram] or [amount for _, amount in column.top[:10]]
    if len(heights) < 2:
        return ""
    wide, tallest = 80 / len(heights), max(heights) or 1
    path = "".join(
        f"M{index * wide:.1f} 20V{20 - 19 * amount / tallest:.1f}h{max(1.0, wide - 1):.1f}V20Z"
        for index, amount in enumerate(heights)
    )
    return f'<svg class="gm-spark" viewBox="0 0 80 20" aria-hidden="true"><path class="gm-bar gm-s1" d="{path}"/></svg>'
