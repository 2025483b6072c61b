"""Runs: the queue, the leases, and how a run ends.

A claim looks first for a run whose lease has lapsed, for its budget goes on counting, then for the oldest queued one.
One statement finds the row, locks it and changes it: PostgreSQL skips rows that others have locked, SQLite lets one
writer in at a time.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    select,
    tuple_,
    union_all,
    update,
)

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.fair_use import Decide, FairUse
from gristmill.catalog.models import Models
from gristmill.catalog.papers import Papers
from gristmill.catalog.prepared import Prepared
from gristmill.catalog.rows import Rows
from gristmill.catalog.telling import Tidings
from gristmill.errors import Conflict, LeaseLost, UsageError
from gristmill.records import (
    Artifact,
    CommonText,
    Failure,
    LeaderboardRow,
    Model,
    NewsKind,
    Run,
    RunKind,
    RunStatus,
    Tiding,
    Wanted,
    Who,
    new_id,
    to_plain,
)

__all__ = ["Outcome", "Runs"]

_NOTHING: Mapping[str, bytes | CommonText] = MappingProxyType({})
_MOST_KEPT = 20  # lengths of pages whose statements are kept: people ask for a few only
_MOST_PAGES = 100  # pages that are read one beside the other; SQLite takes 500
_OPEN = (RunStatus.QUEUED, RunStatus.RUNNING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a run ended, as its worker says it."""

    status: RunStatus  # succeeded, failed or cancelled
    salvaged: bool = False
    rows: int | None = None
    score: float | None = None
    leaderboard: tuple[LeaderboardRow, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    failure: Failure | None = None


class Runs(Rows[Run]):
    """All runs; see the table of statuses in `records`, and the guarantees in `catalog.catalog`."""

    table = tables.runs
    noun = "run"
    kind = Run

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._models = Models(database)
        self._tidings = Tidings(database)
        self._fair_use = FairUse(database)
        self._papers = Papers(database)
        self._these = functools.lru_cache(_MOST_KEPT)(self._of_ids)

    def add(
        self,
        run: Run,
        papers: Mapping[str, bytes | CommonText] = _NOTHING,
        *,
        who: Who | None = None,
        decide: Decide | None = None,
    ) -> Run:
        """Queue a run with what it was asked with, by key; `decide` is asked whether `who` may have it."""
        if run.status is not RunStatus.QUEUED or run.fence != 0:
            raise UsageError(f"The run {run.id} is not new.", cure="A run is added queued, under fence 0.")
        with self._database.writing(*self._fair_use.turns(who)) as connection:
            if who is not None and decide is not None:
                self._fair_use.admit(connection, who, decide, runs=1)
            self._write(connection, run)
            self._fair_use.asked.add(connection, run)
            self._papers.write(connection, run.id, papers)
        return run

    def list(
        self,
        project_ids: Sequence[str] | None = None,
        statuses: Sequence[RunStatus] = (),
        before: str | None = None,
        limit: int = 50,
        *,
        task: str | None = None,
        owner: str | None = None,
        kind: RunKind | None = None,
    ) -> tuple[Run, ...]:
        """A page of runs, of these projects or of all, of the given statuses or of any; of one task, owner, kind."""
        statuses = tuple(dict.fromkeys(statuses))
        plain = {"task": task, "owner": owner, "kind": kind}
        asked: dict[str, Any] = {name: value for name, value in plain.items() if value is not None}
        narrowed = tuple(asked)
        asked |= {f"status_{number}": status for number, status in enumerate(statuses)} | {"most": limit}
        several = max(1, _MOST_PAGES // max(1, len(statuses)))
        found: list[Any] = []
        with self._database.reading() as connection:
            place = self._place(connection, before)
            asked |= {} if place is None else {"at": place[0], "below": place[1]}
            for some in _portions(project_ids, several):
                pages = _pages(None if some is None else len(some), len(statuses), narrowed, later=place is not None)
                these = {f"project_{number}": id for number, id in enumerate(some or ())}
                found += connection.execute(pages, asked | these)
            newest = sorted(found, key=lambda row: (row.created_at, row.id), reverse=True)[:limit]
            if not newest:
                return ()
            rows = self._these(len(newest)).rows(connection, {f"id_{at}": one.id for at, one in enumerate(newest)})
            made = {run.id: run for run in map(self._made, rows)}
            return tuple(made[one.id] for one in newest if one.id in made)

    def _of_ids(self, many: int) -> Prepared:
        """The statement that finds so many runs by their ids."""
        return self._found(self.table.c.id.in_([bindparam(f"id_{at}") for at in range(many)]))

    def statuses(self, ids: Sequence[str]) -> dict[str, RunStatus]:
        """How these runs stand."""
        query = select(self.table.c.id, self.table.c.status).where(self.table.c.id.in_(ids))
        with self._database.reading() as connection:
            return {row.id: row.status for row in connection.execute(query)}

    def waiting(self) -> int:
        """How many runs are queued."""
        with self._database.reading() as connection:
            query = select(func.count()).select_from(self.table).where(self.table.c.status == RunStatus.QUEUED)
            return connection.execute(query).scalar_one()

    def claim(self, worker: str, lease: float, *, only: str | None = None) -> Run | None:
        """Take a run that has lapsed or waits, or just the run `only`, for `lease` seconds; None if there is none."""
        runs, now = self.table, self._database.now()
        taken: dict[str, Any] = {
            "status": RunStatus.RUNNING,
            "fence": runs.c.fence + 1,
            "worker": worker,
            "lease_until": now + lease,
            "claimed_at": func.coalesce(runs.c.claimed_at, now),
        }
        with self._database.writing() as connection:
            turn = self._next(only, self._fair_use.at_once(connection))
            claimed = update(runs).where(runs.c.id == turn, runs.c.status.in_(_OPEN)).values(taken)
            row = connection.execute(claimed.returning(runs)).one_or_none()
            return None if row is None else self._record(row)

    def renew(self, id: str, fence: int, lease: float) -> Run:
        """Hold the run for `lease` seconds from now; `wanted` in what comes back says what its owner asks."""
        return self._change(id, fence, lease_until=self._database.now() + lease)

    def progress(
        self,
        id: str,
        fence: int,
        leaderboard: Sequence[LeaderboardRow] | None = None,
        seconds: dict[str, float] | None = None,
        rows: int | None = None,
    ) -> Run:
        """Show how far the run is; what is None stays as it is."""
        shown = {"leaderboard": None if leaderboard is None else tuple(leaderboard), "seconds": seconds, "rows": rows}
        return self._change(id, fence, **{name: value for name, value in shown.items() if value is not None})

    def release(self, id: str, fence: int) -> Run:
        """Give the run back to the queue unfinished; it is cancelled instead if that is what its owner wants."""
        cancelled = self.table.c.wanted == Wanted.CANCEL
        with self._database.writing() as connection:
            run = self._change_in(
                connection,
                id,
                fence,
                status=case((cancelled, RunStatus.CANCELLED.value), else_=RunStatus.QUEUED.value),
                finished_at=case((cancelled, self._database.now())),
                worker=None,
                lease_until=None,
            )
            self._fair_use.meter(connection, run)
            return run

    def want(self, id: str, wanted: Wanted) -> Run:
        """Ask something of a run that is not over; a queued one that is to be cancelled is cancelled at once."""
        runs = self.table
        values: dict[str, Any] = {"wanted": wanted}
        if wanted is Wanted.CANCEL:
            queued = runs.c.status == RunStatus.QUEUED
            values["status"] = case((queued, RunStatus.CANCELLED.value), else_=runs.c.status)
            values["finished_at"] = case((queued, self._database.now()))
        with self._database.writing() as connection:
            not_over = and_(runs.c.id == id, runs.c.status.in_(_OPEN))
            row = connection.execute(update(runs).where(not_over).values(values).returning(runs)).one_or_none()
            if row is None:
                raise Conflict(f"The run {id} has {self._get(connection, id).status} already.")
            run = self._record(row)
            self._fair_use.meter(connection, run)
            return run

    def finish(self, id: str, fence: int, outcome: Outcome, model: Model | None = None) -> Run:
        """End the run: its row and, if it trained and succeeded, its model under the next version of its name."""
        if not outcome.status.is_final:
            raise UsageError(f"A run cannot finish as {outcome.status}.")
        values: dict[str, Any] = {} if model is None else {"model_id": model.id}
        with self._database.writing() as connection:
            run = self._change_in(
                connection,
                id,
                fence,
                status=outcome.status,
                finished_at=self._database.now(),
                lease_until=None,
                salvaged=outcome.salvaged,
                score=outcome.score,
                leaderboard=outcome.leaderboard,
                seconds=outcome.seconds,
                artifacts=outcome.artifacts,
                failure=outcome.failure,
                **values | ({} if outcome.rows is None else {"rows": outcome.rows}),
            )
            _has_its_model(run, model)
            if model is not None:
                self._models.register(connection, model)
            self._fair_use.meter(connection, run)
            if run.status is not RunStatus.CANCELLED:
                self._tidings._insert(connection, _tiding_of(run, model))
            return run

    def lock_held(self, connection: Connection, id: str, fence: int) -> None:
        """Keep the run from being claimed or finished until the transaction ends; LeaseLost unless it is held."""
        query = select(self.table.c.id).where(self._held(id, fence)).with_for_update(key_share=True)
        if connection.execute(query).one_or_none() is None:
            raise self._lost(connection, id)

    def _held(self, id: str, fence: int) -> ColumnElement[bool]:
        runs = self.table
        return and_(runs.c.id == id, runs.c.fence == fence, runs.c.status == RunStatus.RUNNING)

    def _lost(self, connection: Connection, id: str) -> LeaseLost:
        run = self._get(connection, id)
        now = f"is {run.status}" if run.status is not RunStatus.RUNNING else f"is held by {run.worker}"
        return LeaseLost(f"The run {id} is not this worker's any more.", cause=f"It {now} (fence {run.fence}).")

    def _change(self, id: str, fence: int, **values: Any) -> Run:
        with self._database.writing() as connection:
            return self._change_in(connection, id, fence, **values)

    def _change_in(self, connection: Connection, id: str, fence: int, **values: Any) -> Run:
        """Compare and set: change the run if it is held under that fence. (The fence is set to what it is, so that
        there is always something to set.)"""
        change = update(self.table).where(self._held(id, fence)).values(fence=fence, **values)
        row = connection.execute(change.returning(self.table)).one_or_none()
        if row is None:
            raise self._lost(connection, id)
        return self._record(row)

    def _next(self, only: str | None, over: Select[tuple[str]] | None) -> ColumnElement[str]:
        """Whose turn it is, found and locked as part of the statement that claims it; not theirs who are `over`."""
        runs = self.table
        query = select(runs.c.id).order_by(runs.c.created_at, runs.c.id).limit(1)
        if only is not None:
            query = query.where(runs.c.id == only)
        query = query.with_for_update(key_share=True, skip_locked=True)
        lapsed = and_(runs.c.status == RunStatus.RUNNING, runs.c.lease_until <= self._database.now())
        waits = runs.c.status == RunStatus.QUEUED
        waits = waits if over is None else and_(waits, runs.c.owner.not_in(over))
        turns = [query.where(turn).scalar_subquery() for turn in (lapsed, waits)]
        # A scalar subquery is asked once. `IN (…)` might be asked once for each row, and lock a run each time.
        return func.coalesce(*turns)


def _portions(ids: Sequence[str] | None, most: int) -> Iterator[Sequence[str] | None]:
    """So many of the ids at a time; None once, for no ids at all."""
    if ids is None:
        yield None
        return
    for start in range(0, len(ids), most):
        yield ids[start : start + most]


@functools.lru_cache(maxsize=1000)
def _pages(projects: int | None, statuses: int, narrowed: tuple[str, ...], *, later: bool) -> CompoundSelect[Any]:
    """The ids on a page of runs: the newest of each of so many projects and statuses, of which the newest are wanted.

    One project and one status at a time can be read off their index newest first; several at once would be sorted as a
    whole. It is made once for each shape, for making it takes longer than to carry it out.
    """
    runs = tables.runs.c
    query = select(runs.id, runs.created_at).where(*(runs[name] == bindparam(name) for name in narrowed))
    if later:
        place = tuple_(bindparam("at", type_=runs.created_at.type), bindparam("below", type_=runs.id.type))
        query = query.where(tuple_(runs.created_at, runs.id) < place)
    query = query.order_by(runs.created_at.desc(), runs.id.desc()).limit(bindparam("most", type_=Integer))
    each = [query.where(runs.status == bindparam(f"status_{number}")) for number in range(statuses)] or [query]
    if projects is not None:
        ids: list[BindParameter[str]] = [bindparam(f"project_{number}") for number in range(projects)]
        each = [query.where(runs.project_id == id) for query in each for id in ids]
    return union_all(*[select(query.subquery()) for query in each])


def _has_its_model(run: Run, model: Model | None) -> None:
    """UsageError, which undoes the finish, unless there is a model exactly where there must be one."""
    if (run.kind is RunKind.TRAIN and run.status is RunStatus.SUCCEEDED) != (model is not None):
        raise UsageError(
            f"A run cannot finish as {run.status} {'without' if model is None else 'with'} a model.",
            cure="A training that succeeded leaves a model; whatever failed or was cancelled, or only asks one, none.",
        )
    if model is not None and (model.run_id, model.project_id) != (run.id, run.project_id):
        raise UsageError(f"The model {model.id} is not the run {run.id}'s.")


def _tiding_of(run: Run, model: Model | None) -> Tiding:
    """What the run's owner is to be told, in the words of this moment: what is told later needs no second look."""
    kind = NewsKind.RUN_SALVAGED if run.salvaged else NewsKind.RUN_FINISHED
    facts = {
        "run": run.name,
        "run_kind": run.kind.value,
        "task": run.task,
        "target": run.target,
        "metric": run.metric,
        "score": run.score,
        "seconds": run.seconds.get("total"),
        "rows": run.rows,
        "failure": None if run.failure is None else to_plain(run.failure),
        "report": run.artifact("report") is not None,
        "model_id": run.model_id,
        "verdict": "" if model is None else str(model.metrics.get("verdict", "")),
        "metrics": {} if model is None else {k: v for k, v in model.metrics.items() if isinstance(v, int | float)},
    }
    return Tiding(
        id=new_id("tiding"),
        created_at=run.finished_at or 0.0,
        kind=NewsKind.RUN_FAILED if run.status is RunStatus.FAILED else kind,
        who=run.owner,
        thing=run.id,
        project_id=run.project_id,
        facts={name: value for name, value in facts.items() if value not in (None, "", {})},
    )
