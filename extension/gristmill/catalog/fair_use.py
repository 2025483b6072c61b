"""Fair use: limits, what was used, and what somebody stands at when they ask for more.

What is used is kept as sums: a row for each subject, project and month, raised in the transaction in which a run ends.
So it costs the same to ask however many runs there were. What is asked for is counted over the runs that are not over.

Two who ask at once must not both slip under a limit: whoever asks takes turns with all who are counted together with
them, until the transaction ends that makes what they ask for. Claims take turns with each other for the same reason,
where there are limits on runs at once.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    union,
    union_all,
    update,
)

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.nearing import Nears
from gristmill.catalog.prepared import Prepared
from gristmill.catalog.rows import Rows, merging
from gristmill.errors import NotFound
from gristmill.records import (
    LOCAL,
    Account,
    Artifact,
    Limit,
    Limits,
    Run,
    RunKind,
    RunStatus,
    Subject,
    UploadStatus,
    Usage,
    Who,
    month_of,
    new_id,
    replace,
)

__all__ = ["AllLimits", "Decide", "FairUse", "Usages", "platform_pays"]

Decide = Callable[[Sequence[Account]], None]
"""Raises where what is asked for is more than these may use."""

_CLAIMS = "claims"
_SEEN = 60.0  # seconds that somebody's teams are believed to stand in the catalog: as long as a hub is
_MOST_SEEN = 10_000
_MOST = 1e15
_OPEN = [literal(status, tables.runs.c.status.type) for status in (RunStatus.QUEUED, RunStatus.RUNNING)]
_KEPT = [
    literal(status, tables.uploads.c.status.type)
    for status in (UploadStatus.OPEN, UploadStatus.RECEIVED, UploadStatus.ACCEPTED)
]


class AllLimits(Rows[Limits]):
    """All limits, a row a subject."""

    table = tables.limits
    noun = "limit"
    kind = Limits

    def list(self) -> tuple[Limits, ...]:
        """All that are set: everybody's, then people's and teams' by name."""
        columns = self.table.c
        first = case((columns.kind == Subject.EVERYBODY, 0), else_=1)
        with self._database.reading() as connection:
            rows = connection.execute(select(self.table).order_by(first, columns.kind, columns.name))
            return tuple(self._record(row) for row in rows)

    def put(self, limits: Limits) -> Limits:
        """Set a subject's limits, all of them, in place of those that it had."""
        with self._database.writing() as connection:
            self._database.take_turns(connection, _turn(limits.kind, limits.name), _CLAIMS)
            connection.execute(delete(self.table).where(self._is(limits.kind, limits.name)))
            return self._insert(connection, limits)

    def remove(self, kind: Subject, name: str) -> None:
        """Take a subject's own limits away; NotFound if it has none."""
        with self._database.writing() as connection:
            if connection.execute(delete(self.table).where(self._is(kind, name))).rowcount == 0:
                cure = "`gristmill limits list` shows what is set."
                raise NotFound(f"There are no limits for {name or kind}.", cure=cure)

    def _is(self, kind: Subject, name: str) -> ColumnElement[bool]:
        return and_(self.table.c.kind == kind, self.table.c.name == name)


