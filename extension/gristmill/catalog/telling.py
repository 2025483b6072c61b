"""What people are told: tidings become news, news are delivered. Terms and states are in `records.telling`.

Guarantees
----------
- A tiding becomes news once, however many processes spread tidings at once: it is taken, and its news and deliveries
  are kept, in one transaction. They are worded before it begins, for which nobody who writes has to wait.
- A delivery is claimed by one process at a time. Who claimed it and dies is given up for dead after a while; then it is
  claimed again. So what reaches out of the catalog happens at least once, and never twice unless a process died between
  sending and writing that it has sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, select, update

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.catalog.sealed import SealedRows
from gristmill.records import Choices, Delivery, Failure, News, NewsKind, Tiding, Webhook, replace

__all__ = ["AllChoices", "AllNews", "Deliveries", "Tidings", "Webhooks"]

Told = Sequence[tuple[News, Sequence[Delivery]]]  # what becomes of a tiding


class Tidings(Rows[Tiding]):
    """What has happened and was not spread yet."""

    table = tables.tidings
    noun = "tiding"
    kind = Tiding

    def add(self, tiding: Tiding) -> Tiding:
        """Leave a tiding."""
        with self._database.writing() as connection:
            return self._insert(connection, tiding)

    def oldest(self, limit: int = 50) -> tuple[Tiding, ...]:
        """What has waited longest."""
        query = select(self.table).order_by(self.table.c.created_at, self.table.c.id).limit(limit)
        with self._database.reading() as connection:
            return tuple(self._record(row) for row in connection.execute(query))

    def spread(self, told: Mapping[str, Told]) -> frozenset[str]:
        """Keep the news of tidings, which are given by id, in their place; which of them nobody else has spread."""
        news, deliveries, id = AllNews(self._database), Deliveries(self._database), self.table.c.id
        free = select(id).where(id.in_(list(told))).with_for_update(skip_locked=True)
        with self._database.writing() as connection:
            mine = frozenset(connection.execute(delete(self.table).where(id.in_(free)).returning(id)).scalars())
            for notice, ways in (pair for tiding, pairs in told.items() if tiding in mine for pair in pairs):
                news._write(connection, notice)
                for way in ways:
                    deliveries._write(connection, way)
        return mine


class AllNews(Rows[News]):
    """Everybody's news."""

    table = tables.news
    noun = "notice"
    kind = News

    def list(self, who: str, before: str | None = None, limit: int = 50, *, unread: bool = False) -> tuple[News, ...]:
        """What lies in somebody's bell, newest first."""
        query = select(self.table).where(self._in_bell(who))
        query = query.where(self.table.c.read_at.is_(None)) if unread else query
        return self._page(query, before, limit)

    def read(self, who: str, ids: Sequence[str] = ()) -> int:
        """Mark somebody's news as read, all of it without `ids`; how much of it was unread."""
        meant = and_(self._in_bell(who), self.table.c.read_at.is_(None))
        meant = and_(meant, self.table.c.id.in_(ids)) if ids else meant
        with self._database.writing() as connection:
            return connection.execute(update(self.table).where(meant).values(read_at=self._database.now())).rowcount

    def sweep(self, before: float) -> int:
        """Forget news from before that time, and its deliveries; how much it was."""
        old = self.table.c.created_at < before
        ways = tables.deliveries
        with self._database.writing() as connection:
            connection.execute(delete(ways).where(ways.c.news_id.in_(select(self.table.c.id).where(old))))
            return connection.execute(delete(self.table).where(old)).rowcount

    def _in_bell(self, who: str) -> ColumnElement[bool]:
        return and_(self.table.c.who == who, self.table.c.bell.is_(True))


