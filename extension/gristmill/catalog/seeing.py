"""What a watcher asks of the catalog: which workers live, how long runs wait, which have ended. Nothing here reads more
than an index's end, however many runs there are."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select, update

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.records import Alive, Ended, RunStatus

__all__ = ["Seeing"]

_FORGOTTEN = 24 * 3600.0  # seconds after which a silent worker's row is dropped


class Seeing:
    """The platform as it stands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> float:
        """The time by the catalog's clock."""
        with self._database.reading() as connection:
            return connection.execute(select(self._database.now())).scalar_one()

    # --- workers -----------------------------------------------------------------------------------------------------

    def beat(self, name: str) -> None:
        """That worker lives."""
        workers, now = tables.workers, self._database.now()
        with self._database.writing() as connection:
            change = update(workers).where(workers.c.name == name).values(seen_at=now)
            if connection.execute(change).rowcount == 0:
                connection.execute(insert(workers).values(name=name, started_at=now, seen_at=now))
                connection.execute(delete(workers).where(workers.c.seen_at < now - _FORGOTTEN))

    def gone(self, name: str) -> None:
        """That worker ends."""
        with self._database.writing() as connection:
            connection.execute(delete(tables.workers).where(tables.workers.c.name == name))

    def alive(self, within: float) -> tuple[Alive, ...]:
        """The workers that were heard of within so many seconds."""
        workers = tables.workers
        heard = workers.c.seen_at > self._database.now() - within
        with self._database.reading() as connection:
            rows = connection.execute(select(workers).where(heard).order_by(workers.c.name))
            return tuple(Alive(**row._asdict()) for row in rows)

    # --- runs --------------------------------------------------------------------------------------------------------

    def count(self, status: RunStatus) -> int:
        """How many runs have that status; for those that soon change, of which there are few."""
        query = select(func.count()).select_from(tables.runs).where(tables.runs.c.status == status)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def oldest_waits(self) -> float:
        """For how many seconds the oldest queued run has waited; 0 if none does."""
        runs = tables.runs
        first = select(runs.c.created_at).where(runs.c.status == RunStatus.QUEUED)
        first = first.order_by(runs.c.created_at, runs.c.id).limit(1)
        query = select(self._database.now() - first.scalar_subquery())
        with self._database.reading() as connection:
            return max(0.0, connection.execute(query).scalar_one() or 0.0)

    def ended(self, since: float, limit: int = 5000) -> tuple[Ended, ...]:
        """The runs that ended since that time, the first of them first."""
        runs = tables.runs
        names = ("id", "task", "status", "created_at", "claimed_at", "finished_at", "salvaged", "failure")
        query = select(*(runs.c[name] for name in names)).where(runs.c.finished_at >= since)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(runs.c.finished_at, runs.c.id).limit(limit))
            return tuple(Ended(**row._asdict()) for row in rows)
