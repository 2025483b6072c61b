"""People: projects and who is in them, what they are told, what they have done and may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gristmill.client.hub.calling import Calling, given
from gristmill.client.wire import path_of
from gristmill.records import (
    Alive,
    Channel,
    Choices,
    Deed,
    Invitation,
    Limits,
    Member,
    MemberKind,
    Membership,
    News,
    NewsKind,
    OwnStore,
    Person,
    Project,
    Setting,
    Standing,
    Subject,
    Usage,
    Webhook,
    Who,
)

__all__ = ["People"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Invited:
    """A link that was made, and its token."""

    invitation: Invitation
    token: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hooked:
    """A webhook that was made, and its secret."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Marked:
    """How many notices were unread until now."""

    read: int


class People(Calling):
    """What can be asked about people."""

    def me(self) -> Who:
        return self._wire.ask("GET", "me", Who)

    def make_project(self, name: str) -> Project:
        return self._wire.ask("POST", "projects", Project, body={"name": name}, create=True)

    def project(self, reference: str) -> Project:
        return self._wire.ask("GET", path_of("projects", reference), Project)

    def projects(self, limit: int = 50, before: str | None = None) -> Sequence[Project]:
        return self._list("projects", Project, limit, before)

    def members(self, project: str) -> Sequence[Member]:
        return self._whole(path_of("projects", project, "members"), Member)

    def share(self, project: str, name: str, membership: Membership, kind: MemberKind = MemberKind.PERSON) -> Member:
        path = path_of("projects", project, "members", kind, name)
        return self._wire.ask("PUT", path, Member, body={"membership": membership})

    def unshare(self, project: str, name: str, kind: MemberKind = MemberKind.PERSON) -> None:
        self._wire.send("DELETE", path_of("projects", project, "members", kind, name))

    def invite(self, project: str, membership: Membership, seconds: float = 7 * 24 * 3600.0) -> tuple[Invitation, str]:
        body = {"membership": membership, "seconds": seconds}
        path = path_of("projects", project, "invitations")
        made = self._wire.ask("POST", path, _Invited, body=body, create=True)
        return made.invitation, made.token

    def accept(self, token: str) -> Project:
        return self._wire.ask("POST", "invitations/accept", Project, body={"token": token}, create=True)

    def invitations(self, project: str) -> Sequence[Invitation]:
        return self._whole(path_of("projects", project, "invitations"), Invitation)

    def withdraw(self, invitation_id: str) -> None:
        self._wire.send("DELETE", path_of("invitations", invitation_id))

    # --- stores of projects ------------------------------------------------------------------------------------------

    def own_store(self, project: str) -> OwnStore:
        return self._wire.ask("GET", path_of("projects", project, "store"), OwnStore)

    def set_store(self, project: str, url: str, credentials: Mapping[str, str] | None = None) -> OwnStore:
        body = {"url": url, "credentials": None if credentials is None else dict(credentials)}
        return self._wire.ask("PUT", path_of("projects", project, "store"), OwnStore, body=body)

    def drop_store(self, project: str) -> None:
        self._wire.send("DELETE", path_of("projects", project, "store"))

    # --- being told --------------------------------------------------------------------------------------------------

    def notices(self, limit: int = 50, before: str | None = None, *, unread: bool = False) -> Sequence[News]:
        return self._list("me/notices", News, limit, before, **({"unread": "true"} if unread else {}))

    def read_notices(self, ids: Sequence[str] = ()) -> int:
        return self._wire.ask("POST", "me/notices/read", _Marked, body={"ids": list(ids)}).read

    def choices(self) -> Choices:
        return self._wire.ask("GET", "me/choices", Choices)

    def choose(self, kinds: Mapping[NewsKind, Sequence[Channel]] | None = None, *, mail: str | None = None) -> Choices:
        return self._wire.ask("PUT", "me/choices", Choices, body={"kinds": dict(kinds or {}), "mail": mail})

    def webhooks(self, project: str | None = None) -> Sequence[Webhook]:
        return self._whole("me/webhooks", Webhook, **given(project=project))

    def add_webhook(
        self, url: str, *, kinds: Sequence[NewsKind] = (), project: str | None = None
    ) -> tuple[Webhook, str]:
        body = {"url": url, "kinds": list(kinds), "project": project}
        made = self._wire.ask("POST", "me/webhooks", _Hooked, body=body, create=True)
        return made.webhook, made.secret

    def remove_webhook(self, webhook_id: str) -> None:
        self._wire.send("DELETE", path_of("me", "webhooks", webhook_id))

    # --- what was done -----------------------------------------------------------------------------------------------

    def deeds(self, limit: int = 50, before: str | None = None, **narrowed: str) -> Sequence[Deed]:
        return self._list("admin/deeds", Deed, limit, before, **narrowed)

    # --- the platform itself -----------------------------------------------------------------------------------------

    def people(self, limit: int = 50, before: str | None = None) -> Sequence[Person]:
        return self._list("admin/people", Person, limit, before)

    def workers(self) -> Sequence[Alive]:
        return self._whole("admin/workers", Alive)

    def settings(self) -> Sequence[Setting]:
        return self._whole("admin/settings", Setting)

    # --- fair use ----------------------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        return self._wire.ask("GET", "me/limits", Standing)

    def usage(
        self, project: str | None = None, month: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[Usage]:
        path = "me/usage" if project is None else path_of("projects", project, "usage")
        return self._list(path, Usage, limit, before, month=month)

    def all_usage(
        self,
        kind: Subject = Subject.PERSON,
        limit: int = 50,
        before: str | None = None,
        *,
        name: str | None = None,
        project_id: str | None = None,
        month: str | None = None,
    ) -> Sequence[Usage]:
        narrowed = {"name": name, "project_id": project_id, "month": month}
        return self._list("admin/usage", Usage, limit, before, kind=kind, **narrowed)

    def limits(self) -> Sequence[Limits]:
        return self._whole("admin/limits", Limits)

    def set_limits(self, limits: Limits) -> Limits:
        return self._wire.ask("PUT", "admin/limits", Limits, body=limits)

    def drop_limits(self, kind: Subject, name: str = "") -> None:
        self._wire.send("DELETE", path_of("admin", "limits", kind), query={"name": name})
