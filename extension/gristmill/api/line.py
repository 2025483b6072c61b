"""Creates that write: they stand in line, and are kept several at once.

A thread carries them out one after the other. Threads that compute side by side in Python take turns in any case, and
changing turns costs more than half as much again; and a commit takes about as long for many as for one. So whoever
comes while others are being served is served with the next ones, in the order in which they came. Nobody is answered
before theirs is kept.

Some take long: they read from a store that is far away, or large. Who goes to a store has what came before kept first
(`Catalog.rest`), and after a moment somebody else serves those behind.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import to_thread

from gristmill.catalog import Catalog
from gristmill.errors import GristmillError

__all__ = ["Line"]

Answer = TypeVar("Answer")

_MOST = 64  # that are kept at once
_SECONDS = 0.015  # after which a group takes in nobody more: workers want to write, too
_LONG = 0.15  # seconds after which those behind do not wait for who takes long


class Line(Generic[Answer]):
    """The line before one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._waiting: deque[tuple[Callable[[], Answer], asyncio.Future[Answer]]] = deque()
        self._served: asyncio.Task[None] | None = None

    async def take(self, what: Callable[[], Answer]) -> Answer:
        """What `what` comes to, in a thread; it raises nothing. GristmillError where it could not be kept.

        It may be carried out twice: what is kept together with it may have to be undone.
        """
        turn: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((what, turn))
        if self._served is None:
            self._served = asyncio.create_task(self._serve())
        return await turn

    async def _serve(self) -> None:
        try:
            while self._waiting:
                work = to_thread.run_sync(self._carry_out, asyncio.get_running_loop())
                await asyncio.wait({asyncio.ensure_future(work)}, timeout=_LONG)
        finally:
            self._served = None

    def _carry_out(self, loop: asyncio.AbstractEventLoop) -> None:
        until, told = time.monotonic() + _SECONDS, _Told[Answer](loop)
        with self._catalog.grouped() as group:
            group.at_last(told.send)
            for _ in range(_MOST):
                try:
                    what, turn = self._waiting.popleft()
                except IndexError:  # served by somebody else meanwhile
                    return
                group.carry_out(what, functools.partial(told.note, turn))
                if time.monotonic() > until:
                    return


class _Told(Generic[Answer]):
    """Answers on their way to who waits in the loop, which is woken once for all that were kept together."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._noted: list[tuple[asyncio.Future[Answer], Answer, GristmillError | None]] = []

    def note(self, turn: asyncio.Future[Answer], answer: Answer, lost: GristmillError | None) -> None:
        self._noted.append((turn, answer, lost))

    def send(self) -> None:
        noted, self._noted = self._noted, []
        self._loop.call_soon_threadsafe(self._arrive, noted)

    @staticmethod
    def _arrive(noted: list[tuple[asyncio.Future[Answer], Answer, GristmillError | None]]) -> None:
        for turn, answer, lost in noted:
            if turn.done():  # who waited was told to wait no longer
                continue
            if lost is None:
                turn.set_result(answer)
            else:
                turn.set_exception(lost)
