"""Stores that projects have brought along, and their credentials, which lie here sealed.

A row is never removed: what was put into a store names it, and is found there for as long as the store is.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select, update

from gristmill.catalog import tables
from gristmill.catalog.sealed import SealedRows
from gristmill.errors import NotFound
from gristmill.records import OwnStore, decode, encode, replace

__all__ = ["Stores"]


class Stores(SealedRows[OwnStore]):
    """All stores of projects, those that a project has left included."""

    table = tables.stores
    noun = "store"
    kind = OwnStore
    sealed = "credentials"

    def known(self, project_id: str, url: str) -> OwnStore | None:
        """The project's store at that URL, if it had it before."""
        columns = self.table.c
        query = select(self.table).where(columns.project_id == project_id, columns.url == url)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None else self._record(row)

    def put(self, store: OwnStore, credentials: Mapping[str, str]) -> OwnStore:
        """Have a project put what comes into this store; one that it knows gets these credentials from now on."""
        text = encode(dict(credentials)).decode()
        sealed = replace(store, credentials=self._seal(store.id, text) if credentials else "")
        columns, projects = self.table.c, tables.projects
        with self._database.writing() as connection:
            self._lock_project(connection, store.project_id)
            values = {"credentials": sealed.credentials, "who": store.who, "updated_at": store.updated_at}
            change = update(self.table).where(columns.id == store.id).values(values).returning(self.table)
            row = connection.execute(change).one_or_none()
            kept = self._insert(connection, sealed) if row is None else self._record(row)
            here = projects.c.id == store.project_id
            connection.execute(update(projects).where(here).values(store_id=kept.id))
            return kept

    def leave(self, project_id: str) -> None:
        """Have a project put what comes into the platform's own store; NotFound if it does already."""
        projects = tables.projects
        own = update(projects).where(projects.c.id == project_id, projects.c.store_id.is_not(None))
        with self._database.writing() as connection:
            if connection.execute(own.values(store_id=None)).rowcount == 0:
                raise NotFound("The project has no store of its own.")

    def platform_pays(self, store_id: str | None) -> bool:
        """Whether what lies in that store is the platform's to pay for; see `fair_use.platform_pays`."""
        return store_id is None or not self.get(store_id).credentials

    def credentials(self, store: OwnStore) -> dict[str, str]:
        """A store's credentials in the open; none where the platform's own rights reach it."""
        if not store.credentials:
            return {}
        return decode(self._open(store).encode(), dict[str, str])
