"""What takes time, done beside the page.

What takes time is done in threads, so that the page never freezes; what follows is done in the kernel's own loop, one
thing after the other, so that pages need no locks. Where there is no loop, as in a
test, `Work.settle` does the waiting.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gristmill.errors import GristmillError
from gristmill.records import Failure

__all__ = ["Work"]

Found = TypeVar("Found")

_THREADS = 6


class Work:
    """Does things in threads and hands what came of them to the loop that began it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "gristmill-wizard")
        self._done: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._under_way = 0
        self._lock = threading.Lock()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    @property
    def has_loop(self) -> bool:
        """Whether there is a loop to hand things to: a page in a kernel has one."""
        return self._loop is not None

    def begin(self, do: Callable[[], Found], then: Callable[[Found], None], failed: Callable[[Failure], None]) -> None:
        """Has `do` done in a thread; `then` gets what it gives, or `failed` why it gave nothing."""
        with self._lock:
            self._under_way += 1

        def done() -> None:
            try:
                found = do()
            except GristmillError as error:
                self._hand(lambda why=error.failure: failed(why))  # type: ignore[misc]
            except Exception:
                logging.getLogger("gristmill.wizard").exception("something went wrong in the wizard")
                self._hand(lambda: failed(Failure(code="fault", what="")))
            else:
                self._hand(lambda: then(found))

        self._threads.submit(done)

    def later(self, do: Callable[[], None]) -> None:
        """Has something done in the loop, from a thread."""
        with self._lock:
            self._under_way += 1
        self._hand(do)

    def settle(self, seconds: float = 60.0) -> None:
        """Without a loop: wait until everything that was begun is over."""
        while True:
            with self._lock:
                if not self._under_way:
                    return
            self._done.get(timeout=seconds)()

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hand(self, on: Callable[[], None]) -> None:
        def over() -> None:
            try:
                on()
            finally:
                with self._lock:
                    self._under_way -= 1

        if self._loop is None:
            self._done.put(over)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(over)
