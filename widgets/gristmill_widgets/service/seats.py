"""Who sits where: which kernel was given to whom, whether its page is open, and who may have another.

A seat is taken before its kernel is there (`take`), gets the kernel's id (`give`), and is free again when somebody says
so (`leave`). Nothing here waits, and nothing here knows Voila.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["GONE", "LEFT", "SIGNED_OUT", "Full", "Seat", "Seats", "Socket"]

SIGNED_OUT = 4401  # codes with which a socket is closed; pages/page.js knows them
GONE = 4410

LEFT = 1001  # with which a browser closes a socket whose page has gone

_FREED = 30.0  # seconds until such a page is taken at its word; its `pagehide` has mostly freed it by then
_STALE = 60.0  # seconds without a socket after which one's own page may make room for one's next


class Socket(Protocol):
    """A websocket to a page."""

    def close(self, code: int | None = None, reason: str | None = None) -> None: ...


class Full(Exception):
    """There is no seat: `own` if the visitor has as many pages open as one person may."""

    def __init__(self, *, own: bool) -> None:
        super().__init__("too many pages")
        self.own = own


@dataclass(eq=False, slots=True)
class Seat:
    """A place for one page of one visitor."""

    name: str
    token: str = field(repr=False)
    alone: float  # since when no socket is open; meaningless while one is
    kernel: str | None = None
    sockets: set[Socket] = field(default_factory=set, repr=False)
    left: bool = False  # its browser has said that the page has gone


class Seats:
    """All seats of the service."""

    def __init__(self, most: int, each: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._each, self._clock = most, each, clock
        self._taken: set[Seat] = set()

    def __iter__(self) -> Iterator[Seat]:
        return iter(tuple(self._taken))

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, name: str, token: str) -> tuple[Seat, Seat | None]:
        """A seat for this visitor, and the one of theirs that makes room for it, if one must; Full if there is none."""
        own = [seat for seat in self._taken if seat.name == name]
        stale = [seat for seat in own if self._alone_for(seat) >= _STALE]
        left = min(stale, key=lambda seat: seat.alone) if stale else None
        if left is None and len(own) >= self._each:
            raise Full(own=True)
        if left is None and len(self._taken) >= self._most:
            raise Full(own=False)
        needed = len(own) >= self._each or len(self._taken) >= self._most
        if left is not None and needed:
            self._taken.discard(left)
        seat = Seat(name, token, self._clock())
        self._taken.add(seat)
        return seat, left if needed else None

    def give(self, seat: Seat, kernel: str) -> bool:
        """This kernel is the seat's from now on; False if the seat was left in the meantime."""
        if seat not in self._taken:
            return False
        seat.kernel, seat.alone = kernel, self._clock()
        return True

    def at(self, kernel: str) -> Seat | None:
        """Whose kernel it is; None for one of the pool, or one that is not there."""
        return next((seat for seat in self._taken if seat.kernel == kernel), None)

    def opened(self, seat: Seat, socket: Socket) -> None:
        """A page has connected."""
        seat.sockets.add(socket)
        seat.left = False

    def closed(self, seat: Seat, socket: Socket, code: int | None = None) -> None:
        """A page has gone, or its network has."""
        seat.sockets.discard(socket)
        seat.alone, seat.left = self._clock(), code == LEFT

    def leave(self, seat: Seat, code: int = GONE) -> bool:
        """The seat is free, and its sockets are closed; False if it was free before."""
        if seat not in self._taken:
            return False
        self._taken.discard(seat)
        for socket in tuple(seat.sockets):
            socket.close(code)
        return True

    def idle(self, seconds: float) -> list[Seat]:
        """Seats to which no socket has been open for so long, and those whose pages have gone."""
        return [seat for seat in self._taken if self._alone_for(seat) >= (_FREED if seat.left else seconds)]

    def _alone_for(self, seat: Seat) -> float:
        return -1.0 if seat.sockets else self._clock() - seat.alone
