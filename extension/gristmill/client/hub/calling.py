"""What all use cases over a wire have in common: one hub, lists in pages, answers that take long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gristmill.client.connecting import Address
from gristmill.client.uploading import Uploading
from gristmill.client.wire import Page, Wire
from gristmill.records import Model

if TYPE_CHECKING:
    import httpx

__all__ = ["LOOK_EVERY", "MOST", "Asker", "Calling", "given"]

Item = TypeVar("Item")

Asker = Callable[[Model, Path, Path | None, Path, Mapping[str, Any], Callable[[str], object] | None], int]
"""Asks a model's archive, unpacked in a folder, about a file; puts the answers into another; how many there were.

The last one hears what could not be answered.
"""

MOST = 200  # items on a page
LOOK_EVERY = 0.5


class Calling:
    """Some of the use cases, asked of the hub at an address."""

    def __init__(self, address: Address, home: Path, asker: Asker | None = None) -> None:
        self._wire = Wire(address)
        self._uploading = Uploading(self._wire, home)
        self._home = home
        self._asker = asker
        self.url = address.url
        self.reach = self._wire.reach

    def _sent(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        """The answer to what may take long: asked again as long as the hub says that it is at it."""
        while (answer := self._wire.send("POST", path, body=body, create=True)).status_code == 202:
            time.sleep(LOOK_EVERY)
        return answer

    def _list(
        self, path: str, of: type[Item], limit: int = 50, cursor: str | None = None, /, **narrowed: object
    ) -> Sequence[Item]:
        """The first `limit` things after `cursor`, over as many pages as that takes."""
        found: list[Item] = []
        while len(found) < limit:
            query = {**narrowed, "limit": min(limit - len(found), MOST), "cursor": cursor}
            page: Page[Item] = self._wire.ask("GET", path, Page[of], query=query)  # type: ignore[valid-type]
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return tuple(found)

    def _whole(self, path: str, of: type[Item], /, **narrowed: object) -> Sequence[Item]:
        """All that is in a list."""
        return self._list(path, of, sys.maxsize, **narrowed)


def given(**values: object) -> dict[str, object]:
    """The values that are there."""
    return {name: value for name, value in values.items() if value is not None}
