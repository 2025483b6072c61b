"""One visitor's wizard: what is asked of the platform, what was decided, and which page is shown.

The address's fragment says which page, so that reload, back and a link that somebody sends all lead there:
`home`, `have`, `want/DATASET`, `time/DATASET`, `run/RUN`, each with what was chosen as a query behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, unquote

from gristmill.client import Client
from gristmill.records import Failure, Who
from gristmill_widgets.draft import Draft
from gristmill_widgets.html import Html, el
from gristmill_widgets.pieces import problem
from gristmill_widgets.reaching import Reaching
from gristmill_widgets.screen import Screen
from gristmill_widgets.shell import Shell
from gristmill_widgets.strings import English, spoken
from gristmill_widgets.uploads import Uploads
from gristmill_widgets.work import Work

if TYPE_CHECKING:
    from gristmill_widgets.page import Page

__all__ = ["App"]

Found = TypeVar("Found")

_FIRST = "home"
_OF_PIECES = ("offset", "last", "wide", "high")  # of a file that the kernel itself reads


class App:
    """The pages' common ground."""

    def __init__(self, client: Client, pages: Mapping[str, type[Page]]) -> None:
        self.client, self.pages = client, pages
        self.strings: English = spoken("en")
        self.draft = Draft()
        self.work = Work()
        self.who: Who | None = None
        self.page: Page | None = None
        self.screen = Screen(self._hear, words=self.strings.browser())
        self.uploads = Uploads(self)
        self.shell = Shell(self)
        self.reaching = Reaching(self)
        self._has_begun = False

    # --- pages -------------------------------------------------------------------------------------------------------

    def go(self, name: str, subject: str = "", **chosen: str) -> None:
        """Show a page, from its beginning."""
        if self.page is not None:
            self.page.leave()
        self.page = self.pages[name](self, subject, chosen)
        self.shell.close()
        self.page.begin()
        self.draw()

    def draw(self) -> None:
        """Show the page as it is now."""
        if self.page is None:
            return
        top, main, dialog = self.shell.top(self.page), self._shown(self.page), self.shell.dialog()
        with self.screen.hold_sync():
            self.screen.page = f"{self.page.name}/{self.page.subject}/{self.page.step}"
            self.screen.title = f"{self.page.title} · Gristmill"
            self.screen.top, self.screen.main, self.screen.dialog = top, main, dialog
            self.screen.fragment = self.page.fragment

    def _shown(self, page: Page) -> Html:
        """The page; one that cannot be drawn says so, instead of standing still."""
        try:
            return page.shown()
        except Exception:
            if not self.work.has_loop:
                raise
            logging.getLogger("gristmill.wizard").exception("a page of the wizard could not be drawn")
            return el("div", problem(self.strings, Failure(code="fault", what="")), class_="gm-body")

    def say(self, text: str) -> None:
        """Have screen readers read something out."""
        self.screen.said = text

    def visit(self, fragment: str) -> None:
        """Show the page that a fragment names, or home."""
        path, _, query = fragment.partition("?")
        name, _, subject = path.partition("/")
        if name not in self.pages:
            name, subject, query = _FIRST, "", ""
        self.go(name, unquote(subject), **dict(parse_qsl(query)))

    # --- what the visitor does ---------------------------------------------------------------------------------------

    def _hear(self, said: dict[str, Any], buffers: list[memoryview]) -> None:
        self.screen.send({"ack": said.get("turn", 0)})
        try:
            if "upload" in said:
                self.uploads.hear(said, buffers)
            else:
                self._act(str(said.get("act", "")), said, buffers)
        except Exception:  # a page that fails must not take the others with it
            logging.getLogger("gristmill.wizard").exception("the wizard could not do what it was asked")
            if self.page is not None:
                self.page.failed(Failure(code="fault", what=""))

    def _act(self, act: str, said: dict[str, Any], buffers: list[memoryview]) -> None:
        value = said.get("value", "")
        if act == "ping":
            return  # it is answered already
        if act == "begin":
            self._begin(str(value), str(said.get("language", "en")))
        elif act == "moved":
            if self.page is None or str(value) != self.page.fragment:
                self.screen.fragment = str(value)  # the browser is there already
                self.visit(str(value))
        elif act == "go":
            self.visit(str(value))
        elif act == "speak":
            self._speak(str(value))
        elif not self.shell.hear(act, value) and self.page is not None:
            fields = dict(said.get("fields") or {}) | {key: said[key] for key in _OF_PIECES if key in said}
            self.page.hear(act, value, fields, buffers)

    def _begin(self, fragment: str, language: str) -> None:
        if self._has_begun and self.page is not None:
            return self.draw()  # the same wizard, shown once more
        self._has_begun = True
        self._speak(language)
        self.shell.begin()
        self.screen.fragment = fragment
        self.visit(fragment)
        return None

    def _speak(self, language: str) -> None:
        self.strings = spoken(language)
        with self.screen.hold_sync():
            self.screen.language = self.strings.language
            self.screen.words = self.strings.browser()
        self.draw()

    # --- asking ------------------------------------------------------------------------------------------------------

    def ask(
        self, do: Callable[[], Found], then: Callable[[Found], None], failed: Callable[[Failure], None] | None = None
    ) -> None:
        """Ask the platform in a thread; without `failed`, the page that is shown then tells of it."""

        def otherwise(why: Failure) -> None:
            if failed is not None:
                failed(why)
            elif self.page is not None:
                self.page.failed(why)

        self.work.begin(do, then, otherwise)
