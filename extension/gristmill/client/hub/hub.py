"""The hub: all use cases together."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from gristmill.client.hub.models import Models
from gristmill.client.hub.people import People
from gristmill.client.protocol import Client

__all__ = ["Hub"]


class Hub(People, Models, Client):
    """The hub at an address. `home` is where uploads are noted and models unpacked; `asker` asks the latter."""

    def __repr__(self) -> str:
        return f"Hub({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the connections."""
        self._wire.close()
