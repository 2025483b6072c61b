"""A project: who is a member, and links by which others become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gristmill.records import Failure, Invitation, Member, MemberKind, Membership, Project
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.links import fragment_of, link
from gristmill_widgets.page import Page
from gristmill_widgets.pieces import action, card, head, loading
from gristmill_widgets.words import when

__all__ = ["ProjectPage"]

_LASTS = 7 * 24 * 3600.0


class ProjectPage(Page):
    """The members of the project that the address names."""

    name = "project"

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._project: Project | None = None
        self._members: Sequence[Member] = ()
        self._links: Sequence[Invitation] = ()  # for owners to see
        self._token = ""  # of the link that was just made

    @property
    def title(self) -> str:
        return shorten(self._project.name, 40) if self._project else self.s.project

    def begin(self) -> None:
        client, reference = self.app.client, self.subject

        def found(project: Project) -> None:
            self._project = project

        def joined(members: Sequence[Member]) -> None:
            self._members = members

        def linked(links: Sequence[Invitation]) -> None:
            self._links = links

        def hidden(why: Failure) -> None:
            del why  # only owners see links

        self.ask(lambda: client.project(reference), found)
        self.ask(lambda: client.members(reference), joined)
        self.ask(lambda: client.invitations(reference), linked, hidden)

    # --- shown -------------------------------------------------------------------------------------------------------

    def content(self) -> Html:
        s, project = self.s, self._project
        if project is None:
            return el("div", head(s.project), card(loading(s.loading)) if self.why is None else None)
        work = link(s.project_work, fragment_of("home", "", {"project": project.name}), class_="gm-button")
        return el(
            "div",
            head(shorten(project.name, 80), s.project_lead),
            el("div", work, class_="gm-row"),
            card(el("ul", [self._member(one) for one in self._members], class_="gm-members"), self._add(),
                 title=s.members),
            self._invite(),
        )  # fmt: skip

    @property
    def _is_owner(self) -> bool:
        who = self.app.who
        mine = [one.membership for one in self._members if who is not None and self._is(one)]
        return Membership.OWNER in mine

    def _is(self, member: Member) -> bool:
        who = self.app.who
        if who is None:
            return False
        return member.name in who.teams if member.kind is MemberKind.TEAM else member.name == who.name

    def _member(self, member: Member) -> Html:
        s = self.s
        key = f"{member.kind}/{member.name}"
        can: Child
        if self._is_owner:
            options = [
                el("option", s.memberships[one], value=f"{one} {key}", selected=one is member.membership)
                for one in Membership
            ]
            can = el(
                "select",
                options,
                data_act="become",
                class_="gm-select",
                aria_label=s.member_may.format(name=member.name),
            )
        else:
            can = el("span", s.memberships[member.membership], class_="gm-soft")
        drop = action(s.member_remove, "remove", key, kind="is-quiet", once=True) if self._is_owner else None
        team = el("span", s.team, class_="gm-badge") if member.kind is MemberKind.TEAM else None
        return el("li", el("b", shorten(member.name, 60), dir="auto"), team, can, drop, data_key=key)

    def _add(self) -> Child:
        if not self._is_owner:
            return None
        s = self.s
        return el(
            "form",
            el("label", el("span", s.member_name, class_="gm-label"),
               el("input", type="text", name="who", class_="gm-input", maxlength="200", required=True, dir="auto")),
            el("button", s.member_add, type="submit", class_="gm-button is-main"),
            data_act="add", data_once=True, class_="gm-add",
        )  # fmt: skip

    def _invite(self) -> Child:
        if not self._is_owner:
            return None
        s = self.s
        items = [
            el("li", el("span", s.link_of.format(role=s.memberships[one.membership], time=when(s, one.created_at))),
               action(s.link_withdraw, "withdraw", one.id, kind="is-quiet", once=True), data_key=one.id)
            for one in self._links
        ]  # fmt: skip
        if self._token:
            made: Child = [
                el("p", s.invited, class_="gm-note"),
                el("button", s.invited_copy, type="button", class_="gm-button is-main",
                   data_copy=f"join/{self._token}", data_done=s.copied),
            ]  # fmt: skip
        else:
            made = [
                action(s.invite, "invite", "viewer", once=True),
                action(s.invite_editor, "invite", "editor", once=True),
            ]
        return card(
            el("p", s.share_lead, class_="gm-note"), el("div", made, class_="gm-row"),
            el("ul", items, class_="gm-members") if items else None, title=s.share_title,
        )  # fmt: skip

    # --- done --------------------------------------------------------------------------------------------------------

    def on_add(self, value: Any, fields: dict[str, Any]) -> None:
        """Make somebody a member, to look."""
        del value
        name = str(fields.get("who", "")).strip()
        if name:
            self._change(lambda: self.app.client.share(self.subject, name, Membership.VIEWER))

    def on_become(self, value: Any, fields: dict[str, Any]) -> None:
        """Change what somebody may do."""
        del fields
        role, _, key = str(value).partition(" ")
        kind, _, name = key.partition("/")
        self._change(lambda: self.app.client.share(self.subject, name, Membership(role), MemberKind(kind)))

    def on_remove(self, value: Any, fields: dict[str, Any]) -> None:
        """Make somebody a stranger."""
        del fields
        kind, _, name = str(value).partition("/")
        self._change(lambda: self.app.client.unshare(self.subject, name, MemberKind(kind)))

    def on_invite(self, value: Any, fields: dict[str, Any]) -> None:
        """Make a link."""
        del fields
        role = Membership.EDITOR if value == "editor" else Membership.VIEWER

        def made(both: tuple[Invitation, str]) -> None:
            self._token = both[1]
            self.begin()

        self.ask(lambda: self.app.client.invite(self.subject, role, _LASTS), made)

    def on_withdraw(self, value: Any, fields: dict[str, Any]) -> None:
        """Make a link worthless."""
        del fields
        self._change(lambda: self.app.client.withdraw(str(value)))

    def _change(self, do: Any) -> None:
        self.ask(do, lambda _: self.begin(), lambda why: self._refused(why))

    def _refused(self, why: Failure) -> None:
        self.why = why
        self.begin()  # what is shown is what is
