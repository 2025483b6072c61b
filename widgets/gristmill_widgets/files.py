"""Files from the platform to the visitor's own disk, and back to memory for a look.

A browser fetches a file itself, by a link that the platform has signed for a while: nothing of it comes by here. Where
there is no such link (an embedded platform), or the browser cannot follow it, the file comes through the kernel in
pieces, no faster than a browser takes them.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from gristmill.errors import NotPossible
from gristmill.records import Failure
from gristmill_widgets.html import is_link, plain

if TYPE_CHECKING:
    from gristmill_widgets.page import Page

__all__ = ["Handed", "hand_over", "text_of"]

_PIECE = 1 << 20
_PAUSE = 0.02  # seconds after each piece: 50 MB/s at most


@dataclass(frozen=True)
class Handed:
    """A file that a visitor is to get: its `link`, or what writes it into a file where there is none."""

    name: str
    link: Callable[[], str]
    fetch: Callable[[Path], object]


def hand_over(page: Page, file: Handed, then: Callable[[], None] = lambda: None) -> None:
    """Give the visitor a file; `then`, when it is under way, or when it cannot be."""

    def linked() -> str:
        try:
            return file.link()
        except NotPossible:
            return ""

    def follow(link: str) -> None:
        if not is_link(link):
            _in_pieces(page, file, then)
            return
        number = uuid4().hex
        page.handed[number] = lambda: _in_pieces(page, file, lambda: None)
        page.app.screen.send({"link": link, "name": plain(file.name), "number": number})
        then()

    def failed(why: Failure) -> None:
        then()
        page.failed(why)

    page.ask(linked, follow, failed)


def _in_pieces(page: Page, file: Handed, then: Callable[[], None]) -> None:
    def handed() -> None:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "file"
            file.fetch(path)
            number, left = uuid4().hex, path.stat().st_size
            with path.open("rb") as opened:
                while True:
                    piece = opened.read(_PIECE)
                    left -= len(piece)
                    sent = threading.Event()
                    _send(page, {"file": number, "name": plain(file.name), "last": left <= 0}, piece, sent)
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
