"""Events: what happened in a run, in order, for whoever watches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, select

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.runs import Runs
from gristmill.records import Event, EventKind

__all__ = ["Events"]


class Events:
    """All runs' events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs = Runs(database)

    def add(self, run_id: str, fence: int, news: Sequence[tuple[EventKind, dict[str, Any]]]) -> tuple[Event, ...]:
        """Append to the run's events, in the order given; LeaseLost unless the run is held under that fence."""
        events = tables.events
        with self._database.writing() as connection:
            self._runs.lock_held(connection, run_id, fence)
            # Asked only after the run is locked: a statement sees what was there when it began, not when its lock came.
            query = select(func.max(events.c.seq), self._database.now()).where(events.c.run_id == run_id)
            latest, now = connection.execute(query).one()
            added = tuple(
                Event(run_id=run_id, seq=seq, at=now, kind=kind, body=body)
                for seq, (kind, body) in enumerate(news, start=1 + (latest or 0))
            )
            if added:
                connection.execute(insert(events), [_values(event) for event in added])
            return added

    def after(self, run_id: str, seq: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """The run's events that follow `seq`, oldest first."""
        events = tables.events
        query = select(events).where(events.c.run_id == run_id, events.c.seq > seq).order_by(events.c.seq).limit(limit)
        with self._database.reading() as connection:
            return tuple(Event(**row._asdict()) for row in connection.execute(query))

    def heads(self, run_ids: Sequence[str]) -> dict[str, int]:
        """The number of the latest event of each of these runs that has one."""
        events = tables.events
        query = select(events.c.run_id, func.max(events.c.seq)).where(events.c.run_id.in_(run_ids))
        with self._database.reading() as connection:
            return {run_id: seq for run_id, seq in connection.execute(query.group_by(events.c.run_id))}


def _values(event: Event) -> dict[str, Any]:
    return {"run_id": event.run_id, "seq": event.seq, "at": event.at, "kind": event.kind, "body": event.body}
