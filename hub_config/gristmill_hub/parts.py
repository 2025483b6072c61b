"""The parts of an installation as processes: started, watched over, started anew when they end, and ended together.

No part is another's child, so that each can end and come back without the others: a hub that is started anew finds its
proxy, the API, the wizard and people's servers where they were. Whatever a part has started and left behind becomes
this process's own child (Linux calls that a subreaper), so that nothing outlives the end.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from gristmill_hub.keeping import folder_of_ours

__all__ = ["Part", "Parts"]

_GRACE = 2.0  # seconds that parts have to end in
_SETTLED = 60.0  # seconds after which a part that ends is not taken for one that cannot run
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_LARGE = 10_000_000  # bytes of a log that is put aside at the next start
_CHILD_SUBREAPER, _DEATH_SIGNAL = 36, 1  # of prctl(2)


@dataclass
class Part:
    """One process: `command`, with nothing but `environment`; it logs to `log`."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0  # seconds before it is started anew
    due: float = field(default=0.0)

    def start(self) -> None:
        folder_of_ours(self.log.parent)
        if self.log.exists() and self.log.stat().st_size > _LARGE:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, env=self.environment, cwd=self.log.parent, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True, preexec_fn=_end_with_parent(os.getpid()),
            )  # fmt: skip
        self.started = time.monotonic()

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
        return ""


class Parts:
    """All of them; `tell` gets a sentence for whoever looks on."""

    def __init__(self, parts: Sequence[Part], tell: Callable[[str], object]) -> None:
        self._parts, self._tell = parts, tell
        _prctl()(_CHILD_SUBREAPER, 1)

    def start(self) -> None:
        for part in self._parts:
            part.start()

    def first_ended(self) -> Part | None:
        """One that does not run."""
        return next((part for part in self._parts if not part.runs()), None)

    def watch(self) -> None:
        """Look once: what has ended is started anew, after a pause that grows while that does not help."""
        now = time.monotonic()
        for part in self._parts:
            if part.runs():
                continue
            if not part.due:
                if now - part.started > _SETTLED:
                    part.pause = 0.0
                if not part.pause:  # once, not at each of its tries
                    self._tell(f"The {part.name} has ended and is started again. What it said: {part.log}")
                part.pause = min(max(_FIRST_PAUSE, part.pause * 2), _LONGEST_PAUSE)
                part.due = now + part.pause
            elif now >= part.due:
                part.due = 0.0
                part.start()
        self._bury()

    def end(self) -> None:
        """End all there is, first politely; nothing is left."""
        people = [each for each in _descendants() if _is_server(each)]
        for part in self._parts:
            if part.process is not None and part.runs():
                part.process.terminate()
        for each in people:
            with contextlib.suppress(psutil.Error):
                each.terminate()
        deadline = time.monotonic() + _GRACE
        while time.monotonic() < deadline and _descendants():
            time.sleep(0.05)
            self._bury()
        # A worker goes before what it has started, so that it takes no run for failed: the next start takes it up.
        for part in self._parts:
            if part.process is not None and part.runs():
                part.process.kill()
        while left := _descendants():
            for each in left:
                with contextlib.suppress(psutil.Error):
                    each.kill()
            time.sleep(0.02)
            self._bury()

    def _bury(self) -> None:
        """Take the last word of whatever has ended, so that nobody takes it for alive."""
        ours = {part.process.pid for part in self._parts if part.process is not None}
        for part in self._parts:
            part.runs()
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error, ChildProcessError):
                if child.pid not in ours and child.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(child.pid, os.WNOHANG)


def _descendants() -> list[psutil.Process]:
    """Whatever this process has started, itself or by others, and that lives."""
    living = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if each.status() != psutil.STATUS_ZOMBIE:
                living.append(each)
    return living


def _is_server(process: psutil.Process) -> bool:
    """Whether it is a person's server: it ends its kernels itself if it is asked to."""
    with contextlib.suppress(psutil.Error):
        return "jupyterhub.singleuser" in process.cmdline()
    return False


def _end_with_parent(parent: int) -> Callable[[], None]:
    """In a child, before its program begins: it is asked to end when its parent is gone, however that went."""
    prctl = _prctl()  # nothing is loaded between fork and exec

    def arrange() -> None:
        prctl(_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def _prctl() -> Callable[[int, int], object]:
    """prctl(2). Only Linux has it; elsewhere what a part leaves behind is its own affair."""
    if sys.platform != "linux":
        return lambda *_: None
    call = ctypes.CDLL(None).prctl
    return lambda what, value: call(what, value, 0, 0, 0)
