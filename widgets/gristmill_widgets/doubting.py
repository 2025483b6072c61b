"""Before something goes for good, whoever asked for it is asked once more, where they asked for it.

A button does `doubt` with the name of what is meant; the question that takes its place says yes by an act of the page's
own, which asks `is_sure`, and no by `spare`.
"""

from __future__ import annotations

from typing import Any

from gristmill_widgets.html import Html
from gristmill_widgets.page import Page
from gristmill_widgets.pieces import doubt

__all__ = ["Doubting"]


class Doubting(Page):
    """A page on which something can go."""

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self.doubted = ""  # what somebody is asked about

    def question(self, asked: str, act: str, *, said: tuple[str, str] | None = None) -> Html:
        """What is asked of it; `said` is yes and no, if not as usual."""
        return doubt(self.s, asked, act, self.doubted, said=said)

    def is_sure(self, value: Any) -> bool:
        """Whether this is what was asked about: then nobody is asked any more."""
        asked, self.doubted = self.doubted, ""
        return bool(asked) and value == asked

    def on_doubt(self, value: Any, fields: dict[str, Any]) -> None:
        """Ask about it."""
        del fields
        self.doubted = str(value)

    def on_spare(self, value: Any, fields: dict[str, Any]) -> None:
        """It stays."""
        del value, fields
        self.doubted = ""
