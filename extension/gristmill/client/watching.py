"""A run as it goes on, in a notebook as a widget, anywhere else as lines of text."""

from __future__ import annotations

import html
import importlib.util
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from gristmill.client.durations import clock
from gristmill.client.living import in_notebook
from gristmill.client.protocol import Client
from gristmill.records import Event, EventKind, Run, RunStatus

__all__ = ["Lines", "View", "Widget", "fitting_view", "watch"]

_PATIENCE = 2.0  # seconds to wait for the next event before the run itself is looked at
_NUDGE_EVERY = 2.0  # an embedded platform has nobody else to see that a worker is awake
_MOST_ROWS = 10


class View(ABC):
    """Shows what is new in a run."""

    @abstractmethod
    def show(self, run: Run, events: Sequence[Event]) -> None:
        """The run as it stands, and the events since the last time."""

    def sending(self, gone: int, size: int) -> None:
        """How many bytes of a file have gone to the hub; lines leave it out."""
        del gone, size


def watch(client: Client, run: Run, view: View, *, until: float | None = None) -> Run:
    """The run as it ended, or as it stands when the clock strikes `until`."""
    seen, nudged = 0, float("-inf")
    while True:
        now = time.monotonic()
        if until is not None and now >= until:
            return run
        if now - nudged > _NUDGE_EVERY and not run.status.is_final:
            client.nudge()
            nudged = now
        patience = _PATIENCE if until is None else max(0.0, min(_PATIENCE, until - now))
        events = client.events(run.id, after=seen, wait=patience)
        run = client.run(run.id)
        view.show(run, events)
        seen = events[-1].seq if events else seen
        if run.status.is_final and not events:
            return run


def fitting_view() -> View:
    """A widget where a notebook can show one, else lines."""
    return Widget() if in_notebook() and importlib.util.find_spec("ipywidgets") else Lines()


class Lines(View):
    """One line a phase, a notice, and each candidate that leads."""

    def __init__(self) -> None:
        self._phase = self._best = ""

    def show(self, run: Run, events: Sequence[Event]) -> None:
        for event in events:
            since = clock(event.at - (run.claimed_at or event.at))
            phase = str(event.body.get("phase", "")) if event.kind is EventKind.PHASE else ""
            if phase and phase != self._phase:
                self._phase = phase
                print(f"{since} {_plain(phase)}")
            if event.kind is EventKind.NOTICE:
                print(f"{since} {_plain(str(event.body.get('message', '')))}")
        best = next((row for row in run.leaderboard if row.score is not None), None)
        if best is not None and best.model != self._best:
            self._best = best.model
            print(f"     {_plain(best.model)}: {best.score:.4g} {run.metric}")
        if run.status.is_final and not events:
            print(f"     {run.status}{_came_to(run)}")


class Widget(View):
    """Phases, time left and the leaderboard, drawn in place."""

    def __init__(self) -> None:
        import ipywidgets
        from IPython.display import display

        self._head, self._body = ipywidgets.HTML(), ipywidgets.HTML()
        self._bar = ipywidgets.FloatProgress(min=0.0, max=1.0, layout={"width": "100%"})
        self.box = ipywidgets.VBox([self._head, self._bar, self._body], layout={"max_width": "48em"})
        self._phases: list[str] = []
        self._notices: list[str] = []
        display(self.box)  # type: ignore[no-untyped-call, unused-ignore]

    def sending(self, gone: int, size: int) -> None:
        self._head.value = f"Storing the file: {gone / 1e6:,.0f} of {size / 1e6:,.0f} MB"
        self._bar.value = gone / size if size else 1.0

    def show(self, run: Run, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind is EventKind.PHASE:
                phase = str(event.body.get("phase", ""))
                self._phases = [*(earlier for earlier in self._phases if earlier != phase), phase]
            elif event.kind is EventKind.NOTICE:
                self._notices.append(str(event.body.get("message", "")))
        spent = time.time() - (run.claimed_at or time.time())
        self._bar.value = 1.0 if run.status.is_final else min(spent / run.budget, 1.0)
        self._bar.bar_style = {RunStatus.SUCCEEDED: "success", RunStatus.FAILED: "danger"}.get(run.status, "")
        said = f"{clock(spent)} of {clock(run.budget)}" if run.status is RunStatus.RUNNING else str(run.status)
        self._head.value = f"<b>{html.escape(run.target)}</b> · {html.escape(run.metric)} · {said}{_came_to(run)}"
        steps = " · ".join(html.escape(phase) for phase in self._phases)
        notices = "".join(f"<div>{html.escape(notice)}</div>" for notice in self._notices[-5:])
        self._body.value = f"<div style='opacity:.7'>{steps}</div>{notices}{_table(run)}"


def _table(run: Run) -> str:
    rows = "".join(
        f"<tr><td style='text-align:left'>{html.escape(row.model)}</td><td>{_number(row.test_score)}</td>"
        f"<td>{_number(row.score)}</td><td>{_number(row.fit_seconds)}</td></tr>"
        for row in run.leaderboard[:_MOST_ROWS]
    )
    head = "<tr><th style='text-align:left'>model</th><th>test</th><th>validation</th><th>fit, s</th></tr>"
    return f"<table style='border-spacing:1em 0;text-align:right'>{head}{rows}</table>" if rows else ""


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _came_to(run: Run) -> str:
    return "" if run.score is None else f", {run.score:.4g} {html.escape(run.metric)}"


def _plain(text: str) -> str:
    """Somebody's text without what would steer a terminal."""
    return "".join(letter for letter in text if letter.isprintable())
