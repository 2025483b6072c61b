"""Schedules and their ticks.

A tick is claimed by moving its schedule on to the next one, compared and set, and by a row of its own, in the same
transaction. So however many processes look at the clock, one of them has the tick. The id of the run that it will make
is settled then: whoever carries the tick out, once or again after a crash, makes that very run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, delete, exists, insert, or_, select, update

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.rows import Rows
from gristmill.errors import NotFound
from gristmill.records import RunStatus, Schedule, Tick, TickOutcome, Who

__all__ = ["Schedules", "Ticks"]

_AT_ONCE = 100


class Schedules(Rows[Schedule]):
    """All schedules."""

    table = tables.schedules
    noun = "schedule"
    kind = Schedule

    def add(self, schedule: Schedule) -> Schedule:
        """Keep a new schedule."""
        with self._database.writing() as connection:
            return self._insert(connection, schedule)

    def list(
        self, project_ids: Sequence[str] | None = None, before: str | None = None, limit: int = 50
    ) -> tuple[Schedule, ...]:
        """A page of schedules, of these projects or of all."""
        query = select(self.table)
        if project_ids is not None:
            query = query.where(self.table.c.project_id.in_(project_ids))
        return self._page(query, before, limit)

    def due(self) -> tuple[Schedule, ...]:
        """Those whose next tick has come, the one that has waited longest first."""
        schedules = self.table
        query = select(schedules).where(schedules.c.paused.is_(False), schedules.c.next_at <= self._database.now())
        with self._database.reading() as connection:
            return tuple(self._record(row) for row in connection.execute(query.order_by("next_at").limit(_AT_ONCE)))

    def claim(self, schedule: Schedule, tick: Tick, next_at: float) -> bool:
        """Take a tick and move the schedule on; False if it stands elsewhere by now, because another was first."""
        schedules = self.table
        unmoved = and_(
            schedules.c.id == schedule.id, schedules.c.next_at == schedule.next_at, schedules.c.paused.is_(False)
        )
        with self._database.writing() as connection:
            moved = update(schedules).where(unmoved).values(next_at=next_at, last_at=tick.at)
            if connection.execute(moved.returning(schedules.c.id)).one_or_none() is None:
                return False
            connection.execute(insert(tables.ticks).values(_values(tick)))
            return True

    def pause(self, id: str, who: Who, next_at: float | None) -> Schedule:
        """Let a schedule rest, or with `next_at` go on from there, with the powers of whoever says so."""
        schedules = self.table
        values: dict[str, Any] = {"paused": True}
        if next_at is not None:
            values = {"paused": False, "next_at": next_at, "owner": who.name, "teams": who.teams}
            values["powers"] = tuple(sorted(who.powers))
        with self._database.writing() as connection:
            self._get(connection, id)
            change = update(schedules).where(schedules.c.id == id).values(values).returning(schedules)
            return self._record(connection.execute(change).one())

    def remove(self, id: str) -> None:
        """Forget a schedule and its ticks; what they have made stays."""
        with self._database.writing() as connection:
            connection.execute(delete(tables.ticks).where(tables.ticks.c.schedule_id == id))
            connection.execute(delete(self.table).where(self.table.c.id == id))

    def has_predicted(self, id: str, upload_id: str) -> bool:
        """Whether a tick's batch of that upload goes on, has succeeded, or has found that it cannot be predicted."""
        runs, ticks = tables.runs, tables.ticks
        stands = or_(
            runs.c.status.in_((RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.SUCCEEDED)),
            and_(runs.c.status == RunStatus.FAILED, runs.c.failure.is_not(None)),
        )
        query = select(runs.c.status, runs.c.failure).where(
            runs.c.upload_id == upload_id,
            stands,
            exists().where(ticks.c.schedule_id == id, ticks.c.run_id == runs.c.id),
        )
        with self._database.reading() as connection:
            found = connection.execute(query).all()
        return any(row.status is not RunStatus.FAILED or row.failure.code == "not-predictable" for row in found)


class Ticks:
    """All ticks, by their schedule and time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tick: Tick) -> Tick:
        """A tick out of turn."""
        with self._database.writing() as connection:
            connection.execute(insert(tables.ticks).values(_values(tick)))
        return tick

    def get(self, schedule_id: str, at: float) -> Tick:
        """The one at that moment."""
        ticks = tables.ticks
        with self._database.reading() as connection:
            query = select(ticks).where(ticks.c.schedule_id == schedule_id, ticks.c.at == at)
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"The schedule {schedule_id} has no such tick.")
        return Tick(**row._asdict())

    def of(self, schedule_id: str, limit: int = 20) -> tuple[Tick, ...]:
        """A schedule's ticks, the latest first."""
        ticks = tables.ticks
        query = select(ticks).where(ticks.c.schedule_id == schedule_id).order_by(ticks.c.at.desc()).limit(limit)
        with self._database.reading() as connection:
            return tuple(Tick(**row._asdict()) for row in connection.execute(query))

    def open(self) -> tuple[Tick, ...]:
        """Those that can be carried on: settled neither, nor waiting for a run to end; the earliest first."""
        ticks, run, comparison = tables.ticks, tables.runs.alias("run"), tables.runs.alias("comparison")
        joined = ticks.outerjoin(run, run.c.id == ticks.c.run_id)
        joined = joined.outerjoin(comparison, comparison.c.id == ticks.c.comparison_id)
        is_next = or_(run.c.id.is_(None), and_(_over(run), or_(comparison.c.id.is_(None), _over(comparison))))
        query = select(ticks).select_from(joined).where(ticks.c.outcome.is_(None), is_next)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(ticks.c.claimed_at).limit(_AT_ONCE))
            return tuple(Tick(**row._asdict()) for row in found)

    def settle(self, tick: Tick, outcome: TickOutcome, said: str) -> bool:
        """Say what a tick has come to, once; False if that has been said."""
        ticks = tables.ticks
        same = and_(ticks.c.schedule_id == tick.schedule_id, ticks.c.at == tick.at, ticks.c.outcome.is_(None))
        with self._database.writing() as connection:
            change = update(ticks).where(same).values(outcome=outcome, said=said).returning(ticks.c.at)
            return connection.execute(change).one_or_none() is not None


def _values(tick: Tick) -> dict[str, Any]:
    return {field.name: getattr(tick, field.name) for field in dataclasses.fields(tick)}


def _over(run: FromClause) -> ColumnElement[bool]:
    return run.c.status.not_in((RunStatus.QUEUED, RunStatus.RUNNING))
