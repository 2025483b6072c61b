"""What should not go on is ended: pages of people who have signed out, pages that were closed, kernels that died."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from logging import Logger

from gristmill_widgets.service.seats import GONE, SIGNED_OUT, Seat, Seats

__all__ = ["Rounds"]

End = Callable[[Seat, int], Awaitable[None]]


class Rounds:
    """One round after the other, for as long as the service runs."""

    def __init__(
        self,
        seats: Seats,
        *,
        still: Callable[[str], Awaitable[bool]],
        alive: Callable[[str], Awaitable[bool]],
        end: End,
        idle: float,
        log: Logger,
    ) -> None:
        self._seats, self._still, self._alive, self._end = seats, still, alive, end
        self._idle, self._log = idle, log

    async def go_on(self, every: float) -> None:
        """A round every so many seconds; one that fails is told, and the next one comes all the same."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.once()
            except Exception:  # whatever it is, it must not keep the next round from ending what has to end
                self._log.exception("a round has failed")

    async def once(self) -> None:
        """End the pages of whoever is signed out, of whoever has gone, and those whose kernel has died."""
        tokens = list({seat.token for seat in self._seats})
        answers = await asyncio.gather(*map(self._still, tokens))
        gone = {token for token, still in zip(tokens, answers, strict=True) if not still}
        for seat in self._seats:
            if seat.token in gone:
                self._log.info("%s has signed out: a page of theirs is ended", seat.name)
                await self._end(seat, SIGNED_OUT)
            elif seat.kernel is not None and not await self._alive(seat.kernel):
                self._log.warning("a page of %s is ended: its kernel has died", seat.name)
                await self._end(seat, GONE)
        for seat in self._seats.idle(self._idle):
            if seat.kernel is not None:
                await self._end(seat, GONE)
