"""People: projects, their members, and the links by which people become members; and what was done."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence

from gristmill import records
from gristmill.errors import Conflict, NotFound, UsageError
from gristmill.mill.gate import check_name
from gristmill.mill.parts import UseCases
from gristmill.mill.trail import audited
from gristmill.records import (
    Deed,
    Invitation,
    Member,
    MemberKind,
    Membership,
    NewsKind,
    Power,
    Project,
    Tiding,
    Who,
)

__all__ = ["People"]

_LONGEST_LINK = 30 * 24 * 3600.0  # seconds


class People(UseCases):
    """What can be asked about people."""

    def me(self) -> Who:
        """Who asks, as the platform knows them."""
        return self.who

    # --- projects ----------------------------------------------------------------------------------------------------

    @audited("project.make")
    def make_project(self, name: str) -> Project:
        """A new project of one's own; Conflict if one has it already."""
        full = self._gate.full_name(check_name(name))
        if self._catalog.projects.named(full) is not None:
            raise Conflict(f"There is a project {name!r} already.", cure="Give another name.")
        return self._catalog.projects.ensure(full, self.who.name)

    def project(self, reference: str) -> Project:
        """A project by its id or name."""
        return self._gate.project(reference)

    def projects(self, limit: int = 50, before: str | None = None) -> Sequence[Project]:
        """The projects that one is a member of, newest first."""
        return self._catalog.projects.list(self._gate.project_ids(), before, limit)

    # --- members -----------------------------------------------------------------------------------------------------

    def members(self, project: str) -> Sequence[Member]:
        """Who is a member of a project."""
        return self._catalog.members.of(self._gate.project(project).id)

    @audited("member.put")
    def share(self, project: str, name: str, membership: Membership, kind: MemberKind = MemberKind.PERSON) -> Member:
        """Make a person or a team a member of a project, or change what they are."""
        if not name.strip() or not name.isprintable():
            raise UsageError(f"{name!r} is nobody's name.", cure="Give a user's or a team's name.")
        owned = self._gate.project(project, Membership.OWNER)
        member = Member(project_id=owned.id, kind=kind, name=name, membership=membership, created_at=time.time())
        put = self._catalog.members.put(member)
        for person in (name,) if kind is MemberKind.PERSON else self._catalog.fair_use.mates(name):
            if person != self.who.name:
                self._catalog.tidings.add(self._shared(owned, member, person))
        return put

    def _shared(self, project: Project, member: Member, person: str) -> Tiding:
        return Tiding(
            id=records.new_id("tiding"), created_at=member.created_at, kind=NewsKind.SHARED, who=person,
            thing=project.id, project_id=None,
            facts={"by": self.who.name, "project": project.name, "membership": member.membership.value},
        )  # fmt: skip

    @audited("member.remove")
    def unshare(self, project: str, name: str, kind: MemberKind = MemberKind.PERSON) -> None:
        """Make a member a stranger; anybody may leave."""
        leaves = kind is MemberKind.PERSON and name == self.who.name
        need = Membership.VIEWER if leaves else Membership.OWNER
        self._catalog.members.remove(self._gate.project(project, need).id, kind, name)

    # --- links -------------------------------------------------------------------------------------------------------

    @audited("invitation.make")
    def invite(self, project: str, membership: Membership, seconds: float = 7 * 24 * 3600.0) -> tuple[Invitation, str]:
        """A link by which whoever has it becomes a member, and its token, which is shown this once."""
        owned = self._gate.project(project, Membership.OWNER)
        if membership is Membership.OWNER:
            raise UsageError("A link makes nobody an owner.", cure="Share the project with the person by name.")
        if not 0 < seconds <= _LONGEST_LINK:
            raise UsageError("A link lasts up to 30 days.", cure="Give a time within that.")
        token, now = secrets.token_urlsafe(24), time.time()
        invitation = Invitation(
            id=records.new_id("invitation"),
            project_id=owned.id,
            membership=membership,
            digest=_digest(token),
            created_by=self.who.name,
            created_at=now,
            expires_at=now + seconds,
        )
        return self._catalog.invitations.add(invitation), token

    @audited("invitation.accept")
    def accept(self, token: str) -> Project:
        """Become a member by a link; a membership that one has already is never lowered."""
        found = self._catalog.invitations.find(_digest(token))
        if found is None or found.expires_at < time.time():
            raise NotFound(
                "This link is not valid.", cause="It has expired or was withdrawn.", cure="Ask for a new one."
            )
        standing = self._catalog.members.standing(found.project_id, self.who)
        if standing is None or not standing.covers(found.membership):
            member = Member(
                project_id=found.project_id,
                kind=MemberKind.PERSON,
                name=self.who.name,
                membership=found.membership,
                created_at=time.time(),
            )
            self._catalog.members.put(member)
        return self._catalog.projects.get(found.project_id)

    def invitations(self, project: str) -> Sequence[Invitation]:
        """The links to a project that are not used up."""
        return self._catalog.invitations.of(self._gate.project(project, Membership.OWNER).id)

    @audited("invitation.withdraw")
    def withdraw(self, invitation_id: str) -> None:
        """Make a link worthless."""
        self._gate.get(self._catalog.invitations, invitation_id, Membership.OWNER)
        self._catalog.invitations.withdraw(invitation_id)

    # --- what was done -----------------------------------------------------------------------------------------------

    def deeds(self, limit: int = 50, before: str | None = None, **narrowed: str) -> Sequence[Deed]:
        """The audit trail, newest first; for admins, who may narrow it by who, action, thing or project_id."""
        self._gate.must(Power.ADMIN)
        return self._catalog.deeds.list(before, limit, **narrowed)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
