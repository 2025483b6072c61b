"""Datasets: uploads that were found good, with their profiles."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, func, select, update

from gristmill.catalog import tables
from gristmill.catalog.belonging import highest, names_of
from gristmill.catalog.database import Database
from gristmill.catalog.prepared import Prepared
from gristmill.catalog.rows import MOST_TEAMS, Rows
from gristmill.errors import Conflict, NotFound
from gristmill.records import Dataset, DatasetEntry, Failure, Membership, RunStatus, UploadStatus, Who, replace

__all__ = ["Datasets", "Found"]

_LONG = ("profile", "proposal", "revision")
_UNDER_WAY = (RunStatus.QUEUED, RunStatus.RUNNING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A dataset as somebody finds it who is going to work with its data."""

    dataset: Dataset
    membership: Membership | None  # theirs, in its project
    is_there: bool  # its data can still be had
    next_store: str | None  # the id of the store that takes what comes into its project now


class Datasets(Rows[Dataset]):
    """All datasets; each is one immutable version of its name in its project."""

    table = tables.datasets
    noun = "dataset"
    kind = Dataset

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._founding = functools.lru_cache(MOST_TEAMS)(self._with_its_ground)

    def add(self, dataset: Dataset) -> Dataset:
        """Make a received upload a dataset, under the next version of its name whatever the record says.

        The upload becomes accepted with it; Conflict if it is not whole, was rejected, or is a dataset already.
        """
        uploads = tables.uploads
        with self._database.writing() as connection:
            whole = (uploads.c.id == dataset.upload_id) & (uploads.c.status == UploadStatus.RECEIVED)
            accepted = update(uploads).where(whole).values(status=UploadStatus.ACCEPTED)
            if connection.execute(accepted).rowcount == 0:
                query = select(uploads.c.status).where(uploads.c.id == dataset.upload_id)
                status = connection.execute(query).scalar_one_or_none()
                if status is None:
                    raise NotFound(f"There is no upload {dataset.upload_id}.")
                raise Conflict(f"The upload {dataset.upload_id} is {status} and cannot become a dataset.")
            version = self._next_version(connection, dataset.project_id, dataset.name)
            return self._insert(connection, replace(dataset, version=version))

    def newest(self, project_id: str, name: str) -> Dataset | None:
        """The latest version of that name."""
        same = (self.table.c.project_id == project_id) & (self.table.c.name == name)
        query = select(self.table).where(same, self._is_there()).order_by(self.table.c.version.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else self._record(row)

    def revise(self, dataset: Dataset) -> Dataset:
        """Make an edited version of a dataset, under the next version of its name whatever the record says."""
        with self._database.writing() as connection:
            version = self._next_version(connection, dataset.project_id, dataset.name)
            return self._insert(connection, replace(dataset, version=version))

    def made_of(self, upload_id: str) -> str | None:
        """The id of the dataset that an upload has become; edited versions came after it."""
        first = (self.table.c.upload_id == upload_id) & self.table.c.edited_from.is_(None)
        with self._database.reading() as connection:
            query = select(self.table.c.id).where(first)
            return connection.execute(query).scalar_one_or_none()

    def list(
        self, project_ids: Sequence[str] | None = None, before: str | None = None, limit: int = 50, *, name: str = ""
    ) -> tuple[DatasetEntry, ...]:
        """A page of datasets, of these projects or of all, without their profiles; of one name, its versions."""
        query = select(*[column for column in self.table.c if column.name not in _LONG]).where(self._is_there())
        if project_ids is not None:
            query = query.where(self.table.c.project_id.in_(project_ids))
        if name:
            query = query.where(self.table.c.name == name)
        with self._database.reading() as connection:
            query = self._newest(query, self._place(connection, before), limit)
            return tuple(DatasetEntry(**row._asdict()) for row in connection.execute(query))

    def found(self, id: str, who: Who) -> Found:
        """The one with that id and all that matters before somebody works with it, in one question."""
        with self._database.reading() as connection:
            rows = self._founding(len(who.teams)).rows(connection, names_of(who) | {"wanted": id})
        if not rows:
            raise self.missing(id)
        is_there, next_store, _, *values = rows[0]
        membership = highest(row[2] for row in rows)
        return Found(dataset=self._made(values), membership=membership, is_there=is_there, next_store=next_store)

    def _with_its_ground(self, teams: int) -> Prepared:
        """The statement that `found` asks."""
        projects = tables.projects.c
        next_store = select(projects.store_id).where(projects.id == self.table.c.project_id).scalar_subquery()
        return Prepared(self._with_memberships(teams, self._is_there(), next_store))

    def remove(self, id: str, why: Failure) -> bool:
        """Delete a dataset; whether the bytes of its upload are to go with it.

        One that runs were made of stays, to say what they learned from, but is found in no list any more. Conflict
        while a run is under way on it, and where something else needs it.
        """
        runs, uploads = tables.runs.c, tables.uploads
        with self._database.writing() as connection:
            dataset = self._get(connection, id)
            made = select(func.count()).select_from(tables.runs).where(runs.dataset_id == id)
            count = connection.execute(made).scalar_one()
            if connection.execute(made.where(runs.status.in_(_UNDER_WAY))).scalar_one():
                raise Conflict(f"A run is under way on {dataset.name}.", cure="Wait until it has ended, or cancel it.")
            others = select(self.table.c.id).where(self.table.c.upload_id == dataset.upload_id, self.table.c.id != id)
            if dataset.revision is None and connection.execute(others.limit(1)).one_or_none() is not None:
                raise Conflict(f"{dataset.name} has edited versions, made of the same file.", cure="Delete them first.")
            if dataset.revision is not None and count:
                raise Conflict(
                    f"{dataset.name}, version {dataset.version}, is what runs have learned from.",
                    cause="It is an edited version, and takes no room of its own.",
                )
            if not count:
                connection.execute(delete(self.table).where(self.table.c.id == id))
            if dataset.revision is not None:
                return False
            gone = update(uploads).where(uploads.c.id == dataset.upload_id, uploads.c.status == UploadStatus.ACCEPTED)
            values = {"status": UploadStatus.REJECTED, "failure": why}
            return connection.execute(gone.values(values)).rowcount > 0

    def _is_there(self) -> ColumnElement[bool]:
        uploads = tables.uploads.c
        whole = (uploads.id == self.table.c.upload_id) & (uploads.status == UploadStatus.ACCEPTED)
        return exists(select(uploads.id).where(whole))
