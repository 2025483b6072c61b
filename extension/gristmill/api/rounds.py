"""What the API does unasked, every few seconds or minutes: workers are nudged, and what is over is swept."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from anyio import to_thread

from gristmill.api.service import Service
from gristmill.errors import GristmillError
from gristmill.mill.ticking import Ticking
from gristmill.notify import Teller
from gristmill.reconciler import shelve_papers, sweep_uploads

__all__ = ["Rounds"]

_CATCH_UP_EVERY = 0.5  # some hundred submits
_NUDGE_EVERY = 5.0
_TICK_EVERY = 5.0
_SWEEP_EVERY = 300.0
_TELL_EVERY = 5.0
_ANSWERS_KEPT = 24 * 3600.0
_log = logging.getLogger("gristmill.api")


class Rounds:
    """The tasks that go round while the API serves."""

    def __init__(self, service: Service, *, on: bool = True) -> None:
        self._service, self._on = service, on
        self._teller = Teller(service.parts.catalog, service.parts.ways)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        ticking = Ticking(self._service.parts).round
        rounds = (
            (_CATCH_UP_EVERY, self._service.parts.catalog.catch_up),
            (_NUDGE_EVERY, self._nudge),
            (_TICK_EVERY, ticking),
            (_SWEEP_EVERY, self._sweep),
            (_TELL_EVERY, self._teller.tell),
        )
        self._tasks = [asyncio.create_task(_go_round(*one)) for one in rounds] if self._on else []
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _nudge(self) -> None:
        if self._service.parts.catalog.runs.waiting():
            self._service.parts.dispatcher.nudge()

    def _sweep(self) -> None:
        parts = self._service.parts
        sweep_uploads(parts.catalog, parts.shelf)
        shelve_papers(parts.catalog, parts.shelf)
        self._teller.sweep()
        parts.catalog.answers.sweep(time.time() - _ANSWERS_KEPT)
        parts.catalog.reseal()


async def _go_round(seconds: float, what: Callable[[], object]) -> None:
    while True:
        try:
            await to_thread.run_sync(what)
        except GristmillError as error:  # a catalog or a store that is away comes back
            _log.warning("%s", error)
        except Exception:
            _log.exception("a round failed")
        await asyncio.sleep(seconds)
