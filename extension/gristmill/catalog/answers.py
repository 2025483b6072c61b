"""Answers kept for who asks again: a question that carries a key is carried out once, however often it arrives.

Where the answer is kept in the transaction that does what was asked (`keep`), that is all there is to it. Otherwise a
question is *claimed* before it is carried out and *settled* with its answer. One that was claimed and never settled,
because its process died, may be claimed again after a while.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, select, update

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.prepared import Prepared
from gristmill.catalog.rows import Rows
from gristmill.errors import Conflict
from gristmill.records import Answer

__all__ = ["Answers"]


class Answers(Rows[Answer]):
    """All answers, by who asked and under which key."""

    table = tables.answers
    noun = "answer"
    kind = Answer

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        mine = _is_of("asker", "under")
        self._mine = self._found(mine)
        self._settled = (
            update(self.table).where(mine).values({name: bindparam(name) for name in ("status", "headers", "body")})
        )

    def claim(self, asked: Answer, *, dead_before: float, old_before: float) -> Answer | None:
        """None if the question is now the caller's to answer; otherwise what is kept of who was first.

        What was claimed before `dead_before` and not settled, or settled before `old_before`, is as good as not there.
        """
        with suppress(Conflict), self._database.writing() as connection:
            self._write(connection, asked)
            return None
        columns = self.table.c
        with self._database.writing() as connection:
            dead = and_(columns.status.is_(None), columns.created_at < dead_before)
            forgotten = and_(self._is(asked), or_(dead, columns.created_at < old_before))
            connection.execute(delete(self.table).where(forgotten))
            row = connection.execute(select(self.table).where(self._is(asked))).one_or_none()
            if row is not None:
                return self._record(row)
            self._write(connection, asked)
            return None

    def find(self, asked: Answer, *, dead_before: float, old_before: float) -> Answer | None:
        """What is kept of who was first; what is as good as not there is dropped."""
        with self._database.reading() as connection:
            rows = self._mine.rows(connection, {"asker": asked.who, "under": asked.key})
        found = self._made(rows[0]) if rows else None
        if found is None or found.created_at >= (dead_before if found.status is None else old_before):
            return found
        with self._database.writing() as connection:
            connection.execute(delete(self.table).where(self._is(asked), self.table.c.created_at == found.created_at))
        return None

    def among(self, asked: Sequence[Answer]) -> set[tuple[str, str]]:
        """Who has asked what before, of several questions at once: their names and keys."""
        if not asked:
            return set()
        values = {f"who_{at}": one.who for at, one in enumerate(asked)}
        values |= {f"key_{at}": one.key for at, one in enumerate(asked)}
        with self._database.reading() as connection:
            return set(_these(len(asked)).rows(connection, values))

    def keep(self, answered: Answer) -> None:
        """Keep an answer to a question that nobody has claimed; Conflict where there is one, or somebody has."""
        with self._database.writing() as connection:
            self._write(connection, answered)

    def settle(self, answered: Answer) -> None:
        """Keep the answer to a question that the caller has claimed."""
        told = {"status": answered.status, "headers": answered.headers, "body": answered.body}
        with self._database.writing() as connection:
            connection.execute(self._settled, told | {"asker": answered.who, "under": answered.key})

    def drop(self, asked: Answer) -> None:
        """Forget a question that could not be answered: it may be asked again."""
        with self._database.writing() as connection:
            connection.execute(delete(self.table).where(self._is(asked), self.table.c.status.is_(None)))

    def sweep(self, before: float) -> int:
        """Forget what was asked before that time; how much it was."""
        with self._database.writing() as connection:
            return connection.execute(delete(self.table).where(self.table.c.created_at < before)).rowcount

    def _is(self, asked: Answer) -> ColumnElement[bool]:
        return and_(self.table.c.who == asked.who, self.table.c.key == asked.key)


def _is_of(who: str, key: str) -> ColumnElement[bool]:
    """Whether an answer is somebody's, under a key; both are values of these names."""
    columns = tables.answers.c
    return and_(columns.who == bindparam(who), columns.key == bindparam(key))


@functools.lru_cache(maxsize=100)
def _these(several: int) -> Prepared:
    """Finds answers to so many questions: `who_0` and `key_0`, `who_1` …"""
    columns = tables.answers.c
    return Prepared(
        select(columns.who, columns.key).where(or_(*(_is_of(f"who_{n}", f"key_{n}") for n in range(several))))
    )
