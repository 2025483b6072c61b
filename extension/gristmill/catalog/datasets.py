"""Datasets: uploads that were found good, with their profiles."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.errors import Conflict, NotFound
from gristmill.records import Dataset, DatasetEntry, UploadStatus, replace

__all__ = ["Datasets"]


class Datasets(Rows[Dataset]):
    """All datasets; each is one immutable version of its name in its project."""

    table = tables.datasets
    noun = "dataset"
    kind = Dataset

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
        query = select(self.table).where(same).order_by(self.table.c.version.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else self._record(row)

    def made_of(self, upload_id: str) -> str | None:
        """The id of the dataset that an upload has become."""
        with self._database.reading() as connection:
            query = select(self.table.c.id).where(self.table.c.upload_id == upload_id)
            return connection.execute(query).scalar_one_or_none()

    def list(
        self, project_ids: Sequence[str] | None = None, before: str | None = None, limit: int = 50
    ) -> tuple[DatasetEntry, ...]:
        """A page of datasets, of these projects or of all, without their profiles."""
        query = select(*[column for column in self.table.c if column.name not in ("profile", "proposal")])
        if project_ids is not None:
            query = query.where(self.table.c.project_id.in_(project_ids))
        with self._database.reading() as connection:
            query = self._newest(query, self._place(connection, before), limit)
            return tuple(DatasetEntry(**row._asdict()) for row in connection.execute(query))
