"""What all kinds of things in the catalog share: rows become records, and lists come in pages.

A page is found by its place, not by its number: `(created_at, id)` below that of the last thing on the page before. So
a page costs the same wherever it lies, and nothing is shown twice when new things arrive in between.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, bindparam, func, insert, select, tuple_

from gristmill.catalog import tables
from gristmill.catalog.belonging import highest, is_any, names_of
from gristmill.catalog.database import Database
from gristmill.catalog.prepared import Prepared
from gristmill.errors import NotFound
from gristmill.records import Membership, Who

__all__ = ["MOST_TEAMS", "Rows", "merging"]

Record = TypeVar("Record")

MOST_TEAMS = 20  # numbers of teams that somebody is in, whose statements are kept


def merging(connection: Connection, table: Table) -> Any:
    """An insert that can say ON CONFLICT: alike in both databases, and SQLAlchemy has it in each one's own only."""
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)


class Rows(Generic[Record]):
    """One table, as records. Subclasses name the table, the record and the word for it."""

    table: ClassVar[Table]
    noun: ClassVar[str]
    kind: Callable[..., Record]

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = [field.name for field in dataclasses.fields(self.kind)]  # type: ignore[arg-type]
        self._one = self._found(self.table.c.id == bindparam("wanted")) if "id" in self.table.c else None
        self._beside = functools.lru_cache(MOST_TEAMS)(lambda teams: Prepared(self._with_memberships(teams)))
        self._new, self._plain = insert(self.table).returning(self.table), Prepared(insert(self.table), self._names)

    def get(self, id: str) -> Record:
        """The one with that id; NotFound if there is none."""
        with self._database.reading() as connection:
            return self._get(connection, id)

    def seen(self, id: str, who: Who) -> tuple[Record, Membership | None]:
        """The one with that id, and the highest membership that somebody has in its project."""
        with self._database.reading() as connection:
            found = self._beside(len(who.teams)).rows(connection, names_of(who) | {"wanted": id})
        if not found:
            raise self.missing(id)
        return self._made(found[0][1:]), highest(row[0] for row in found)

    def _with_memberships(self, teams: int, *more: ColumnElement[Any]) -> Select[Any]:
        """The statement that finds one thing, once for each membership that counts, or once without; `more` before."""
        members, mine = tables.members, self.table.c
        counts = and_(members.c.project_id == mine.project_id, is_any(teams))
        found = select(*more, members.c.membership, *(mine[name] for name in self._names))
        joined = found.select_from(self.table.outerjoin(members, counts))
        return joined.where(mine.id == bindparam("wanted"))

    def _get(self, connection: Connection, id: str) -> Record:
        if self._one is None:
            raise TypeError(f"A {self.noun} has no id.")
        found = self._one.rows(connection, {"wanted": id})
        if not found:
            raise self.missing(id)
        return self._made(found[0])

    def missing(self, id: str) -> NotFound:
        """What is raised where nothing has that id."""
        return NotFound(f"There is no {self.noun} {id}.")

    def _record(self, row: Row[Any]) -> Record:
        return self.kind(**row._asdict())

    def _found(self, where: ColumnElement[bool]) -> Prepared:
        """The statement that finds what is so; see `_made`."""
        return Prepared(select(*(self.table.c[name] for name in self._names)).where(where))

    def _made(self, values: Sequence[Any]) -> Record:
        return self.kind(**dict(zip(self._names, values, strict=True)))

    def _insert(self, connection: Connection, record: Any) -> Record:
        values = {name: getattr(record, name) for name in self._names}
        return self._record(connection.execute(self._new, values).one())

    def _write(self, connection: Connection, record: Any) -> None:
        """Insert a record that nobody needs to see as it was written."""
        self._plain.keep(connection, record)

    def _page(self, query: Select[Any], before: str | None, limit: int) -> tuple[Record, ...]:
        with self._database.reading() as connection:
            query = self._newest(query, self._place(connection, before), limit)
            return tuple(self._record(row) for row in connection.execute(query))

    def _place(self, connection: Connection, before: str | None) -> tuple[float, str] | None:
        """Where the page before ended; None for the first page."""
        if before is None:
            return None
        at = connection.execute(select(self.table.c.created_at).where(self.table.c.id == before)).scalar_one_or_none()
        if at is None:
            raise NotFound(f"There is no {self.noun} {before}.", cure="Start again with the first page.")
        return at, before

    def _newest(self, query: Select[Any], place: tuple[float, str] | None, limit: int) -> Select[Any]:
        created_at, id = self.table.c.created_at, self.table.c.id
        if place is not None:
            query = query.where(tuple_(created_at, id) < tuple_(*place))
        return query.order_by(created_at.desc(), id.desc()).limit(limit)

    def _next_version(self, connection: Connection, project_id: str, name: str) -> int:
        """The version after the latest of that name in the project, which is locked: no two get the same one."""
        self._lock_project(connection, project_id)
        same: ColumnElement[bool] = (self.table.c.project_id == project_id) & (self.table.c.name == name)
        latest = connection.execute(select(func.max(self.table.c.version)).where(same)).scalar_one()
        return 1 + (latest or 0)

    def _lock_project(self, connection: Connection, project_id: str) -> None:
        project = tables.projects.c.id
        # key_share: whoever only refers to the project need not wait
        connection.execute(select(project).where(project == project_id).with_for_update(key_share=True))
