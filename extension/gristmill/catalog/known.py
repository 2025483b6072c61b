"""People as far as the catalog knows them: who is a member, a teammate, has used something or has limits of their own.

Somebody who has only ever looked around has left no trace here; who may come in at all, the hub knows.
"""

from __future__ import annotations

from sqlalchemy import func, select, union

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.records import MemberKind, Membership, Person, Subject

__all__ = ["Known"]


class Known:
    """All people, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        members, usage, limits = tables.members.c, tables.usage.c, tables.limits.c
        self._names = union(
            select(members.name.label("name")).where(members.kind == MemberKind.PERSON),
            select(usage.name).where(usage.kind == Subject.PERSON),
            select(limits.name).where(limits.kind == Subject.PERSON),
            select(tables.teammates.c.person),
        ).subquery()

    def list(self, after: str | None = None, limit: int = 50) -> tuple[Person, ...]:
        """A page of people by name; `after` is the last name on the page before."""
        members, mates, deeds = tables.members.c, tables.teammates.c, tables.deeds.c
        query = select(self._names.c.name).order_by(self._names.c.name).limit(limit)
        if after is not None:
            query = query.where(self._names.c.name > after)
        with self._database.reading() as connection:
            names = list(connection.execute(query).scalars())
            belongs = select(members.name, members.membership, func.count().label("many")).where(
                members.kind == MemberKind.PERSON, members.name.in_(names)
            )
            counted = {
                (row.name, row.membership): row.many
                for row in connection.execute(belongs.group_by(members.name, members.membership))
            }
            teams: dict[str, list[str]] = {}
            for row in connection.execute(select(mates.person, mates.team).where(mates.person.in_(names))):
                teams.setdefault(row.person, []).append(row.team)
            # A person at a time: the latest line of each is the end of an index. What schedules do is no visit.
            latest = select(deeds.created_at).order_by(deeds.created_at.desc(), deeds.id.desc()).limit(1)
            seen = {
                name: connection.execute(
                    latest.where(deeds.who == name, deeds.address.not_like("schedule-%"))
                ).scalar_one_or_none()
                for name in names
            }
        return tuple(
            Person(
                name=name, teams=tuple(sorted(teams.get(name, ()))), seen_at=seen[name],
                owner=counted.get((name, Membership.OWNER), 0), editor=counted.get((name, Membership.EDITOR), 0),
                viewer=counted.get((name, Membership.VIEWER), 0),
            )
            for name in names
        )  # fmt: skip
