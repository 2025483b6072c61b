"""What runs and what waits, whose it is and since when; and the workers that carry it out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from gristmill.records import Alive, Run, RunStatus
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import fragment_of, link
from gristmill_widgets.pieces import action, card, state, table
from gristmill_widgets.strings import English
from gristmill_widgets.words import number, when

__all__ = ["MOST", "queue", "workers"]

MOST = 50  # runs that are asked for, of each status
_SILENT = 60.0  # seconds; a worker is heard of every ten


def queue(s: English, running: Sequence[Run], waiting: Sequence[Run], asked: Callable[[Run], Html | None]) -> Html:
    """Runs that go on, then those that wait, in their order; `asked` is what is asked before one of them ends."""
    runs = [*reversed(running), *reversed(waiting)]
    if not runs:
        return card(el("p", s.queue_empty, class_="gm-note"), title=s.queue_title, data_refresh="10")
    rows: list[list[Child]] = [
        [
            link(shorten(run.name, 40), fragment_of("run", run.id), dir="auto"),
            el("b", shorten(run.owner, 30), dir="auto"),
            state(s, run),
            when(s, run.claimed_at or run.created_at) if run.status is RunStatus.RUNNING else when(s, run.created_at),
            shorten(run.worker or "–", 40) if run.status is RunStatus.RUNNING else "–",
            action(s.watch_cancel, "doubt", run.id, kind="is-quiet", aria_label=f"{s.watch_cancel}: {run.name}"),
        ]
        for run in runs
    ]
    names: list[Child] = [
        s.col_run,
        s.col_person,
        s.col_state,
        s.col_since,
        s.col_worker,
        el("span", s.watch_cancel, class_="gm-away"),
    ]
    question = next((found for found in map(asked, runs) if found is not None), None)
    more = s.queue_more.format(n=number(s, MOST)) if len(waiting) >= MOST else ""
    return card(
        table(names, rows, kind="gm-rows", label=s.queue_title), question,
        el("p", more, class_="gm-note") if more else None, title=s.queue_title, data_refresh="5",
    )  # fmt: skip


def workers(s: English, found: Sequence[Alive], running: Sequence[Run]) -> Html:
    """Each worker: alive or silent, since when it is there, and what it does."""
    now = time.time()
    if not any(now - one.seen_at < _SILENT for one in found):
        none: Child = el("p", s.workers_none, class_="gm-note", role="status")
    else:
        none = None
    at_work = {run.worker: run for run in running}
    items = [_worker(s, one, at_work.get(one.name), is_alive=now - one.seen_at < _SILENT) for one in found]
    return card(none, el("ul", items, class_="gm-members") if items else None, title=s.workers_title)


def _worker(s: English, one: Alive, run: Run | None, *, is_alive: bool) -> Html:
    host, _, process = one.name.rpartition(":")
    if not is_alive:
        does: Child = s.worker_heard.format(time=when(s, one.seen_at))
    elif run is None:
        does = s.worker_idle
    else:
        does = link(shorten(run.name, 40), fragment_of("run", run.id), dir="auto")
    badge = el(
        "span", s.worker_alive if is_alive else s.worker_silent, class_=f"gm-badge {'is-good' if is_alive else ''}"
    )
    return el(
        "li", el("b", shorten(host or one.name, 50), el("small", f" {process}", class_="gm-soft") if host else None),
        badge, el("span", does), el("span", s.worker_since.format(time=when(s, one.started_at)), class_="gm-soft"),
        data_key=one.name, class_=None if is_alive else "is-warning",
    )  # fmt: skip
