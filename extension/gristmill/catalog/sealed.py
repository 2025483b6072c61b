"""Rows that hold a secret, which lies in the database sealed."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from sqlalchemy import select, update

from gristmill.catalog.database import Database
from gristmill.catalog.rows import Rows
from gristmill.errors import NotPossible
from gristmill.sealing import Keyring

__all__ = ["SealedRows"]

Record = TypeVar("Record")


class SealedRows(Rows[Record]):
    """One table of which a column is sealed: `sealed` is its name. Records have it as it lies there."""

    sealed: ClassVar[str]

    def __init__(self, database: Database, keyring: Keyring) -> None:
        super().__init__(database)
        self._keyring = keyring

    def reseal(self) -> int:
        """Seal by the first key what an older one has sealed; how much there was."""
        column, id = self.table.c[self.sealed], self.table.c.id
        with self._database.reading() as connection:
            rows = connection.execute(select(id, column).where(column != "")).all()
        old = [(id, sealed) for id, sealed in rows if self._keyring.needs_sealing(sealed)]
        done = 0
        for one, sealed in old:
            try:
                fresh = self._seal(one, self._keyring.open(sealed, of=self._of(one)))
            except NotPossible:  # its key is gone; whoever needs it is told
                continue
            done += 1
            with self._database.writing() as connection:  # unless it was set anew meanwhile
                same = update(self.table).where(id == one, column == sealed)
                connection.execute(same.values({self.sealed: fresh}))
        return done

    def closed(self) -> tuple[int, int]:
        """How many secrets there are, and how many of them do not open with the keys that are here."""
        column, shut = self.table.c[self.sealed], 0
        with self._database.reading() as connection:
            rows = connection.execute(select(self.table.c.id, column).where(column != "")).all()
        for id, sealed in rows:
            try:
                self._keyring.open(sealed, of=self._of(id))
            except NotPossible:
                shut += 1
        return len(rows), shut

    def _seal(self, id: str, secret: str) -> str:
        return self._keyring.seal(secret, of=self._of(id))

    def _open(self, record: Any) -> str:
        return self._keyring.open(getattr(record, self.sealed), of=self._of(record.id))

    def _of(self, id: str) -> str:
        return f"{self.table.name}/{id}"
