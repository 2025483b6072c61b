"""One machine: a worker process of its own, started when there is something to do, gone when there is nothing left.

The worker outlives who started it, so that a terminal may be closed. It holds a lock on a file for as long as it lives;
the lock goes with the process however it ends, which is how a killed worker is noticed and replaced.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gristmill.dispatch.base import Dispatcher
from gristmill.errors import NotPossible

__all__ = ["LocalDispatcher", "calls", "sole_worker"]

_GRACE = 3.0  # seconds that a worker has to take its lock before another is started
_BELIEVED = 0.2  # seconds that a worker that was seen is believed to be there: many may hint at once
_CALL = "worker.call"  # touched when a run is about to come
_TRIES = 5  # workers that may die at once, one after the other, before somebody must look


@contextmanager
def sole_worker(home: Path) -> Iterator[bool]:
    """Whether this process is the one worker of `home`; it remains so while the context is open."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "worker.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def calls(home: Path) -> Callable[[], bool]:
    """Whether a run has been announced (`LocalDispatcher.hasten`) since it was asked last."""
    file = home / _CALL
    heard = _changed(file)

    def called() -> bool:
        nonlocal heard
        before, heard = heard, _changed(file)
        return heard != before

    return called


def _changed(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


class LocalDispatcher(Dispatcher):
    """Keeps one worker going on this machine; what it prints goes to worker.log in `home`."""

    def __init__(self, home: Path, *, idle: float = 10.0) -> None:
        self._home = home
        self._idle = idle
        self._started_at = 0.0
        self._seen_at = 0.0  # when somebody was last found at work
        self._fruitless = 0
        self._process: subprocess.Popen[bytes] | None = None

    def hint(self, run_id: str) -> None:
        del run_id  # the worker finds it in the catalog
        self.nudge()

    def hasten(self) -> None:
        """Have a worker ready, and its sandbox: a run is about to come."""
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._home / _CALL).touch()
        self.nudge()

    def nudge(self) -> None:
        if self._process is not None:
            self._process.poll()  # takes the dead child's last word, so that it does not linger as a zombie
        now = time.monotonic()
        if now - self._started_at < _GRACE or now - self._seen_at < _BELIEVED:
            return
        with sole_worker(self._home) as nobody_works:
            if not nobody_works:
                self._fruitless, self._seen_at = 0, now
                return
        self._start()

    def _start(self) -> None:
        self._fruitless += 1
        log = self._home / "worker.log"
        if self._fruitless > _TRIES:
            raise NotPossible(
                "No worker stays alive on this machine.",
                cause=f"See the end of {log}.",
                cure="Mend that, then try again.",
            )
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gristmill.app", str(self._idle)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=self._home,
                env=os.environ | {"GRISTMILL_HOME": str(self._home)},
            )  # fmt: skip
        self._started_at = time.monotonic()
