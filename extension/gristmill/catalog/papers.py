"""What runs were asked with, kept in the transaction that queues them: so a run is never there without its notebook.

The worker that claims a run puts its papers into the store, where they stay, and drops them here: the catalog holds
those of runs that nobody has claimed. Those of a run that ended unclaimed, for it was cancelled, are put there by the
reconciler: whoever asks for the run again needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, bindparam, delete, insert, select

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.prepared import Prepared
from gristmill.records import RunStatus

__all__ = ["Papers"]

_ENDED = tuple(status for status in RunStatus if status.is_final)


class Papers:
    """The papers of all runs that nobody has claimed, by their keys in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        papers = tables.papers.c
        mine = papers.run_id == bindparam("run")
        self._all = select(papers.key, papers.text).where(mine)
        self._one = select(papers.text).where(mine, papers.key == bindparam("wanted"))
        self._new, self._old = Prepared(insert(tables.papers)), delete(tables.papers).where(mine)

    def of(self, run_id: str) -> dict[str, bytes]:
        """Those of a run, by key."""
        with self._database.reading() as connection:
            return {row.key: row.text.encode() for row in connection.execute(self._all, {"run": run_id})}

    def read(self, run_id: str, key: str, otherwise: Callable[[str], bytes]) -> bytes:
        """One of a run's papers; what is not here any more is in the store, and `otherwise` reads it there."""
        with self._database.reading() as connection:
            text = connection.execute(self._one, {"run": run_id, "wanted": key}).scalar_one_or_none()
        return otherwise(key) if text is None else text.encode()

    def left_over(self, limit: int = 100) -> tuple[str, ...]:
        """The ids of runs that have ended, and whose papers are here all the same."""
        runs, papers = tables.runs.c, tables.papers.c
        ended = select(papers.run_id).join(tables.runs, runs.id == papers.run_id).where(runs.status.in_(_ENDED))
        with self._database.reading() as connection:
            return tuple(connection.execute(ended.distinct().limit(limit)).scalars())

    def drop(self, run_id: str) -> None:
        """Forget a run's papers, which are in the store now."""
        with self._database.writing() as connection:
            connection.execute(self._old, {"run": run_id})

    def write(self, connection: Connection, run_id: str, papers: Mapping[str, bytes]) -> None:
        """Keep a run's papers in the transaction that queues it."""
        if papers:
            rows = [{"run_id": run_id, "key": key, "text": text.decode()} for key, text in papers.items()]
            self._new.carry_out(connection, *rows)
