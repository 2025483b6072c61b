"""A page: one thing that a visitor looks at or decides.

Subclasses say `name`, `step` and `content`. What a visitor does arrives at `on_ACT(value, fields)`. A page asks the
platform by `ask`; an answer that comes after the visitor has left is dropped.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from gristmill.records import Failure
from gristmill_widgets.html import Html, el
from gristmill_widgets.links import fragment_of
from gristmill_widgets.pieces import problem

if TYPE_CHECKING:
    from gristmill_widgets.app import App
    from gristmill_widgets.strings import English

__all__ = ["Page"]

Found = TypeVar("Found")


class Page(ABC):
    """One page, from `begin` to `leave`."""

    name: ClassVar[str]
    step: int = 0  # of the wizard's five; 0 is none of them

    def __init__(self, app: App, subject: str, chosen: dict[str, str]) -> None:
        self.app, self.subject, self.chosen = app, subject, chosen
        self.is_shown = True
        self.why: Failure | None = None
        self.handed: dict[str, Callable[[], None]] = {}  # files whose link was sent: how they come without it

    @property
    def s(self) -> English:
        """All that is said, in the visitor's language."""
        return self.app.strings

    @property
    def fragment(self) -> str:
        """Where the page is."""
        return fragment_of(self.name, self.subject, self.chosen)

    @property
    @abstractmethod
    def title(self) -> str:
        """What the page is called."""

    @abstractmethod
    def content(self) -> Html:
        """The page as it is now."""

    def ways(self) -> dict[int, str]:
        """Where the steps before this one are."""
        return {1: "have"}

    def begin(self) -> None:  # noqa: B027 - a page may have nothing to ask
        """Ask for what is to be shown."""

    def leave(self) -> None:
        """The visitor has gone elsewhere."""
        self.is_shown = False

    def shown(self) -> Html:
        """The page, with what has gone wrong on it."""
        trouble = problem(self.s, self.why) if self.why is not None else None
        return el("div", trouble, self.content(), class_=f"gm-body gm-{self.name}")

    def failed(self, why: Failure) -> None:
        """Tell of something that went wrong; the page stays as it is."""
        self.why = why
        self.app.say(why.what or self.s.fault)
        self.app.draw()

    def ask(
        self, do: Callable[[], Found], then: Callable[[Found], None], failed: Callable[[Failure], None] | None = None
    ) -> None:
        """Ask the platform, and go on with the answer if the page is still shown then."""

        def answered(found: Found) -> None:
            if self.is_shown:
                then(found)
                self.app.draw()

        def refused(why: Failure) -> None:
            if self.is_shown:
                (failed or self.failed)(why)
                self.app.draw()

        self.app.ask(do, answered, refused)

    def hear(self, act: str, value: Any, fields: dict[str, Any], buffers: list[memoryview]) -> None:
        """What the visitor did."""
        del buffers
        self.why = None
        done = getattr(self, f"on_{act}", None) if act.isidentifier() else None
        if done is not None:
            done(value, fields)
            if self.is_shown:
                self.app.draw()

    def on_pieces(self, value: Any, fields: dict[str, Any]) -> None:
        """The browser could not follow a link: send the file itself."""
        del fields
        send = self.handed.pop(str(value), None)
        if send is not None:
            send()

    def on_again(self, value: Any, fields: dict[str, Any]) -> None:
        """Try once more what did not work."""
        del value, fields
        self.begin()
