"""Spreads tidings and carries deliveries. Any number of processes may do so at once; see catalog/telling.py."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from gristmill.catalog import Catalog
from gristmill.errors import CatalogFailed, GristmillError
from gristmill.notify.base import Carrier, NotDelivered
from gristmill.notify.mail import Mail
from gristmill.notify.ways import Ways
from gristmill.notify.webhooks import Webhooks
from gristmill.notify.wording import text_of, title_of
from gristmill.records import Channel, Delivery, Failure, News, NewsKind, Tiding, new_id, replace

__all__ = ["Teller"]

_PATIENCE = 120.0  # seconds after which who claimed a delivery is given up for dead; carrying takes half a minute
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 3600.0
_GIVEN_UP_AFTER = 24 * 3600.0
_AT_ONCE = 50  # deliveries in one round
_KEPT = 90 * 24 * 3600.0
_log = logging.getLogger("gristmill.notify")


class Teller:
    """Tells people, by the ways that an installation has."""

    def __init__(self, catalog: Catalog, ways: Ways, carriers: Mapping[Channel, Carrier] | None = None) -> None:
        self._catalog, self._ways = catalog, ways
        known: dict[Channel, Carrier] = {Channel.WEBHOOK: Webhooks(catalog, ways.webhooks)}
        if ways.mail is not None:
            known[Channel.MAIL] = Mail(ways.mail, ways.public)
        self._carriers = known if carriers is None else carriers

    def tell(self) -> int:
        """One round: spread what has happened, carry what is due; how many deliveries were tried."""
        self.spread()
        tried = 0
        while tried < _AT_ONCE and (delivery := self._catalog.deliveries.claim(_PATIENCE)) is not None:
            self._carry(delivery)
            tried += 1
        return tried

    def spread(self) -> None:
        """Make news of what has happened."""
        while tidings := self._catalog.tidings.oldest():
            told = {tiding.id: self._news_of(tiding) for tiding in tidings}
            mine = self._catalog.tidings.spread(told)
            if not mine:  # somebody else is at it
                return
            for news in (news for tiding, pairs in told.items() if tiding in mine for news, _ in pairs):
                _log.info("%s: %s", news.kind, news.title, extra={"run": news.thing, "who": news.who})

    def sweep(self) -> int:
        """Forget what is older than 90 days."""
        return self._catalog.news.sweep(self._catalog.now() - _KEPT)

    # --- from a tiding to news ---------------------------------------------------------------------------------------

    def _news_of(self, tiding: Tiding) -> list[tuple[News, list[Delivery]]]:
        try:
            return self._spread(tiding)
        except CatalogFailed:  # it comes back, and the tiding is still there
            raise
        except Exception:  # whatever it is: the tidings behind it must not wait for ever
            _log.exception("nobody could be told of %s", tiding.thing)
            return []

    def _spread(self, tiding: Tiding) -> list[tuple[News, list[Delivery]]]:
        if tiding.kind is NewsKind.BUDGET_NEAR:
            tiding = replace(tiding, facts=tiding.facts | {"currency": self._ways.currency})
        choices = self._catalog.choices.of(tiding.who)
        channels, now = choices.by(tiding.kind), self._catalog.now()
        news = News(
            id=new_id("news"), created_at=now, who=tiding.who, kind=tiding.kind, thing=tiding.thing,
            project_id=tiding.project_id, title=title_of(tiding), text=text_of(tiding), facts=tiding.facts,
            bell=Channel.BELL in channels,
        )  # fmt: skip
        found = self._catalog.webhooks.telling(tiding.who, tiding.project_id, tiding.kind)
        ways = [(Channel.WEBHOOK, webhook.id) for webhook in found]
        if Channel.MAIL in channels and self._ways.mail is not None:
            address = self._ways.mail.address(tiding.who, choices.mail)
            ways += [] if address is None else [(Channel.MAIL, address)]
        return [(news, [_delivery(news, channel, address) for channel, address in ways])]

    # --- carrying ----------------------------------------------------------------------------------------------------

    def _carry(self, delivery: Delivery) -> None:
        carrier = self._carriers.get(delivery.channel)
        more = {"delivery": delivery.id, "channel": delivery.channel, "attempt": delivery.attempts}
        try:
            if carrier is None:  # another process may have what this one lacks
                raise NotDelivered("Nothing here carries this.", cure="Set GRISTMILL_MAIL for this process too.")
            carrier.carry(delivery, self._catalog.news.get(delivery.news_id))
        except NotDelivered as error:
            self._failed(delivery, error.failure, again=error.again)
        except GristmillError as error:
            self._failed(delivery, error.failure, again=True)
        except Exception as error:
            _log.exception("a delivery failed", extra=more)
            self._failed(delivery, Failure(code="fault", what=f"{type(error).__name__} inside Gristmill."), again=True)
        else:
            self._catalog.deliveries.sent(delivery)
            _log.info("delivered", extra=more)

    def _failed(self, delivery: Delivery, failure: Failure, *, again: bool) -> None:
        pause = min(_FIRST_PAUSE * 2.0 ** (delivery.attempts - 1), _LONGEST_PAUSE)
        lasts = self._catalog.now() + pause - delivery.created_at < _GIVEN_UP_AFTER
        self._catalog.deliveries.failed(delivery, failure, pause=pause if again and lasts else None)
        more = {"delivery": delivery.id, "channel": delivery.channel, "attempt": delivery.attempts}
        _log.warning("%s: %s", "not delivered" if again and lasts else "given up", failure, extra=more)


def _delivery(news: News, channel: Channel, address: str) -> Delivery:
    return Delivery(
        id=new_id("delivery"), created_at=news.created_at, news_id=news.id, channel=channel, address=address,
        next_at=news.created_at,
    )  # fmt: skip
