"""A run as it goes on: for a person who looks at a terminal, for a log that is read later, or for nobody."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gristmill.cli import words
from gristmill.cli.session import Session
from gristmill.records import (
    Event,
    EventKind,
    LeaderboardRow,
    Notice,
    Run,
    RunKind,
    RunStatus,
    Severity,
    decode,
    encode,
)

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text

__all__ = ["View", "view_for"]

# What a built-in recipe and the worker go through, in order, and the same of other kinds; the rest comes as it comes.
_ASKING = ("fetch", "load", "predict", "look", "store")
_EXPLAINING = ("fetch", "load", "explain", "store")
_PHASES = ("fetch", "load", "look", "fit", "compare", "save", "explain", "report", "store")
_EXPLORING = ("fetch", "look", "store")
_WALKS = {RunKind.TRAIN: _PHASES, RunKind.EXPLAIN: _EXPLAINING, RunKind.EXPLORE: _EXPLORING}


class View(ABC):
    """Shows what is new; it may be entered again after it was left."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace

    @abstractmethod
    def show(self, run: Run, events: Sequence[Event]) -> None:
        """The run as it stands, and the events since the last time."""


def view_for(session: Session) -> View:
    """The view that fits whoever reads along."""
    if session.is_rich:
        return LiveView(session.console)
    return LineView(session)


class LineView(View):
    """One line a phase and a notice: quiet enough for a pipe, telling enough for a log."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._phase = ""

    def show(self, run: Run, events: Sequence[Event]) -> None:
        for event in events:
            phase = str(event.body.get("phase", "")) if event.kind is EventKind.PHASE else ""
            if phase and phase != self._phase:
                self._phase = phase
                since = event.at - (run.claimed_at or event.at)
                self._session.say(f"{words.clock(since)} {words.plain(phase)}")
            if event.kind is EventKind.NOTICE:
                self._session.say(f"notice: {words.plain(_notice(event).message)}")


class LiveView(View):
    """Phases, time left and the leaderboard, redrawn in place four times a second."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._picture = _Picture()

    def __enter__(self) -> Self:
        from rich.live import Live

        self._live = Live(self._picture, console=self._console, refresh_per_second=4, transient=True)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, run: Run, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind is EventKind.NOTICE and _notice(event).severity is not Severity.INFO:
                from gristmill.cli import pages

                self._console.print(pages.notices([_notice(event)]))
        self._picture.take(run, events)


class _Picture:
    """What is on the screen now; rich asks for it at every refresh, so that the clock ticks between events."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._phases: list[str] = []
        self._model = ""
        self._rows: Sequence[LeaderboardRow] = ()
        self._began = time.time()

    def take(self, run: Run, events: Sequence[Event]) -> None:
        self._run, self._rows = run, run.leaderboard or self._rows
        for event in events:
            if event.kind is EventKind.PHASE:
                phase = words.plain(str(event.body.get("phase", "")))
                self._model = words.plain(str(event.body.get("model", "")))
                if phase == _PHASES[0]:
                    self._phases.clear()  # another worker has taken the run over and begins anew
                if phase in self._phases:
                    self._phases.remove(phase)
                self._phases.append(phase)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._run is None:
            return
        width, height = options.max_width, options.height or console.size.height
        yield self._headline(self._run)
        if self._run.status is RunStatus.QUEUED:
            return
        yield self._bar(self._run, width)
        yield self._walk(width)
        if self._rows and height > 12:
            from rich.text import Text

            from gristmill.cli import pages

            yield Text()
            yield pages.leaderboard(self._rows, self._run.metric, width=width, most=min(10, height - 10))

    def _headline(self, run: Run) -> Text:
        from rich.text import Text

        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(words.plain(run.target), style="bold green")
        line.append(f"  {words.task(run.task)} · {run.metric} · {run.id}", style="dim")
        if run.status is RunStatus.QUEUED:
            line = Text(f"waiting for a worker  {words.clock(time.time() - self._began)}", style="cyan")
        return line

    def _bar(self, run: Run, width: int) -> Text:
        from rich.text import Text

        spent = time.time() - (run.claimed_at or time.time())
        if run.kind is not RunKind.TRAIN:
            return Text(f"{words.clock(spent)}{'' if run.rows is None else f'  {run.rows:,} rows'}", style="dim")
        said = f" {words.clock(spent)} of {words.clock(run.budget)}"
        room = max(10, min(width, 100) - len(said) - 14)
        done = min(room, int(room * spent / run.budget))
        bar = Text().append("━" * done, style="green").append("━" * (room - done), style="bright_black")
        bar.append(said)
        left = run.budget - spent
        return bar.append(f"  {words.clock(left)} left" if left > 0 else "  finishing", style="dim")

    def _walk(self, width: int) -> RenderableType:
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        phases = _PHASES if self._run is None else _WALKS.get(self._run.kind, _ASKING)
        ahead = [phase for phase in phases if phase not in self._phases]
        if self._phases and self._phases[-1] in phases:
            ahead = [phase for phase in ahead if phases.index(phase) > phases.index(self._phases[-1])]
        now = Text(self._phases[-1] if self._phases else "starting", style="bold cyan")
        if self._model:
            now.append(f" {self._model}", style="not bold")
        before = Text(" ".join(f"✓ {phase}" for phase in self._phases[:-1]), style="green")
        after = Text(" ".join(ahead), style="bright_black")
        if before.cell_len + now.cell_len + after.cell_len + 5 > width:
            before, after = Text(), Text(f"· {len(ahead)} more steps" if ahead else "", style="bright_black")
        line = Table.grid(padding=(0, 1, 0, 0))
        line.add_row(*([before] if before else []), Spinner("dots", style="cyan"), now, after)
        return line


def _notice(event: Event) -> Notice:
    try:
        return decode(encode(event.body), Notice)
    except ValueError:  # written by a notebook, which may say anything
        return Notice(code="notice", message=str(event.body.get("message", "")))
