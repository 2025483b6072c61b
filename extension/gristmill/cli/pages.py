"""What a terminal shows: data, proposals, leaderboards and runs as tables that fit its width.

Everything that comes from data is put into `Text`, never into markup: a column called `[red]` is shown as just that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table as Grid
from rich.text import Text

from gristmill.cli import words
from gristmill.records import Column, ColumnKind, Notice, Profile, Proposal, Role, RunStatus, Severity

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gristmill.records import LeaderboardRow, Run, Table, WeightsEntry

__all__ = ["data_page", "facts", "leaderboard", "notices", "proposal_page", "runs_page", "status", "weights_page"]

_MOST_COLUMNS = 40  # of a table that are shown one by one
_MARKS = {
    Severity.CONFIRM: ("?", "bold magenta"),
    Severity.WARNING: ("!", "bold yellow"),
    Severity.DOUBT: ("~", "cyan"),
    Severity.INFO: ("·", "dim"),
}
_STATUS = {
    RunStatus.QUEUED: "dim",
    RunStatus.RUNNING: "cyan",
    RunStatus.SUCCEEDED: "green",
    RunStatus.FAILED: "red",
    RunStatus.CANCELLED: "yellow",
}


def status(run: Run) -> Text:
    """The run's status in its colour."""
    return Text(run.status + (" (salvaged)" if run.salvaged else ""), style=_STATUS[run.status])


def facts(pairs: Iterable[tuple[str, str | Text]]) -> RenderableType:
    """Names and what they stand for, one a line."""
    grid = _grid()
    grid.add_column(style="dim", no_wrap=True, min_width=len("notebook"))  # so that blocks below each other line up
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(name, Text(words.plain(value)) if isinstance(value, str) else value)
    return grid


def weights_page(entries: Iterable[WeightsEntry]) -> RenderableType:
    """Pretrained weights, those at hand with where they lie, the others with how to get them."""
    grid = _grid(header=True)
    for column in ("name", "kind", "size", "licence", "where"):
        grid.add_column(column, overflow="fold", justify="right" if column == "size" else "left")
    for one in entries:
        where = Text(words.plain(one.path or "at hand")) if one.at_hand else Text(words.plain(one.cure), style="dim")
        name = Text(words.plain(one.name), style="bold" if one.at_hand else "dim")
        grid.add_row(name, one.kind, f"{one.megabytes} MB", Text(words.plain(one.licence)), where)
    return grid


def data_page(profile: Profile, name: str, *, width: int | None, target: str | None = None) -> RenderableType:
    """What intake found: the tables, their columns if `width` is given, and what one should know about them."""
    title = Text(words.plain(name), style="bold")
    title.append(f"  {_counted(profile)}", style="dim not bold")
    blocks: list[RenderableType] = [title]
    for table in profile.tables:
        if len(profile.tables) > 1:
            role = {Role.TRAIN: "to train on", Role.TEST: "to test on", Role.OTHER: "not used"}[table.role]
            heading = Text(words.plain(table.path) if width is None else f"\n{words.plain(table.path)}")
            blocks.append(heading.append(f"  {words.count(table.rows, profile.item)}, {role}", style="dim"))
        if table is profile.main and width is not None:
            blocks += [Text(), _columns(table, width, target)]
    if profile.notices:
        blocks += [Text(), notices(profile.notices)]
    return Group(*blocks)


def _counted(profile: Profile) -> str:
    files = [f"{profile.files:,} files"] if profile.files > 1 else []
    return " · ".join([*files, *words.extent(profile), words.size(profile.bytes)])


