"""Files from the platform to the visitor's own disk, and back to memory for a look.

They come through the kernel in pieces, no faster than a browser takes them: a page in a notebook has no other way to
files that only its visitor may have.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from gristmill.records import Failure
from gristmill_widgets.html import plain

if TYPE_CHECKING:
    from gristmill_widgets.page import Page

__all__ = ["hand_over", "text_of"]

_PIECE = 1 << 20
_PAUSE = 0.02  # seconds after each piece: 50 MB/s at most


def hand_over(page: Page, fetch: Callable[[Path], object], name: str, then: Callable[[], None]) -> None:
    """Give the visitor the file that `fetch` writes."""

    def handed() -> None:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "file"
            fetch(path)
            number, left = uuid4().hex, path.stat().st_size
            with path.open("rb") as file:
                while True:
                    piece = file.read(_PIECE)
                    left -= len(piece)
                    sent = threading.Event()
                    _send(page, {"file": number, "name": plain(name), "last": left <= 0}, piece, sent)
                    sent.wait(30.0)
                    if left <= 0 or not piece:
                        break
                    time.sleep(_PAUSE)

    def failed(why: Failure) -> None:
        then()
        page.failed(why)

    page.ask(handed, lambda _: then(), failed)


def _send(page: Page, told: dict[str, object], piece: bytes, sent: threading.Event) -> None:
    def now() -> None:
        page.app.screen.send(told, [piece])
        sent.set()

    page.app.work.later(now)


def text_of(fetch: Callable[[Path], object]) -> str:
    """The text of the file that `fetch` writes."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "file"
        fetch(path)
        return path.read_text("utf-8", errors="replace")
