"""Messages between a page and its kernel, looked at before anything takes them apart.

A binary message begins with a table: how many parts it has, and where. Voila and Jupyter Server believe that number,
and Voila reads the table of the older protocol as if it were one of the newer: either way one message could keep the
service counting for ever, for everybody. A browser speaks the older protocol whenever its first try at a websocket has
failed.
"""

from __future__ import annotations

__all__ = ["NEWER", "UNSOUND", "is_sound"]

NEWER = "v1.kernel.websocket.jupyter.org"
UNSOUND = 1007  # with which a socket is closed that has sent such a message


def is_sound(message: str | bytes, protocol: str | None) -> bool:
    """Whether the message is as long as the table that it begins with."""
    if protocol == NEWER:
        return isinstance(message, bytes) and 8 * (1 + int.from_bytes(message[:8], "little")) <= len(message)
    if isinstance(message, str):
        return True
    parts = int.from_bytes(message[:4], "big", signed=True)
    return parts > 0 and 4 * (1 + parts) <= len(message)