class Usages(Rows[Usage]):
    """What was used: a sum for each subject, project and month."""

    table = tables.usage
    noun = "usage"
    kind = Usage

    def list(
        self, kind: Subject = Subject.PERSON, before: str | None = None, limit: int = 50, **narrowed: str
    ) -> tuple[Usage, ...]:
        """A page of people's or teams' sums, newest first; `name`, `project_id` or `month` narrow it."""
        query = select(self.table).where(self.table.c.kind == kind)
        for column, value in narrowed.items():
            query = query.where(self.table.c[column] == value)
        return self._page(query, before, limit)

    def meter(self, connection: Connection, run: Run) -> None:
        """Add what a run has used, which has ended, to its owner's and their teams' sums."""
        if run.claimed_at is None or run.finished_at is None:
            return
        seconds = max(0.0, run.finished_at - run.claimed_at)
        pays = connection.execute(select(platform_pays(literal(run.store_id, Text)))).scalar_one()
        sums = {
            "runs": 1,
            "seconds": seconds,
            "gpu_seconds": _sane(seconds * run.gpus),
            "money": _sane(run.price * seconds / 3600),
            "bytes": int(_sane(sum(artifact.size for artifact in run.artifacts))) if pays else 0,
        }
        self.add(connection, run.owner, run.project_id, run.finished_at, sums)

    def add(self, connection: Connection, person: str, project_id: str, at: float, sums: dict[str, float]) -> None:
        """Add to a person's and their teams' sums in a project."""
        teams = select(tables.teammates.c.team).where(tables.teammates.c.person == person)
        subjects = [(Subject.PERSON, person)]
        subjects += [(Subject.TEAM, team) for team in connection.execute(teams.order_by("team")).scalars()]
        for kind, name in subjects:
            place = {"kind": kind, "name": name, "project_id": project_id, "month": month_of(at)}
            line = {"id": new_id("usage"), "created_at": at} | place | sums
            connection.execute(self._raised(connection, list(place), list(sums)), line)

    def release(self, connection: Connection, run: Run, artifacts: Sequence[Artifact]) -> None:
        """Take the room that a run's artifacts took from its owner's and their teams' sums; all else stays counted."""
        pays = connection.execute(select(platform_pays(literal(run.store_id, Text)))).scalar_one()
        freed = int(_sane(sum(artifact.size for artifact in artifacts)))
        if not pays or not freed or run.claimed_at is None or run.finished_at is None:
            return
        usage, mates = self.table.c, tables.teammates.c
        teams = select(mates.team).where(mates.person == run.owner)
        theirs = or_(
            and_(usage.kind == Subject.PERSON, usage.name == run.owner),
            and_(usage.kind == Subject.TEAM, usage.name.in_(teams)),
        )
        metered = and_(usage.project_id == run.project_id, usage.month == month_of(run.finished_at), theirs)
        left = case((usage.bytes > freed, usage.bytes - freed), else_=0)
        connection.execute(update(self.table).where(metered).values(bytes=left))

    def _raised(self, connection: Connection, place: Sequence[str], sums: Sequence[str]) -> Any:
        """The statement that adds to a sum, or begins it."""
        new = merging(connection, self.table)
        added = {name: self.table.c[name] + new.excluded[name] for name in sums}
        return new.on_conflict_do_update(index_elements=place, set_=added)


class FairUse:
    """Who stands where, and the turns that they take."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.limits = AllLimits(database)
        self.usage = Usages(database)
        self._nears = Nears(database)
        self._seen: dict[str, tuple[tuple[str, ...], float]] = {}  # whose teams were found as they are, and until when
        self._limited = select(select(1).where(tables.limits.c.runs_at_once.is_not(None)).exists())

    def accounts(self, who: Who) -> tuple[Account, ...]:
        """How somebody stands, by themselves and in each of their teams."""
        with self._database.reading() as connection:
            return self._accounts(connection, who)

    def admit(self, connection: Connection, who: Who, decide: Decide, *, runs: int = 0, size: int = 0) -> None:
        """Let somebody make `runs` or put `size` bytes into the platform's store, in this transaction.

        Unless `decide` raises; whoever has nearly used up their limit with it is told.
        """
        teams = sorted(set(who.teams))
        turns = [_turn(Subject.PERSON, who.name), *(_turn(Subject.TEAM, team) for team in teams)]
        self._database.take_turns(connection, *turns)
        self._remember(connection, who.name, teams)
        accounts = self._accounts(connection, who)
        decide(accounts)
        taken = [replace(one, queued=one.queued + runs, bytes=one.bytes + size) for one in accounts]
        self._nears.watch(connection, taken)

    def meter(self, connection: Connection, run: Run) -> None:
        """Count what a run has used, if it has ended; whoever has nearly used up their limit with it is told."""
        self.usage.meter(connection, run)
        if run.finished_at is None or run.owner == LOCAL.name:
            return
        teams = connection.execute(_TEAMS, {"person": run.owner}).scalars()
        accounts = self._accounts(connection, Who(name=run.owner, teams=tuple(teams)))
        self._nears.watch(connection, accounts, run.finished_at)

    def charge(self, who: Who, project_id: str, seconds: float, price: float, gpus: int) -> None:
        """Count the seconds that a model was at somebody's question; who has nearly used up their limit is told."""
        sums = {
            "runs": 0,
            "seconds": seconds,
            "gpu_seconds": _sane(seconds * gpus),
            "money": _sane(price * seconds / 3600),
            "bytes": 0,
        }
        with self._database.writing() as connection:
            if who.name != LOCAL.name:
                self._remember(connection, who.name, sorted(set(who.teams)))
            at = self._database.tell_time(connection)
            self.usage.add(connection, who.name, project_id, at, sums)
            if who.name != LOCAL.name:
                self._nears.watch(connection, self._accounts(connection, who), at)

    def mates(self, team: str) -> tuple[str, ...]:
        """Who is in a team, of those who have asked for something since they are."""
        mates = tables.teammates.c
        query = select(mates.person).where(mates.team == team).order_by(mates.person)
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def at_once(self, connection: Connection) -> Select[tuple[str]] | None:
        """Who runs as much as they may at once, as a part of the claim that comes next; None where nobody is limited.

        Claims take turns from here on, so that the part sees what the claim before has taken.
        """
        if not connection.execute(self._limited).scalar_one():
            return None
        self._database.take_turns(connection, _CLAIMS)
        return _OVER

    def _remember(self, connection: Connection, person: str, teams: Sequence[str]) -> None:
        """Keep which teams a person is in: a claim and the end of a run know no more than who owns it."""
        seen, until = self._seen.get(person, ((), 0.0))
        if list(seen) == list(teams) and time.monotonic() < until:
            return
        known = sorted(team for (team,) in _KNOWN_TEAMS.rows(connection, {"person": person}))
        if known != list(teams):
            if known:
                _OUT_OF_TEAMS.carry_out(connection, {"left": person})
            if teams:
                _INTO_TEAMS.carry_out(connection, *({"person": person, "team": team} for team in teams))
        if self._database.is_together or known == list(teams):  # elsewhere nobody says whether it was kept
            self._database.afterwards(lambda: self._see(person, teams))

    def _see(self, person: str, teams: Sequence[str]) -> None:
        """Believe for a while that a person's teams stand in the catalog as they are."""
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[person] = (tuple(teams), time.monotonic() + _SEEN)

    def _accounts(self, connection: Connection, who: Who) -> tuple[Account, ...]:
        month = month_of(self._database.tell_time(connection))
        subjects = [(Subject.PERSON, who.name), *((Subject.TEAM, team) for team in sorted(set(who.teams)))]
        asked = {f"subject_{number}": name for number, (_, name) in enumerate(subjects)} | {"month": month}
        rows = sorted(_standing(len(subjects) - 1).rows(connection, asked))
        return tuple(_account(kind, name, month, row) for (kind, name), row in zip(subjects, rows, strict=True))


