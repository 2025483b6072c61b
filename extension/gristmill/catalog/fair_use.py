"""Fair use: limits, what was used, and what somebody stands at when they ask for more.

What is used is kept as sums: a row for each subject, project and month, raised in the transaction in which a run ends.
What is asked for is a sum as well, a row for each owner, raised when a run is queued and lowered when it ends. So it
costs the same to ask however many runs there were, and however many wait.

Two who ask at once must not both slip under a limit: whoever asks takes turns with all who are counted together with
them, until the transaction ends that makes what they ask for. Claims take turns with each other for the same reason,
where there are limits on runs at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    delete,
    insert,
    literal,
    or_,
    select,
    update,
)

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.nearing import Nears
from gristmill.catalog.prepared import Prepared
from gristmill.catalog.rows import Rows, merging
from gristmill.catalog.standing import OVER, account_of, platform_pays, standing
from gristmill.errors import NotFound
from gristmill.records import (
    LOCAL,
    Account,
    Artifact,
    Asked,
    Limits,
    Run,
    RunKind,
    Subject,
    Usage,
    Who,
    month_of,
    new_id,
)

__all__ = ["AllAsked", "AllLimits", "Decide", "FairUse", "Usages"]

Decide = Callable[[Sequence[Account]], None]
"""Raises where what is asked for is more than these may use."""

_CLAIMS = "claims"
_SEEN = 60.0  # seconds that somebody's teams are believed to stand in the catalog: as long as a hub is
_MOST_SEEN = 10_000
_MOST = 1e15


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
        with self._database.writing(_turn(limits.kind, limits.name), _CLAIMS) as connection:
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


class AllAsked(Rows[Asked]):
    """What is asked for: a sum for each owner of runs that are not over."""

    table = tables.asked
    noun = "sum"
    kind = Asked

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._raised: Prepared | None = None

    def add(self, connection: Connection, run: Run) -> None:
        """Add what a run may take that was just queued."""
        if self._raised is None:
            new = merging(connection, self.table)
            sums = {name: self.table.c[name] + new.excluded[name] for name in ("runs", "money", "gpu_seconds")}
            raised = new.on_conflict_do_update(index_elements=["owner"], set_=sums)
            self._raised = Prepared(raised, self._names)
        self._raised.carry_out(connection, _asked_by(run))

    def take_off(self, connection: Connection, run: Run) -> None:
        """Take off what a run might have taken that has just ended."""
        _ENDED.carry_out(connection, {f"its_{name}": value for name, value in _asked_by(run).items()})


class FairUse:
    """Who stands where, and the turns that they take."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.limits = AllLimits(database)
        self.usage = Usages(database)
        self.asked = AllAsked(database)
        self._nears = Nears(database)
        self._seen: dict[str, tuple[tuple[str, ...], float]] = {}  # whose teams were found as they are, and until when
        self._limited = select(select(1).where(tables.limits.c.runs_at_once.is_not(None)).exists())

    def accounts(self, who: Who) -> tuple[Account, ...]:
        """How somebody stands, by themselves and in each of their teams."""
        with self._database.reading() as connection:
            return self._accounts(connection, who)

    @staticmethod
    def turns(who: Who | None) -> tuple[str, ...]:
        """Those that are taken by a transaction in which somebody is admitted, if anybody is."""
        return () if who is None else tuple(_turn(kind, name) for kind, name in _subjects(who))

    def admit(self, connection: Connection, who: Who, decide: Decide, *, runs: int = 0, size: int = 0) -> None:
        """Let somebody make `runs` or put `size` bytes into the platform's store, in this transaction.

        Unless `decide` raises; whoever has nearly used up their limit with it is told. It has taken their `turns`.
        """
        self._remember(connection, who.name, sorted(set(who.teams)))
        accounts = self._accounts(connection, who)
        decide(accounts)
        self._nears.watch(connection, accounts, runs=runs, size=size)

    def meter(self, connection: Connection, run: Run) -> None:
        """Count what a run has used, if it has ended; whoever has nearly used up their limit with it is told."""
        self.usage.meter(connection, run)
        if run.finished_at is None:
            return
        self.asked.take_off(connection, run)
        if run.owner == LOCAL.name:
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
        return OVER

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
        subjects = _subjects(who)
        asked = {f"subject_{number}": name for number, (_, name) in enumerate(subjects)} | {"month": month}
        rows = sorted(standing(len(subjects) - 1).rows(connection, asked))
        return tuple(account_of(kind, name, month, row) for (kind, name), row in zip(subjects, rows, strict=True))


def _sane(amount: float) -> float:
    """The amount, as far as a sum of many such can be kept: no number may be in the way of a run that ends."""
    return min(max(0.0, amount), _MOST)


def _asked_by(run: Run) -> dict[str, Any]:
    """What a run may take, for the sums of its owner; how long a batch takes is not known before."""
    seconds = run.budget if run.kind is RunKind.TRAIN else 0.0
    return {
        "owner": run.owner,
        "runs": 1,
        "money": _sane(run.price * seconds / 3600),
        "gpu_seconds": _sane(run.gpus * seconds),
    }


def _less(name: str) -> ColumnElement[Any]:
    """A sum without what one run might have taken; nothing after the last, however the others were rounded."""
    asked = tables.asked.c
    return case((asked.runs > bindparam("its_runs"), asked[name] - bindparam(f"its_{name}")), else_=0)


def _subjects(who: Who) -> list[tuple[Subject, str]]:
    """Whose limits hold for somebody: their own, and each team's."""
    return [(Subject.PERSON, who.name), *((Subject.TEAM, team) for team in sorted(set(who.teams)))]


def _turn(kind: Subject, name: str) -> str:
    return f"{kind} {name}"


_TEAMS = select(tables.teammates.c.team).where(tables.teammates.c.person == bindparam("person"))
_KNOWN_TEAMS = Prepared(_TEAMS)
_OUT_OF_TEAMS = Prepared(delete(tables.teammates).where(tables.teammates.c.person == bindparam("left")))
_INTO_TEAMS = Prepared(insert(tables.teammates), ("person", "team"))
_ENDED = Prepared(
    update(tables.asked)
    .where(tables.asked.c.owner == bindparam("its_owner"))
    .values({name: _less(name) for name in ("runs", "money", "gpu_seconds")})
)
