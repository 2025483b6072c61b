"""How somebody stands, as statements: what is asked for, used and kept, beside the limits; and who runs too much.

Statements that each submit needs are made once: SQLAlchemy takes longer to make them than a database to answer.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union,
    union_all,
)

from gristmill.catalog import tables
from gristmill.catalog.prepared import Prepared
from gristmill.records import LOCAL, Account, Limit, Limits, RunStatus, Subject, UploadStatus

__all__ = ["OVER", "account_of", "platform_pays", "standing"]

_LIMITS = tuple(limit.value for limit in Limit)
_HELD = ("kind", *_LIMITS)
_KEPT = [
    literal(status, tables.uploads.c.status.type)
    for status in (UploadStatus.OPEN, UploadStatus.RECEIVED, UploadStatus.ACCEPTED)
]
# As it stands in the index, or SQLite does not see that it may use it.
_RUNS_NOW = tables.runs.c.status == literal_column(f"'{RunStatus.RUNNING.value}'")


@functools.lru_cache(maxsize=100)
def standing(teams: int) -> Prepared:
    """How a person and so many teams stand in `month`, a row each: its number, what is counted, limits."""
    kinds = (Subject.PERSON, *(Subject.TEAM,) * teams)
    return Prepared(union_all(*(_stands(kind, number) for number, kind in enumerate(kinds))))


def _stands(kind: Subject, number: int) -> Select[Any]:
    """How one subject stands, and the limits that hold for it; all of one moment."""
    name: ColumnElement[str] = bindparam(f"subject_{number}")
    asked, used = _asked(kind, name).subquery(), _used(kind, name).subquery()
    # Alone in its query, a number needs no table of its own to be put into.
    running, sent = _running(kind, name).scalar_subquery(), _sent(kind, name).scalar_subquery()
    own, each = tables.limits.alias(), tables.limits.alias()
    found: FromClause = asked.join(used, true()).outerjoin(own, and_(own.c.kind == kind, own.c.name == name))
    held: list[ColumnElement[Any]] = [own.c[one] for one in _HELD]
    if kind is Subject.PERSON:  # everybody's are no team's
        found = found.outerjoin(each, each.c.kind == Subject.EVERYBODY)
        held = [case((own.c.kind.is_not(None), own.c[one]), else_=each.c[one]) for one in _HELD]
    columns = [literal(number), *asked.c, running, *used.c, sent, *held]
    return select(*(column.label(f"column_{at}") for at, column in enumerate(columns))).select_from(found)


def platform_pays(store_id: ColumnElement[str | None]) -> ColumnElement[bool]:
    """Whether it is the platform's operator who pays for what lies in a store, by its id, which may be none.

    That is the platform's own store, and whatever is reached by the platform's own rights: a bucket or a folder that an
    admin has given to a project. What takes a person's own credentials is that person's own.
    """
    stores = tables.stores.c
    return or_(store_id.is_(None), store_id.in_(select(stores.id).where(stores.credentials == "")))


def _counted(query: Select[Any], things: Table, kind: Subject, name: ColumnElement[str]) -> Select[Any]:
    """A query of those things that count for a subject: a person's own, and all that a team's people own."""
    owner, mates = things.c.owner, tables.teammates
    if kind is Subject.PERSON:
        return query.select_from(things).where(owner == name)
    return query.select_from(mates.join(things, owner == mates.c.person)).where(mates.c.team == name)


def _asked(kind: Subject, name: ColumnElement[str]) -> Select[Any]:
    """How many runs are not over, and what trainings among them may still take."""
    asked = tables.asked.c
    sums = select(
        func.coalesce(func.sum(asked.runs), 0).label("open"),
        func.coalesce(func.sum(asked.money), 0.0).label("asked_money"),
        func.coalesce(func.sum(asked.gpu_seconds), 0.0).label("asked_gpu_seconds"),
    )
    return _counted(sums, tables.asked, kind, name)


def _running(kind: Subject, name: ColumnElement[str]) -> Select[Any]:
    return _counted(select(func.count()), tables.runs, kind, name).where(_RUNS_NOW)


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
    held = and_(uploads.status.in_(_KEPT), platform_pays(uploads.store_id))
    return _counted(select(func.coalesce(func.sum(uploads.size), 0)), tables.uploads, kind, name).where(held)


def _over() -> Select[tuple[str]]:
    """Owners who have as many runs at once as they may, by themselves or with their team."""
    runs, limits, mates = tables.runs.c, tables.limits, tables.teammates.c
    going = and_(_RUNS_NOW, runs.owner != LOCAL.name)
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


def account_of(kind: Subject, name: str, month: str, row: Sequence[Any]) -> Account:
    """A row of `standing` as an account."""
    _, asked, asked_money, asked_gpu_seconds, running, money, gpu_seconds, kept, sent, whose, *most = row
    own = whose is None or whose is kind
    return Account(
        kind=kind,
        name=name,
        limits=Limits(kind=kind if own else whose, name=name if own else "", **dict(zip(_LIMITS, most, strict=True))),
        month=month,
        queued=int(asked) - running,
        running=running,
        asked_money=asked_money,
        asked_gpu_seconds=asked_gpu_seconds,
        money=money,
        gpu_seconds=gpu_seconds,
        bytes=int(kept) + int(sent),
    )


OVER = _over()
