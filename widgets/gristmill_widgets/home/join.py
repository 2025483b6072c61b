"""Somebody followed a link to a project: they become a member when they say so."""

from __future__ import annotations

from typing import Any

from gristmill.records import Project
from gristmill_widgets.html import Html, el
from gristmill_widgets.page import Page
from gristmill_widgets.pieces import action, card, head

__all__ = ["Join"]


class Join(Page):
    """The token stands in the address's fragment, which a browser sends to nobody."""

    name = "join"

    @property
    def title(self) -> str:
        return self.s.join_title

    def content(self) -> Html:
        acts = el("div", action(self.s.join, "join", kind="is-main", once=True), class_="gm-row")
        return el("div", head(self.s.join_title), card(el("p", self.s.join_lead), acts, kind="is-lead"))

    def on_join(self, value: Any, fields: dict[str, Any]) -> None:
        """Become a member."""
        del value, fields

        def joined(project: Project) -> None:
            self.app.go("home", **{"project": project.name})

        self.ask(lambda: self.app.client.accept(self.subject), joined)
