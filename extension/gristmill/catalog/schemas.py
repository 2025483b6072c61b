"""What projects ask of the tables that are put into them."""

from __future__ import annotations

from sqlalchemy import delete, select

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.errors import NotFound
from gristmill.records import Schema

__all__ = ["Schemas"]


class Schemas(Rows[Schema]):
    """All schemas: one a project at most."""

    table = tables.schemas
    noun = "schema"
    kind = Schema

    def of(self, project_id: str) -> Schema | None:
        """The project's schema, if it has one."""
        with self._database.reading() as connection:
            row = connection.execute(select(self.table).where(self.table.c.project_id == project_id)).one_or_none()
            return None if row is None else self._record(row)

    def put(self, schema: Schema) -> Schema:
        """Keep a project's schema in place of an earlier one."""
        with self._database.writing() as connection:
            self._lock_project(connection, schema.project_id)
            connection.execute(delete(self.table).where(self.table.c.project_id == schema.project_id))
            return self._insert(connection, schema)

    def remove(self, project_id: str) -> None:
        """Let a project take whatever comes; NotFound if it does already."""
        with self._database.writing() as connection:
            removed = delete(self.table).where(self.table.c.project_id == project_id)
            if connection.execute(removed).rowcount == 0:
                raise NotFound("The project has no schema.")
