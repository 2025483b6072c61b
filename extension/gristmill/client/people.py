"""What can be asked about people: projects and who is in them, what they are told, have done and may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

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


class People(Protocol):
    """The part of `Client` that is about people, and about the platform itself."""

    # --- projects and their members ----------------------------------------------------------------------------------

    def me(self) -> Who:
        """Who asks, as the platform knows them."""

    def make_project(self, name: str) -> Project:
        """A new project of one's own; Conflict if one has it already."""

    def project(self, reference: str) -> Project:
        """A project by its id or name."""

    def projects(self, limit: int = 50, before: str | None = None) -> Sequence[Project]:
        """The projects that one is a member of, newest first."""

    def members(self, project: str) -> Sequence[Member]:
        """Who is a member of a project."""

    def share(self, project: str, name: str, membership: Membership, kind: MemberKind = MemberKind.PERSON) -> Member:
        """Makes a person or a team a member of a project, or changes what they are."""

    def unshare(self, project: str, name: str, kind: MemberKind = MemberKind.PERSON) -> None:
        """Makes a member a stranger; anybody may leave."""

    def invite(self, project: str, membership: Membership, seconds: float = 7 * 24 * 3600.0) -> tuple[Invitation, str]:
        """A link by which whoever has it becomes a member, and its token, which is shown this once."""

    def accept(self, token: str) -> Project:
        """Makes who asks a member by a link; a membership that one has already is never lowered."""

    def invitations(self, project: str) -> Sequence[Invitation]:
        """The links to a project that are not used up."""

    def withdraw(self, invitation_id: str) -> None:
        """Makes a link worthless."""

    # --- stores of projects ------------------------------------------------------------------------------------------

    def own_store(self, project: str) -> OwnStore:
        """The store that takes what comes into a project, for its owners; NotFound where that is the platform's."""

    def set_store(self, project: str, url: str, credentials: Mapping[str, str] | None = None) -> OwnStore:
        """Puts what comes into a project into a store of its own from now on; what it has stays where it is.

        Credentials are named as the cloud names them, and never told again. The store is tried first.
        """

    def drop_store(self, project: str) -> None:
        """Puts what comes into a project into the platform's store again; what lies in its own one stays there."""

    # --- being told --------------------------------------------------------------------------------------------------

    def notices(self, limit: int = 50, before: str | None = None, *, unread: bool = False) -> Sequence[News]:
        """What one was told, newest first; with `unread`, only what one has not read."""

    def read_notices(self, ids: Sequence[str] = ()) -> int:
        """Marks notices as read, all of them without `ids`; how many of them were unread."""

    def choices(self) -> Choices:
        """What one chooses to be told: kinds that are not named come by bell and mail."""

    def choose(self, kinds: Mapping[NewsKind, Sequence[Channel]] | None = None, *, mail: str | None = None) -> Choices:
        """Chooses by which channels some kinds come, and where mail goes; what is not named stays as it is."""

    def webhooks(self, project: str | None = None) -> Sequence[Webhook]:
        """One's own webhooks, or a project's, for its owners; without their secrets."""

    def add_webhook(
        self, url: str, *, kinds: Sequence[NewsKind] = (), project: str | None = None
    ) -> tuple[Webhook, str]:
        """Has news sent to an address: one's own, or all of a project. The secret is shown this once."""

    def remove_webhook(self, webhook_id: str) -> None:
        """Has nothing sent there any more."""

    # --- what was done -----------------------------------------------------------------------------------------------

    def deeds(self, limit: int = 50, before: str | None = None, **narrowed: str) -> Sequence[Deed]:
        """What was done, newest first; for admins, who may narrow it by who, action, thing or project_id."""

    # --- the platform itself -----------------------------------------------------------------------------------------

    def people(self, limit: int = 50, before: str | None = None) -> Sequence[Person]:
        """The people whom the platform knows, by name; `before` is the last name on the page before. For admins."""

    def workers(self) -> Sequence[Alive]:
        """The workers that were heard of within a day, by name; for admins. A run says which one carries it out."""

    def settings(self) -> Sequence[Setting]:
        """What the platform was started with, secrets left out; for admins."""

    # --- fair use ----------------------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        """What who asks may use and has used, by themselves and in each of their teams, and what an hour costs."""

    def usage(
        self, project: str | None = None, month: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[Usage]:
        """What one has used oneself; for its owners, what everybody has used in a project. Newest first."""

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
        """What all people, or teams, have used, newest first; for admins."""

    def limits(self) -> Sequence[Limits]:
        """All limits that are set; for admins."""

    def set_limits(self, limits: Limits) -> Limits:
        """Sets limits, for everybody, a team or a person, in place of those they had; for admins."""

    def drop_limits(self, kind: Subject, name: str = "") -> None:
        """Takes limits away; for admins."""
