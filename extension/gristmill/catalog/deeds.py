"""The audit trail: what was done, by whom, from where. There is no way to change a line or to take one out."""

from __future__ import annotations

from sqlalchemy import select

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.records import Deed

__all__ = ["Deeds"]


class Deeds(Rows[Deed]):
    """All deeds."""

    table = tables.deeds
    noun = "deed"
    kind = Deed

    def add(self, deed: Deed) -> Deed:
        """Write a line."""
        with self._database.writing() as connection:
            self._write(connection, deed)
        return deed

    def list(self, before: str | None = None, limit: int = 50, **narrowed: str) -> tuple[Deed, ...]:
        """A page of the trail; `who`, `action`, `thing` or `project_id` narrow it."""
        query = select(self.table)
        for column, value in narrowed.items():
            query = query.where(self.table.c[column] == value)
        return self._page(query, before, limit)
