"""Others may look: a link to the project of a run, for whoever is given it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gristmill.records import Invitation, Membership
from gristmill_widgets.html import Child, el
from gristmill_widgets.pieces import action

if TYPE_CHECKING:
    from gristmill_widgets.page import Page

__all__ = ["Sharing"]


class Sharing:
    """Makes links, one a click; each is shown once, for its token is known to nobody afterwards."""

    def __init__(self, page: Page, project_id: str) -> None:
        self._page, self._project_id = page, project_id
        self._token = ""

    def content(self) -> Child:
        """The way to a link; nothing where one is alone."""
        s, who = self._page.s, self._page.app.who
        if who is None or who.name == "local":
            return None
        if not self._token:
            inside: Child = action(s.invite, "invite", once=True)
        else:
            inside = [
                el("p", s.invited, class_="gm-note"),
                el("button", s.invited_copy, type="button", class_="gm-button is-main",
                   data_copy=f"join/{self._token}", data_done=s.copied),
            ]  # fmt: skip
        return [
            el("h2", s.share_title, class_="gm-share"),
            el("p", s.share_lead, class_="gm-note"),
            el("div", inside, class_="gm-row"),
        ]

    def on_invite(self, value: Any, fields: dict[str, Any]) -> None:
        """Make a link."""
        del value, fields
        client = self._page.app.client

        def made(both: tuple[Invitation, str]) -> None:
            self._token = both[1]

        self._page.ask(lambda: client.invite(self._project_id, Membership.VIEWER), made)
