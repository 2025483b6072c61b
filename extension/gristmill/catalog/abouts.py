"""What people say about datasets: one row a name in a project, for all its versions."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, and_, delete, select, update

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.errors import Conflict
from gristmill.records import About, replace

__all__ = ["Abouts"]


class Abouts(Rows[About]):
    """All that is said about datasets."""

    table = tables.abouts
    noun = "description"
    kind = About

    def of(self, project_id: str, name: str) -> About:
        """What is said about the datasets of a name; nothing, as long as nobody has said anything."""
        with self._database.reading() as connection:
            return self._of(connection, project_id, name)

    def change(self, project_id: str, name: str, change: Callable[[About], About]) -> About:
        """Say something else from now on: `change` is given what is said, and nobody else changes it meanwhile.

        With another name, the datasets of all versions get it; Conflict where the project has datasets of that name.
        """
        with self._database.writing() as connection:
            self._lock_project(connection, project_id)
            changed = change(self._of(connection, project_id, name))
            if changed.name != name:
                self._rename(connection, project_id, name, changed.name)
            columns = self.table.c
            same = and_(columns.project_id == project_id, columns.name == name)
            connection.execute(delete(self.table).where(same))
            return self._insert(connection, replace(changed, project_id=project_id))

    def _rename(self, connection: Connection, project_id: str, name: str, to: str) -> None:
        columns = tables.datasets.c
        taken = select(columns.id).where(columns.project_id == project_id, columns.name == to).limit(1)
        if connection.execute(taken).one_or_none() is not None:
            raise Conflict(f"The project has datasets called {to!r} already.", cure="Choose another name.")
        named = and_(columns.project_id == project_id, columns.name == name)
        connection.execute(update(tables.datasets).where(named).values(name=to))

    def _of(self, connection: Connection, project_id: str, name: str) -> About:
        columns = self.table.c
        query = select(self.table).where(columns.project_id == project_id, columns.name == name)
        row = connection.execute(query).one_or_none()
        return About(project_id=project_id, name=name) if row is None else self._record(row)