def _sane(amount: float) -> float:
    """The amount, as far as a sum of many such can be kept: no number may be in the way of a run that ends."""
    return min(max(0.0, amount), _MOST)


def _turn(kind: Subject, name: str) -> str:
    return f"{kind} {name}"


# Statements that each submit needs are made once: SQLAlchemy takes longer to make them than a database to answer.


@functools.lru_cache(maxsize=100)
def _standing(teams: int) -> Prepared:
    """How a person and so many teams stand in `month`, a row each: its number, what is counted, limits."""
    kinds = (Subject.PERSON, *(Subject.TEAM,) * teams)
    return Prepared(union_all(*(_stands(kind, number) for number, kind in enumerate(kinds))))


def _stands(kind: Subject, number: int) -> Select[Any]:
    """How one subject stands, its own limits, and everybody's; all of one moment."""
    name: ColumnElement[str] = bindparam(f"subject_{number}")
    asked, used, sent = (part.subquery() for part in (_open_runs(kind, name), _used(kind, name), _sent(kind, name)))
    own, each = tables.limits.alias(), tables.limits.alias()
    found = asked.join(used, true()).join(sent, true())
    found = found.outerjoin(own, and_(own.c.kind == kind, own.c.name == name))
    found = found.outerjoin(each, each.c.kind == Subject.EVERYBODY)
    held = [limits.c[one] for limits in (own, each) for one in ("kind", *Limit)]
    columns = [literal(number), *asked.c, *used.c, *sent.c, *held]
    return select(*(column.label(f"column_{at}") for at, column in enumerate(columns))).select_from(found)


def _account(kind: Subject, name: str, month: str, row: Sequence[Any]) -> Account:
    """A row of `_standing` as an account."""
    _, queued, running, asked_money, asked_gpu_seconds, money, gpu_seconds, kept, sent, *held = row
    width = len(Limit) + 1
    limits = Limits(kind=kind, name=name)
    for found, whose in ((held[:width], name), (held[width:], "")):
        if found[0] is not None and (whose or kind is Subject.PERSON):  # everybody's are no team's
            limits = Limits(kind=found[0], name=whose, **dict(zip(Limit, found[1:], strict=True)))
            break
    return Account(
        kind=kind, name=name, limits=limits, month=month, queued=queued, running=running, asked_money=asked_money,
        asked_gpu_seconds=asked_gpu_seconds, money=money, gpu_seconds=gpu_seconds, bytes=int(kept) + int(sent),
    )  # fmt: skip


