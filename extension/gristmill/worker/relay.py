"""From the run folder to the catalog: events and log lines, as they come.

What stands in the folder was written by a notebook, so it is read like any stranger's words: bounded, checked, and
skipped where it is not what it should be.
"""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from gristmill.catalog import Catalog
from gristmill.errors import CatalogFailed
from gristmill.records import EventKind, LeaderboardRow, Run

__all__ = ["Relay"]

_LONGEST_EVENT = 256 * 1024
_LOG_AT_ONCE = 16 * 1024
_ALLOWED = (EventKind.PHASE, EventKind.LEADERBOARD, EventKind.NOTICE)  # a notebook may say; the rest the worker says


class Relay:
    """Reads on in a run folder's events.jsonl and log.txt, and tells the catalog."""

    def __init__(self, folder: Path, catalog: Catalog, run: Run) -> None:
        self._catalog = catalog
        self._run = run
        self._events = _Tail(folder / "events.jsonl")
        self._log = _Tail(folder / "log.txt")
        self._unsent: list[tuple[EventKind, dict[str, Any]]] = []
        self.warm = 0.0  # what the kernel says it had spent on loading before the run began
        self.phases: list[tuple[str, float]] = []  # each phase with the time it began

    def phase(self, name: str, at: float) -> None:
        """Enter a phase of the worker's own."""
        self._note_phase(name, at)
        self.say(EventKind.PHASE, {"phase": name})

    def say(self, kind: EventKind, body: dict[str, Any]) -> None:
        """Tell something of the worker's own."""
        self._unsent.append((kind, body))
        self.pump()

    def pump(self) -> None:
        """Tell the catalog what is new; while it cannot be reached, the news wait for the next time."""
        self._unsent += [event for line in self._events.lines(_LONGEST_EVENT) if (event := self._checked(line))]
        if text := self._log.text(_LOG_AT_ONCE):
            self._unsent.append((EventKind.LOG, {"text": text}))
        if self._unsent:
            with suppress(CatalogFailed):
                self._send(self._unsent)
                self._unsent = []

    def _send(self, news: list[tuple[EventKind, dict[str, Any]]]) -> None:
        self._catalog.events.add(self._run.id, self._run.fence, news)
        boards = [body["rows"] for kind, body in news if kind is EventKind.LEADERBOARD]
        if boards:
            rows = msgspec.convert(boards[-1], tuple[LeaderboardRow, ...])
            self._catalog.runs.progress(self._run.id, self._run.fence, leaderboard=rows)
        done = [body["rows"] for kind, body in news if kind is EventKind.PROGRESS]
        if done:
            self._catalog.runs.progress(self._run.id, self._run.fence, rows=done[-1])

    @property
    def now(self) -> str:
        """The phase that the run is in."""
        return self.phases[-1][0] if self.phases else ""

    def began(self, phase: str) -> float | None:
        """When a phase began, if it did."""
        return next((at for name, at in self.phases if name == phase), None)

    def seconds(self, until: float) -> dict[str, float]:
        """How long each phase took, up to now."""
        taken: dict[str, float] = {}
        for (name, begin), (_, end) in pairwise([*self.phases, ("", until)]):
            taken[name] = round(taken.get(name, 0.0) + max(0.0, end - begin), 3)
        return taken

    def _note_phase(self, name: str, at: float) -> None:
        if not self.phases or self.phases[-1][0] != name:
            self.phases.append((name, at))

    def _checked(self, line: bytes) -> tuple[EventKind, dict[str, Any]] | None:
        try:
            event = json.loads(line)
            kind, body = EventKind(event["kind"]), dict(event["body"])
            if kind is EventKind.PHASE:
                self._note_phase(str(body["phase"]), float(event["at"]))
                self.warm = max(self.warm, float(body.get("warm", 0.0)))
            if kind is EventKind.LEADERBOARD:
                msgspec.convert(body["rows"], tuple[LeaderboardRow, ...])
        except (ValueError, KeyError, TypeError):
            return None
        return (kind, body) if kind in _ALLOWED else None


class _Tail:
    """Reads a growing file from where it left off."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0
        self._rest = b""

    def lines(self, longest: int) -> list[bytes]:
        """The whole lines that are new; a line longer than `longest` is dropped."""
        *whole, self._rest = (self._rest + self._read(longest)).split(b"\n")
        self._rest = self._rest[: longest + 1]  # too long already: kept too long, so that it is dropped when it ends
        return [line for line in whole if 0 < len(line) <= longest]

    def text(self, most: int) -> str:
        """What is new, as text."""
        return self._read(most).decode("utf-8", errors="replace")

    def _read(self, most: int) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(most)
        except FileNotFoundError:
            return b""
        self._offset += len(data)
        return data
