"""Whether a hub answers, for whoever shows a person that they wait for it.

It counts as away once it has been asked in vain for a second or so: a hub that only hiccups is none of a person's
business. The first answer, a refusal included, ends that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Reach"]

_HICCUP = 1.0  # seconds


class Reach:
    """What the tries to ask one hub have come to; threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: list[Callable[[bool], object]] = []
        self._missed_at: float | None = None  # the first of the tries in vain since the last answer
        self._is_away = False
        self._lock = threading.Lock()

    def hear(self, told: Callable[[bool], object]) -> None:
        """Have `told` called with True when the hub goes away, with False when it is back; in whatever thread asks."""
        self._told.append(told)

    def missed(self) -> None:
        """A try was in vain."""
        now = self._clock()
        with self._lock:
            if self._missed_at is None:
                self._missed_at = now
            if not self._is_away and now - self._missed_at >= _HICCUP:
                self._tell(is_away=True)

    def answered(self) -> None:
        """The hub has said something."""
        with self._lock:
            self._missed_at = None
            if self._is_away:
                self._tell(is_away=False)

    def _tell(self, *, is_away: bool) -> None:
        self._is_away = is_away
        for told in self._told:
            told(is_away)