def platform_pays(store_id: ColumnElement[str | None]) -> ColumnElement[bool]:
    """Whether it is the platform's operator who pays for what lies in a store, by its id, which may be none.

    That is the platform's own store, and whatever is reached by the platform's own rights: a bucket or a folder that an
    admin has given to a project. What takes a person's own credentials is that person's own.
    """
    stores = tables.stores.c
    return or_(store_id.is_(None), store_id.in_(select(stores.id).where(stores.credentials == "")))


def _counted(owner: ColumnElement[str], kind: Subject, name: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether something of that owner counts for a subject."""
    if kind is Subject.PERSON:
        return owner == name
    return owner.in_(select(tables.teammates.c.person).where(tables.teammates.c.team == name))


def _open_runs(kind: Subject, name: ColumnElement[str]) -> Select[Any]:
    """How many runs wait and run, and what trainings may still take; how long a batch takes is not known before."""
    runs = tables.runs.c
    train = runs.kind == RunKind.TRAIN
    return select(
        func.coalesce(func.sum(case((runs.status == RunStatus.QUEUED, 1), else_=0)), 0).label("queued"),
        func.coalesce(func.sum(case((runs.status == RunStatus.RUNNING, 1), else_=0)), 0).label("running"),
        func.coalesce(func.sum(case((train, runs.price * runs.budget / 3600), else_=0.0)), 0.0).label("asked_money"),
        func.coalesce(func.sum(case((train, runs.gpus * runs.budget), else_=0.0)), 0.0).label("asked_gpu_seconds"),
    ).where(_counted(runs.owner, kind, name), runs.status.in_(_OPEN))


def _used(kind: Subject, name: ColumnElement[str]) -> Select[Any]:
    usage = tables.usage.c
    now = usage.month == bindparam("month")
    return select(
        func.coalesce(func.sum(case((now, usage.money), else_=0.0)), 0.0).label("money"),
        func.coalesce(func.sum(case((now, usage.gpu_seconds), else_=0.0)), 0.0).label("gpu_seconds"),
        func.coalesce(func.sum(usage.bytes), 0).label("kept"),
    ).where(usage.kind == kind, usage.name == name)


def _sent(kind: Subject, name: ColumnElement[str]) -> Select[Any]:
    uploads = tables.uploads.c
    held = and_(_counted(uploads.owner, kind, name), uploads.status.in_(_KEPT), platform_pays(uploads.store_id))
    return select(func.coalesce(func.sum(uploads.size), 0).label("sent")).where(held)


def _over() -> Select[tuple[str]]:
    """Owners who have as many runs at once as they may, by themselves or with their team."""
    runs, limits, mates = tables.runs.c, tables.limits, tables.teammates.c
    going = and_(runs.status == RunStatus.RUNNING, runs.owner != LOCAL.name)
    busy = select(runs.owner, cast(func.count(), Integer).label("many")).where(going).group_by(runs.owner).cte("busy")
    own, each, team = limits.alias("own"), limits.alias("each"), limits.alias("team")
    most = case((own.c.name.is_not(None), own.c.runs_at_once), else_=each.c.runs_at_once)
    people = (
        select(busy.c.owner)
        .outerjoin(own, and_(own.c.kind == Subject.PERSON, own.c.name == busy.c.owner))
        .outerjoin(each, each.c.kind == Subject.EVERYBODY)
        .where(busy.c.many >= most)
    )
    full = (
        select(mates.team)
        .join(busy, busy.c.owner == mates.person)
        .join(team, and_(team.c.kind == Subject.TEAM, team.c.name == mates.team))
        .group_by(mates.team, team.c.runs_at_once)
        .having(func.sum(busy.c.many) >= team.c.runs_at_once)
    )
    both = union(people, select(mates.person).where(mates.team.in_(full), mates.person != LOCAL.name)).subquery()
    return select(both.c.owner)


_OVER = _over()
_TEAMS = select(tables.teammates.c.team).where(tables.teammates.c.person == bindparam("person"))
_KNOWN_TEAMS = Prepared(_TEAMS)
_OUT_OF_TEAMS = Prepared(delete(tables.teammates).where(tables.teammates.c.person == bindparam("left")))
_INTO_TEAMS = Prepared(insert(tables.teammates), ("person", "team"))
