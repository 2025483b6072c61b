"""Work that may take longer than anybody waits for an answer: looking at uploads.

Each job has a name. Who asks for the same job while it goes on, or within minutes after it ended, waits for that one;
so a client whose patience or connection ends asks again and loses nothing. At most two go on at once, for each is a
process of its own with a table in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Any

from anyio import CapacityLimiter, to_thread

from gristmill.api.problems import TooMany

__all__ = ["PATIENCE", "Jobs"]

PATIENCE = 10.0  # seconds that an answer waits for a job
_AT_ONCE = 2
_MOST = 200
_KEPT = 300.0  # seconds after its end that a job's result may be asked for


class Jobs:
    """Jobs under way, and those that have just ended."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, asyncio.Task[Any]] = {}
        self._ended: dict[Hashable, float] = {}
        self._limiter: CapacityLimiter | None = None

    async def result(self, name: Hashable, work: Callable[[], Any], patience: float = PATIENCE) -> Any | None:
        """What the job of that name brings, or raises; None if it takes longer than `patience`."""
        self._forget()
        task = self._jobs.get(name)
        if task is None:
            if len(self._jobs) >= _MOST:
                raise TooMany("Too many uploads are being looked at.", cure="Try again in a while.")
            task = self._jobs[name] = asyncio.create_task(self._do(work))
            task.add_done_callback(lambda done: self._note(name, done))
        done, _ = await asyncio.wait({task}, timeout=patience)
        if not done:
            return None
        if task.exception() is not None:
            self._jobs.pop(name, None)  # whoever asks again may have mended what was wrong
        return task.result()

    def at_work(self, wanted: Callable[[Any], bool]) -> bool:
        """Whether a job whose name is wanted goes on."""
        return any(wanted(name) and not task.done() for name, task in self._jobs.items())

    async def _do(self, work: Callable[[], Any]) -> Any:
        if self._limiter is None:
            self._limiter = CapacityLimiter(_AT_ONCE)
        return await to_thread.run_sync(work, limiter=self._limiter)

    def _note(self, name: Hashable, task: asyncio.Task[Any]) -> None:
        self._ended[name] = time.monotonic()
        if not task.cancelled():
            task.exception()  # looked at, so that nobody complains that it was not

    def _forget(self) -> None:
        for name in [name for name, at in self._ended.items() if at < time.monotonic() - _KEPT]:
            self._ended.pop(name)
            self._jobs.pop(name, None)
