"""Uploads: bytes on their way into the store.

open -> received -> accepted (by `datasets.add`, with the dataset) or rejected; an open one may be rejected too, and an
accepted one when its dataset is deleted (by `datasets.remove`), and a received one that nothing was made of.
"""

from __future__ import annotations

from sqlalchemy import and_, exists, or_, select, update

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.fair_use import Decide, FairUse
from gristmill.catalog.rows import Rows
from gristmill.errors import Conflict, UsageError
from gristmill.records import Failure, RunKind, RunStatus, Upload, UploadStatus, Who

__all__ = ["Uploads"]

_OPEN_RUNS = (RunStatus.QUEUED, RunStatus.RUNNING)
# status -> the statuses it may follow
_FOLLOWS = {
    UploadStatus.RECEIVED: (UploadStatus.OPEN,),
    UploadStatus.REJECTED: (UploadStatus.OPEN, UploadStatus.RECEIVED),
}


class Uploads(Rows[Upload]):
    """All uploads, also those that were rejected."""

    table = tables.uploads
    noun = "upload"
    kind = Upload

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._fair_use = FairUse(database)

    def add(
        self, upload: Upload, *, who: Who | None = None, decide: Decide | None = None, counts: bool = True
    ) -> Upload:
        """Register an upload; `decide` is asked whether `who` may have it, whose storage it `counts` for, or not."""
        with self._database.writing(*self._fair_use.turns(who)) as connection:
            if who is not None and decide is not None:
                self._fair_use.admit(connection, who, decide, size=upload.size if counts else 0)
            return self._insert(connection, upload)

    def newest(self, project_id: str, name: str) -> Upload | None:
        """The latest whole one of a file of that name, whether or not it has become a dataset."""
        columns = self.table.c
        whole = columns.status.in_((UploadStatus.RECEIVED, UploadStatus.ACCEPTED))
        query = select(self.table).where(columns.project_id == project_id, columns.name == name, whole)
        with self._database.reading() as connection:
            query = query.order_by(columns.created_at.desc(), columns.id.desc()).limit(1)
            row = connection.execute(query).one_or_none()
        return None if row is None else self._record(row)

    def expired(self, limit: int = 100) -> tuple[Upload, ...]:
        """Open uploads whose time is over."""
        columns = self.table.c
        late = select(self.table).where(columns.status == UploadStatus.OPEN, columns.expires_at < self._database.now())
        with self._database.reading() as connection:
            return tuple(self._record(row) for row in connection.execute(late.limit(limit)))

    def forgotten(self, seconds: float, limit: int = 100) -> tuple[Upload, ...]:
        """Whole uploads of which nothing was made for so long: no dataset, and no run but a look that is over.

        One that a schedule of its project names is what the schedule waits for.
        """
        uploads, runs, schedules = self.table.c, tables.runs.c, tables.schedules.c
        asked = and_(runs.upload_id == uploads.id, or_(runs.kind != RunKind.EXPLORE, runs.status.in_(_OPEN_RUNS)))
        waits = and_(schedules.project_id == uploads.project_id, schedules.source == uploads.name)
        query = select(self.table).where(
            uploads.status == UploadStatus.RECEIVED, uploads.expires_at < self._database.now() - seconds,
            ~exists(select(runs.id).where(asked)), ~exists(select(schedules.id).where(waits)),
        )  # fmt: skip
        with self._database.reading() as connection:
            return tuple(self._record(row) for row in connection.execute(query.limit(limit)))

    def settle(
        self, id: str, status: UploadStatus, *, sha256: str | None = None, failure: Failure | None = None
    ) -> Upload:
        """Received, with the bytes' hash, or rejected, with the reason; Conflict if it cannot become that any more."""
        if status not in _FOLLOWS:
            raise UsageError(f"An upload is not settled as {status}.", cure="An upload is accepted by datasets.add.")
        values = {"status": status, "failure": failure} | ({} if sha256 is None else {"sha256": sha256})
        with self._database.writing() as connection:
            change = update(self.table).where(self.table.c.id == id, self.table.c.status.in_(_FOLLOWS[status]))
            row = connection.execute(change.values(values).returning(self.table)).one_or_none()
            if row is None:
                raise Conflict(f"The upload {id} is {self._get(connection, id).status} and cannot become {status}.")
            return self._record(row)
