"""Members: who has which place in which project, and the links by which people become members."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, select

from gristmill.catalog import tables
from gristmill.catalog.belonging import highest, is_any, names_of
from gristmill.catalog.prepared import Prepared
from gristmill.catalog.rows import Rows
from gristmill.errors import Conflict, NotFound
from gristmill.records import Invitation, Member, MemberKind, Membership, Who

__all__ = ["Invitations", "Members"]


# Asked with every request, so made once for each number of teams.


@functools.lru_cache(maxsize=100)
def _standing(teams: int) -> Prepared:
    members = tables.members.c
    return Prepared(select(members.membership).where(members.project_id == bindparam("project"), is_any(teams)))


@functools.lru_cache(maxsize=100)
def _projects(teams: int) -> Prepared:
    return Prepared(select(tables.members.c.project_id).where(is_any(teams)).distinct())


class Members(Rows[Member]):
    """All memberships. Each project keeps one owner at least."""

    table = tables.members
    noun = "member"
    kind = Member

    def of(self, project_id: str) -> tuple[Member, ...]:
        """The project's members, the first one first."""
        query = select(self.table).where(self.table.c.project_id == project_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(self.table.c.created_at, self.table.c.name))
            return tuple(self._record(row) for row in rows)

    def standing(self, project_id: str, who: Who) -> Membership | None:
        """The highest membership that somebody has in the project, as a person or by a team; None for a stranger."""
        with self._database.reading() as connection:
            rows = _standing(len(who.teams)).rows(connection, names_of(who) | {"project": project_id})
        return highest(membership for (membership,) in rows)

    def project_ids(self, who: Who) -> tuple[str, ...]:
        """The projects that somebody is a member of."""
        with self._database.reading() as connection:
            return tuple(id for (id,) in _projects(len(who.teams)).rows(connection, names_of(who)))

    def put(self, member: Member) -> Member:
        """Make somebody a member, or change their membership; Conflict where no owner would be left."""
        with self._database.writing() as connection:
            self._lock_project(connection, member.project_id)
            connection.execute(delete(self.table).where(self._same(member.project_id, member.kind, member.name)))
            if member.membership is not Membership.OWNER:
                self._must_have_owner(connection, member.project_id)
            return self._insert(connection, member)

    def remove(self, project_id: str, kind: MemberKind, name: str) -> None:
        """Make somebody a stranger; Conflict where no owner would be left."""
        with self._database.writing() as connection:
            self._lock_project(connection, project_id)
            if connection.execute(delete(self.table).where(self._same(project_id, kind, name))).rowcount == 0:
                raise NotFound(f"{name} is no member of the project.")
            self._must_have_owner(connection, project_id)

    def _must_have_owner(self, connection: Connection, project_id: str) -> None:
        owner = self.table.c.membership == Membership.OWNER
        query = select(self.table.c.name).where(self.table.c.project_id == project_id, owner).limit(1)
        if connection.execute(query).one_or_none() is None:
            raise Conflict("The project would be without an owner.", cure="Make somebody else its owner first.")

    def _same(self, project_id: str, kind: MemberKind, name: str) -> ColumnElement[bool]:
        columns = self.table.c
        return and_(columns.project_id == project_id, columns.kind == kind, columns.name == name)


class Invitations(Rows[Invitation]):
    """Links that make whoever follows them a member."""

    table = tables.invitations
    noun = "invitation"
    kind = Invitation

    def add(self, invitation: Invitation) -> Invitation:
        """Keep an invitation."""
        with self._database.writing() as connection:
            return self._insert(connection, invitation)

    def find(self, digest: str) -> Invitation | None:
        """The invitation whose token has that digest."""
        with self._database.reading() as connection:
            row = connection.execute(select(self.table).where(self.table.c.digest == digest)).one_or_none()
            return None if row is None else self._record(row)

    def of(self, project_id: str) -> Sequence[Invitation]:
        """The project's invitations, newest first."""
        return self._page(select(self.table).where(self.table.c.project_id == project_id), None, 1000)

    def withdraw(self, id: str) -> None:
        """Make a link worthless."""
        with self._database.writing() as connection:
            connection.execute(delete(self.table).where(self.table.c.id == id))
