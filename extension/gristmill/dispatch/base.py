"""What every dispatcher does.

Guarantees
----------
- Hints may be lost, doubled or late: workers find waiting rows by themselves, and the catalog lets one of them in.
- `nudge` may be called as often as one likes; it costs next to nothing when all is well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Dispatcher", "Present"]


class Dispatcher(ABC):
    """Brings waiting runs and workers together. Override both."""

    @abstractmethod
    def hint(self, run_id: str) -> None:
        """A run is waiting."""

    @abstractmethod
    def nudge(self) -> None:
        """Make sure that somebody works, if it is up to this dispatcher."""


class Present(Dispatcher):
    """For where workers stand by, such as in a worker itself: they find what waits."""

    def hint(self, run_id: str) -> None: ...

    def nudge(self) -> None: ...
