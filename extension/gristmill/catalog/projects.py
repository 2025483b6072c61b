"""Projects: named pieces of work."""

from __future__ import annotations

from sqlalchemy import select

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.errors import Conflict, NotFound
from gristmill.records import Project, new_id

__all__ = ["Projects"]


class Projects(Rows[Project]):
    """All projects; their names are unique."""

    table = tables.projects
    noun = "project"
    kind = Project

    def ensure(self, name: str) -> Project:
        """The project of that name, made if there is none; all who ask at once get the same one."""
        found = self._named(name)
        if found is not None:
            return found
        try:
            with self._database.writing() as connection:
                now = connection.execute(select(self._database.now())).scalar_one()
                return self._insert(connection, Project(id=new_id("project"), name=name, created_at=now))
        except Conflict:
            # somebody else was quicker
            found = self._named(name)
            if found is None:
                raise
            return found

    def find(self, name: str) -> Project:
        """The project of that name."""
        found = self._named(name)
        if found is None:
            raise NotFound(f"There is no project {name!r}.", cure="`gristmill runs` shows what there is.")
        return found

    def list(self, before: str | None = None, limit: int = 50) -> tuple[Project, ...]:
        """A page of projects."""
        return self._page(select(self.table), before, limit)

    def _named(self, name: str) -> Project | None:
        with self._database.reading() as connection:
            row = connection.execute(select(self.table).where(self.table.c.name == name)).one_or_none()
            return None if row is None else self._record(row)
