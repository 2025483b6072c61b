"""Projects: named pieces of work."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.errors import Conflict
from gristmill.records import LOCAL, MemberKind, Membership, Project, new_id

__all__ = ["Projects"]


class Projects(Rows[Project]):
    """All projects; their names are unique."""

    table = tables.projects
    noun = "project"
    kind = Project

    def ensure(self, name: str, owner: str = LOCAL.name) -> Project:
        """The project of that name, made for `owner` if there is none; all who ask at once get the same one."""
        found = self.named(name)
        if found is not None:
            return found
        try:
            with self._database.writing() as connection:
                now = connection.execute(select(self._database.now())).scalar_one()
                project = Project(id=new_id("project"), name=name, created_at=now, owner=owner)
                made = self._insert(connection, project)
                member = {"kind": MemberKind.PERSON, "name": owner, "membership": Membership.OWNER}
                connection.execute(insert(tables.members).values(project_id=made.id, created_at=now, **member))
                return made
        except Conflict:
            # somebody else was quicker
            found = self.named(name)
            if found is None:
                raise
            return found

    def list(self, ids: Sequence[str] | None = None, before: str | None = None, limit: int = 50) -> tuple[Project, ...]:
        """A page of projects: those with one of these ids, or all."""
        query = select(self.table)
        if ids is not None:
            query = query.where(self.table.c.id.in_(ids))
        return self._page(query, before, limit)

    def named(self, name: str) -> Project | None:
        """The project of that name, if there is one."""
        with self._database.reading() as connection:
            row = connection.execute(select(self.table).where(self.table.c.name == name)).one_or_none()
            return None if row is None else self._record(row)
