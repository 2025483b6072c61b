"""Staying with a run until it ends, and what Ctrl-C means on the way.

On a terminal Ctrl-C asks once: stop now and keep the best model so far, cancel, or leave the run to itself. A second
Ctrl-C, or one at the question, leaves it. In a pipe nobody can be asked: the run is cancelled, so that a build that was
called off leaves nothing running, and a second Ctrl-C leaves without waiting for the end.
"""

from __future__ import annotations

import time
from contextlib import suppress

import click

from gristmill.cli.progress import View, view_for
from gristmill.cli.session import Session
from gristmill.errors import Conflict
from gristmill.records import Run

__all__ = ["Left", "follow"]

_PATIENCE = 2.0  # seconds to wait for the next event before the run itself is looked at
_NUDGE_EVERY = 2.0  # seconds; the worker may have been killed, and in embedded mode nobody else starts another


class Left(Exception):
    """The person has left the run to itself."""

    def __init__(self, run: Run) -> None:
        self.run = run
        super().__init__(run.id)


def follow(session: Session, run: Run) -> Run:
    """The run as it ended; Left if nobody waits for that."""
    view = view_for(session)
    watch = _Watch(session, run)
    asked = False
    while True:
        try:
            with view:
                return watch.until_final(view)
        except KeyboardInterrupt:
            if asked or not _stop(session, run):
                raise Left(session.client.run(run.id)) from None
            asked = True


class _Watch:
    """Where in a run's events we are."""

    def __init__(self, session: Session, run: Run) -> None:
        self._client = session.client
        self._run = run
        self._seen = 0
        self._nudged = float("-inf")

    def until_final(self, view: View) -> Run:
        while True:
            if time.monotonic() - self._nudged > _NUDGE_EVERY and not self._run.status.is_final:
                self._client.nudge()
                self._nudged = time.monotonic()
            events = self._client.events(self._run.id, after=self._seen, wait=_PATIENCE)
            self._run = self._client.run(self._run.id)
            view.show(self._run, events)
            self._seen = events[-1].seq if events else self._seen
            if self._run.status.is_final and not events:
                return self._run


def _stop(session: Session, run: Run) -> bool:
    """Does what the person wants with the run; False if it is to be left to itself."""
    choice = _asked() if session.can_ask else "c"
    if choice == "l":
        return False
    with suppress(Conflict):  # it has ended meanwhile
        session.client.cancel(run.id, keep=choice == "k")
    return True


def _asked() -> str:
    try:
        click.echo("\nStop this run?  k: keep the best model so far   c: cancel   l: leave it running", err=True)
        answer: str = click.prompt(" ", type=click.Choice(["k", "c", "l"]), default="l", show_choices=False, err=True)
    except (click.Abort, KeyboardInterrupt):
        return "l"
    return answer