class Deliveries(Rows[Delivery]):
    """News on its way."""

    table = tables.deliveries
    noun = "delivery"
    kind = Delivery

    def claim(self, patience: float) -> Delivery | None:
        """The delivery whose next try is due longest, for the caller alone for `patience` seconds; None if none is."""
        ways, now = self.table, self._database.now()
        due = ways.c.next_at <= now
        first = select(ways.c.id).where(due).order_by(ways.c.next_at).limit(1).with_for_update(skip_locked=True)
        with self._database.reading() as connection:  # most of the time there is nothing to do: nobody need wait for it
            if connection.execute(select(exists(select(ways.c.id).where(due)))).scalar_one() is False:
                return None
        taken = update(ways).where(ways.c.id == first.scalar_subquery(), due)
        taken = taken.values(attempts=ways.c.attempts + 1, next_at=now + patience)
        with self._database.writing() as connection:
            row = connection.execute(taken.returning(ways)).one_or_none()
            return None if row is None else self._record(row)

    def sent(self, claimed: Delivery) -> bool:
        """It has arrived; False if somebody else has claimed it since."""
        return self._settle(claimed, sent_at=self._database.now(), next_at=None, failure=None)

    def failed(self, claimed: Delivery, failure: Failure, *, pause: float | None) -> bool:
        """It did not arrive: try again after `pause` seconds, or never; False if somebody else has claimed it since."""
        again = None if pause is None else self._database.now() + pause
        return self._settle(claimed, next_at=again, failure=failure)

    def of(self, news_id: str) -> tuple[Delivery, ...]:
        """Every way that one piece of news goes."""
        query = select(self.table).where(self.table.c.news_id == news_id).order_by(self.table.c.id)
        with self._database.reading() as connection:
            return tuple(self._record(row) for row in connection.execute(query))

    def waiting(self) -> int:
        """How many deliveries are not over."""
        query = select(func.count()).select_from(self.table).where(self.table.c.next_at.is_not(None))
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def _settle(self, claimed: Delivery, **values: object) -> bool:
        ways = self.table
        same = and_(ways.c.id == claimed.id, ways.c.attempts == claimed.attempts, ways.c.sent_at.is_(None))
        with self._database.writing() as connection:
            return connection.execute(update(ways).where(same).values(**values)).rowcount == 1


class AllChoices(Rows[Choices]):
    """What everybody chooses."""

    table = tables.choices
    noun = "choice"
    kind = Choices

    def of(self, who: str) -> Choices:
        """Somebody's choices; those of who has chosen nothing."""
        with self._database.reading() as connection:
            row = connection.execute(select(self.table).where(self.table.c.who == who)).one_or_none()
            return Choices(who=who) if row is None else self._record(row)

    def put(self, choices: Choices) -> Choices:
        """Keep somebody's choices in place of earlier ones."""
        values = {"who": choices.who, "mail": choices.mail, "kinds": choices.kinds}
        with self._database.writing() as connection:
            changed = update(self.table).where(self.table.c.who == choices.who).values(values)
            if connection.execute(changed).rowcount == 0:
                connection.execute(insert(self.table).values(values))
        return choices


class Webhooks(SealedRows[Webhook]):
    """All webhooks, with their secrets, which are sealed."""

    table = tables.webhooks
    noun = "webhook"
    kind = Webhook
    sealed = "secret"

    def add(self, webhook: Webhook) -> Webhook:
        """Keep a webhook; its secret is sealed."""
        sealed = self._seal(webhook.id, webhook.secret)
        with self._database.writing() as connection:
            return self._insert(connection, replace(webhook, secret=sealed))

    def secret(self, webhook: Webhook) -> str:
        """What signs a webhook's news."""
        return self._open(webhook)

    def find(self, id: str) -> Webhook | None:
        """The webhook of that id, if there is one."""
        with self._database.reading() as connection:
            row = connection.execute(select(self.table).where(self.table.c.id == id)).one_or_none()
            return None if row is None else self._record(row)

    def of_person(self, who: str) -> tuple[Webhook, ...]:
        """Somebody's own."""
        return self._where(and_(self.table.c.who == who, self.table.c.project_id.is_(None)))

    def of_project(self, project_id: str) -> tuple[Webhook, ...]:
        """A project's."""
        return self._where(self.table.c.project_id == project_id)

    def remove(self, id: str) -> None:
        """Forget a webhook."""
        with self._database.writing() as connection:
            connection.execute(delete(self.table).where(self.table.c.id == id))

    def telling(self, who: str, project_id: str | None, kind: NewsKind) -> tuple[Webhook, ...]:
        """The webhooks that want such news: the person's own, and the project's."""
        own = () if not who else self.of_person(who)
        shared = () if project_id is None else self.of_project(project_id)
        return tuple(webhook for webhook in (*own, *shared) if not webhook.kinds or kind in webhook.kinds)

    def _where(self, which: ColumnElement[bool]) -> tuple[Webhook, ...]:
        query = select(self.table).where(which).order_by(self.table.c.created_at, self.table.c.id)
        with self._database.reading() as connection:
            return tuple(self._record(row) for row in connection.execute(query))
