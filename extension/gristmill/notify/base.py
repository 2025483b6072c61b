"""What carries news to people: one class a channel."""

from __future__ import annotations

from abc import ABC, abstractmethod

from gristmill.errors import GristmillError
from gristmill.records import Delivery, News

__all__ = ["Carrier", "NotDelivered"]


class NotDelivered(GristmillError):
    """News did not arrive; `again` says whether it may at another time."""

    code = "not-delivered"
    http = 502

    def __init__(self, what: str, *, cause: str = "", cure: str = "", again: bool = True) -> None:
        super().__init__(what, cause=cause, cure=cure)
        self.again = again


class Carrier(ABC):
    """One channel out of the platform.

    - `carry` returns once whoever is next in line has the news, and raises NotDelivered where they have not.
    - It ends within half a minute, whatever stands at the other end.
    """

    @abstractmethod
    def carry(self, delivery: Delivery, news: News) -> None:
        """Bring the news to the delivery's address."""