def _columns(table: Table, width: int, target: str | None) -> RenderableType:
    grid = _grid(header=True, expand=width >= 76)  # then the values take what is left of the line
    grid.add_column("column", no_wrap=True, overflow="ellipsis", max_width=max(16, width // 3))
    grid.add_column("kind", no_wrap=True, style="cyan")
    grid.add_column("missing", no_wrap=True, justify="right")
    if width >= 60:
        grid.add_column("distinct", no_wrap=True, justify="right")
    if width >= 76:
        grid.add_column("values", no_wrap=True, overflow="ellipsis", ratio=1, style="dim")
    for column in table.columns[:_MOST_COLUMNS]:
        distinct = ("" if column.distinct_is_exact else "~") + f"{column.distinct:,}"
        name = Text(words.plain(column.name), style="bold green" if column.name == target else "")
        cells = [name, column.kind.value, words.share(column.missing, column.rows), distinct, _values(column)]
        grid.add_row(*cells[: len(grid.columns)])
    left = len(table.columns) - _MOST_COLUMNS
    if left <= 0:
        return grid
    return Group(grid, Text(f"and {left:,} more columns; --json has them all", style="dim"))


def _values(column: Column) -> Text:
    if column.minimum is not None and column.maximum is not None and column.kind is not ColumnKind.YES_NO:
        low, high = words.number(column.minimum), words.number(column.maximum)
        if column.kind is ColumnKind.DATE and low[:10] != high[:10]:
            low, high = low[:10], high[:10]  # over days, the hour says nothing
        return Text(f"{low} … {high}")
    shown = [value for value, _ in column.top[:6]] or list(column.examples[:3])
    return Text(", ".join(" ".join(words.plain(value).split())[:40] for value in shown))


def notices(found: Sequence[Notice]) -> RenderableType:
    """What one should know, what needs a yes first."""
    grid = _grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    order = list(_MARKS)
    for notice in sorted(found, key=lambda notice: order.index(notice.severity)):
        mark, style = _MARKS[notice.severity]
        said = Text(words.plain(notice.message))
        if notice.cure:
            said.append(f" {words.plain(notice.cure)}", style="dim")
        if notice.severity is Severity.CONFIRM:
            said.append(f" ({notice.code})", style="dim magenta")
        grid.add_row(Text(mark, style=style), said)
    return grid


def proposal_page(proposal: Proposal, *, width: int, budget: float | None = None) -> RenderableType:
    """What is to be done with the data, each part with its reason."""
    grid = _grid()
    grid.add_column(style="dim", no_wrap=True)
    beside = width >= 70  # the reasons; otherwise they stand below
    grid.add_column(overflow="fold", max_width=max(24, width // 3) if beside else None)
    if beside:
        grid.add_column(overflow="fold", style="dim")
    seconds = proposal.budget if budget is None else budget
    parts = {
        "target": words.plain(proposal.target),
        "task": words.task(proposal.task),
        "metric": proposal.metric,
        "budget": words.duration(seconds),
    }
    for name, value in parts.items():
        reason = proposal.reasons.get(name, "") if name != "budget" or budget is None else "As you asked."
        if name == "target" and proposal.targets:
            reason += f" It could also be {_or(proposal.targets[:4])}."
        said = Text(value, style="bold green" if name == "target" else "bold")
        why = Text(words.plain(reason), style="dim")
        grid.add_row(*((name, said, why) if beside else (name, Text("\n").join((said, why)) if reason else said)))
    return Group(grid, Text(), notices(proposal.notices)) if proposal.notices else grid


def _or(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def leaderboard(rows: Sequence[LeaderboardRow], metric: str, *, width: int, most: int = 12) -> RenderableType:
    """The candidates as they stand, best first."""
    tested = any(row.test_score is not None for row in rows)
    grid = _grid(header=True)
    grid.add_column("", justify="right", style="dim")
    grid.add_column("model", no_wrap=True, overflow="ellipsis", min_width=12)
    if tested:
        grid.add_column("test", justify="right", no_wrap=True)
    grid.add_column("validation", justify="right", no_wrap=True)
    if width >= 60:
        grid.add_column("fit", justify="right", no_wrap=True, style="dim")
    if width >= 76:
        grid.add_column("predict", justify="right", no_wrap=True, style="dim")
        grid.add_column("size", justify="right", no_wrap=True, style="dim")
    for place, row in enumerate(rows[:most], start=1):
        cells: list[str | Text] = [str(place), Text(words.plain(row.model))]
        cells += [words.score(row.test_score)] if tested else []
        cells += [
            words.score(row.score),
            "" if row.fit_seconds is None else words.duration(row.fit_seconds),
            "" if row.predict_seconds is None else f"{row.predict_seconds:.2f} s",
            words.size(row.bytes) if row.bytes else "",
        ]
        grid.add_row(*cells[: len(grid.columns)], style="bold green" if place == 1 else "")
    caption = Text(f"  by {metric}", style="dim")
    if len(rows) > most:
        caption.append(f", and {len(rows) - most} more")
    return Group(grid, caption)


def runs_page(runs: Sequence[Run], *, width: int) -> RenderableType:
    """Runs, newest first."""
    grid = _grid(header=True)
    grid.add_column("run", no_wrap=True)
    if width >= 100:
        grid.add_column("name", no_wrap=True, overflow="ellipsis", max_width=24)
    if width >= 76:
        grid.add_column("target", no_wrap=True, overflow="ellipsis", max_width=20)
    grid.add_column("status", no_wrap=True, overflow="ellipsis")
    grid.add_column("score", justify="right", no_wrap=True)
    if width >= 100:
        grid.add_column("", no_wrap=True, style="dim")
        grid.add_column("took", justify="right", no_wrap=True, style="dim")
    grid.add_column("asked for", justify="right", no_wrap=True, style="dim")
    for run in runs:
        name, target = Text(words.plain(run.name)), Text(words.plain(run.target))
        took = words.duration(run.seconds["total"]) if "total" in run.seconds else ""
        head = [run.id, name, target] if width >= 100 else [run.id, target] if width >= 76 else [run.id]
        metric = [run.metric, took] if width >= 100 else []
        points = words.score(run.score) if run.score is not None else ""
        grid.add_row(*head, status(run), points, *metric, words.when(run.created_at))
    return grid


def _grid(*, header: bool = False, expand: bool = False) -> Grid:
    return Grid(
        box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_header=header, expand=expand
    )  # fmt: skip
