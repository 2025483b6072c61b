"""Limits that are nearly used up: people are told once, and not again with every run.

Near is four fifths. Told is whom a limit holds for, of a team each member, once a month and limit; and once more where
the limit itself was changed since. What open runs may still take is not counted: they may take less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows, merging
from gristmill.catalog.telling import Tidings
from gristmill.records import Account, Limit, Near, NewsKind, Subject, Tiding, new_id

__all__ = ["Nears"]

_NEAR = 0.8
_OF_A_MONTH = (Limit.MONEY, Limit.GPU_HOURS)


class Nears(Rows[Near]):
    """Limits that were nearly used up, and of which people were told."""

    table = tables.nears
    noun = "limit"
    kind = Near

    def watch(
        self,
        connection: Connection,
        accounts: Sequence[Account],
        at: float | None = None,
        *,
        runs: int = 0,
        size: int = 0,
    ) -> None:
        """Leave a tiding for all whom it concerns, in this transaction, of what is nearly used up; `at` is now.

        Beside what stands in their accounts, so many `runs` and bytes (`size`) are counted.
        """
        for account in accounts:
            for near, used in _nearly_used(account, runs, size):
                if self._is_new(connection, near):  # seldom: whoever asks for more pays for no more statements
                    at = self._database.tell_time(connection) if at is None else at
                    for person in self._people(connection, near):
                        Tidings(self._database)._write(connection, _tiding(near, used, person, at))

    def _is_new(self, connection: Connection, near: Near) -> bool:
        """Keep that people are told; False if they were before, of this limit as it stands."""
        new = merging(connection, self.table)
        kept = new.values({name: getattr(near, name) for name in self._names}).on_conflict_do_update(
            index_elements=["kind", "name", "limit", "month"],
            set_={"most": new.excluded.most},
            where=self.table.c.most != new.excluded.most,
        )
        return connection.execute(kept.returning(self.table.c.most)).one_or_none() is not None

    def _people(self, connection: Connection, near: Near) -> Sequence[str]:
        if near.kind is Subject.PERSON:
            return (near.name,)
        mates = tables.teammates.c
        return (
            connection.execute(select(mates.person).where(mates.team == near.name).order_by("person")).scalars().all()
        )


def _nearly_used(account: Account, runs: int, size: int) -> Iterator[tuple[Near, float]]:
    """Each limit of which four fifths are used, and how much is."""
    used = {
        Limit.MONEY: account.money,
        Limit.GPU_HOURS: account.gpu_seconds / 3600,
        Limit.STORAGE: account.bytes + size,
        Limit.QUEUED_RUNS: account.queued + runs,
    }
    for limit, amount in used.items():
        most = getattr(account.limits, limit)
        if most and amount >= _NEAR * most:
            yield Near(kind=account.kind, name=account.name, limit=limit, month=account.month, most=most), amount


def _tiding(near: Near, used: float, person: str, at: float) -> Tiding:
    return Tiding(
        id=new_id("tiding"),
        created_at=at,
        kind=NewsKind.BUDGET_NEAR if near.limit in _OF_A_MONTH else NewsKind.QUOTA_NEAR,
        who=person,
        thing=near.limit.value,
        facts={
            "limit": near.limit.value, "team": near.name if near.kind is Subject.TEAM else "", "month": near.month,
            "used": used, "most": near.most,
        },
    )  # fmt: skip
