"""What a visitor sees, and what they do: the one widget that all pages are shown by.

Python writes each region of the page as HTML (html.py); screen.js puts it into the page that is there, changing only
what is different, so that what somebody is typing, what has the focus and what is unfolded stay. What a visitor does
comes back as messages: an element with `data-act` sends its act when it is clicked, changed or submitted, with the
values of all fields of its form. Nothing is decided in the browser but how a file travels (upload.js) and how a clock
ticks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

__all__ = ["Screen", "code", "style"]

_HERE = Path(__file__).parent
_SHEETS = ("tokens", "base", "shell", "controls", "cards", "upload", "data", "run", "answer", "home", "touch")


def code() -> str:
    """The screen's script."""
    return "".join((_HERE / name).read_text("utf-8") for name in ("zip.js", "hashing.js", "upload.js", "screen.js"))


def style() -> str:
    """Its looks."""
    return "".join((_HERE / "look" / f"{name}.css").read_text("utf-8") for name in _SHEETS)


class Screen(anywidget.AnyWidget):
    """The page: its regions, the fragment of its address, and the report that is shown."""

    _esm = code()
    _css = style()

    top = traitlets.Unicode("").tag(sync=True)
    main = traitlets.Unicode("").tag(sync=True)
    dialog = traitlets.Unicode("").tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)  # read out by screen readers
    away = traitlets.Bool(False).tag(sync=True)  # the platform does not answer
    page = traitlets.Unicode("").tag(sync=True)  # when it changes, the page begins at its top
    title = traitlets.Unicode("Gristmill").tag(sync=True)
    fragment = traitlets.Unicode("").tag(sync=True)
    report = traitlets.Unicode("").tag(sync=True)  # a whole page of somebody's, for a frame without an origin
    words = traitlets.Dict({}).tag(sync=True)  # what the browser says by itself
    language = traitlets.Unicode("en").tag(sync=True)

    def __init__(self, hear: Callable[[dict[str, Any], list[memoryview]], None], **state: Any) -> None:
        super().__init__(**state)
        self.layout.width = "100%"
        self.on_msg(lambda _, content, buffers: hear(content, buffers))
