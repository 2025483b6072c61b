"""What runs were asked with, kept in the transaction that queues them: so a run is never there without its notebook.

The worker that claims a run puts its papers into the store, where they stay, and drops them here: the catalog holds
those of runs that nobody has claimed. Those of a run that ended unclaimed, for it was cancelled, are put there by the
reconciler: whoever asks for the run again needs them.

Most runs are asked with one of a few texts, the built-in recipes. Such a text is kept once, under its digest, which is
all that a run's paper then holds. There are few of them, each version adds one, and they stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.prepared import Prepared
from gristmill.catalog.rows import merging
from gristmill.records import CommonText, RunStatus

__all__ = ["Papers"]

_ENDED = tuple(status for status in RunStatus if status.is_final)


class Papers:
    """The papers of all runs that nobody has claimed, by their keys in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        papers, texts = tables.papers.c, tables.texts.c
        mine = papers.run_id == bindparam("run")
        text = func.coalesce(texts.text, papers.text).label("text")
        whole = tables.papers.outerjoin(tables.texts, texts.digest == papers.digest)
        self._all = select(papers.key, text).select_from(whole).where(mine)
        self._one = select(text).select_from(whole).where(mine, papers.key == bindparam("wanted"))
        self._new, self._old = Prepared(insert(tables.papers)), delete(tables.papers).where(mine)
        self._common: Prepared | None = None
        self._there: set[str] = set()  # digests of common texts that were found there: they stay

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

    def write(self, connection: Connection, run_id: str, papers: Mapping[str, bytes | CommonText]) -> None:
        """Keep a run's papers in the transaction that queues it."""
        rows: list[dict[str, str | None]] = []
        for key, paper in papers.items():
            if isinstance(paper, CommonText):
                self._keep(connection, paper)
                rows.append({"run_id": run_id, "key": key, "text": "", "digest": paper.digest})
            else:
                rows.append({"run_id": run_id, "key": key, "text": paper.decode(), "digest": None})
        if rows:
            self._new.carry_out(connection, *rows)

    def _keep(self, connection: Connection, common: CommonText) -> None:
        """Keep a text that many runs have, unless it is there."""
        if common.digest in self._there:
            return
        if self._common is None:
            self._common = Prepared(merging(connection, tables.texts).on_conflict_do_nothing())
        self._common.carry_out(connection, {"digest": common.digest, "text": common.text})
        if self._database.is_together:  # elsewhere nobody says whether it was kept
            self._database.afterwards(lambda: self._there.add(common.digest))
