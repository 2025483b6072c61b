"""The page for those who run an installation: what runs, who is there, what they may use, and who did what."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from gristmill.errors import UsageError
from gristmill.records import Alive, Deed, Limits, Person, Run, RunStatus, Standing, Subject, Usage, month_of
from gristmill_widgets.admin.people import people
from gristmill_widgets.admin.queue import MOST, queue, workers
from gristmill_widgets.admin.quotas import EVERYBODY, Whom, quotas, read
from gristmill_widgets.doubting import Doubting
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.pieces import card, head, loading, table
from gristmill_widgets.words import when

__all__ = ["Admin"]

_SHOWN = 100
_MOST_USED = 1000  # sums of a month that are added up


class Admin(Doubting):
    """Queue, workers, people, limits, deeds. Who is no admin is refused by the platform, and sees why."""

    name = "admin"

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._people: list[Person] | None = None
        self._has_more = False
        self._usage: Sequence[Usage] = ()
        self._running: Sequence[Run] = ()
        self._waiting: Sequence[Run] = ()
        self._workers: Sequence[Alive] = ()
        self._limits: Sequence[Limits] = ()
        self._deeds: Sequence[Deed] = ()
        self._standing: Standing | None = None
        self._whom: Whom = EVERYBODY

    @property
    def title(self) -> str:
        return self.s.admin_title

    def begin(self) -> None:
        client, month = self.app.client, month_of(time.time())
        self._meet(None)
        self.ask(lambda: client.all_usage(Subject.PERSON, _MOST_USED, month=month), self._used)
        self.ask(client.limits, self._limited)
        self.ask(lambda: client.deeds(_SHOWN, **self._narrowed()), self._done)
        self.ask(client.standing, self._stands, lambda _: None)
        self._look()

    def _meet(self, before: str | None) -> None:
        def met(found: Sequence[Person]) -> None:
            self._people = [*(self._people or () if before else ()), *found[:_SHOWN]]
            self._has_more = len(found) > _SHOWN

        self.ask(lambda: self.app.client.people(_SHOWN + 1, before), met)

    def _look(self) -> None:
        """See what runs, what waits, and who works."""
        client = self.app.client

        def found() -> tuple[Sequence[Run], Sequence[Run], Sequence[Alive]]:
            running = client.runs(None, RunStatus.RUNNING, MOST)
            return running, client.runs(None, RunStatus.QUEUED, MOST), client.workers()

        def seen(all_of_it: tuple[Sequence[Run], Sequence[Run], Sequence[Alive]]) -> None:
            self._running, self._waiting, self._workers = all_of_it

        self.ask(found, seen, lambda _: None)

    def _narrowed(self) -> dict[str, str]:
        return {"who": self.chosen["who"]} if self.chosen.get("who") else {}

    def _used(self, usage: Sequence[Usage]) -> None:
        self._usage = usage

    def _limited(self, limits: Sequence[Limits]) -> None:
        self._limits = limits

    def _done(self, deeds: Sequence[Deed]) -> None:
        self._deeds = deeds

    def _stands(self, standing: Standing) -> None:
        self._standing = standing

    # --- shown -------------------------------------------------------------------------------------------------------

    def content(self) -> Html:
        s = self.s
        if self._people is None:
            return el("div", head(s.admin_title), card(loading(s.loading)) if self.why is None else None)
        currency = self._standing.price.currency if self._standing else ""
        return el(
            "div",
            head(s.admin_title),
            queue(s, self._running, self._waiting, self._ending),
            workers(s, self._workers, self._running),
            people(s, self._people, self._usage, currency, hub=self._hub(), more=self._has_more),
            quotas(s, self._limits, self._whom),
            self._all_deeds(),
        )

    def _ending(self, run: Run) -> Html | None:
        """What is asked before somebody's run ends, if it is asked."""
        s = self.s
        if run.id != self.doubted:
            return None
        asked = s.queue_doubt.format(name=shorten(run.name, 40), who=shorten(run.owner, 30))
        return self.question(asked, "cancel", said=(s.watch_cancel, s.queue_keep))

    def _hub(self) -> str:
        """Where the hub's own people are, if there is a hub: who comes in is its to say."""
        base, found, _ = urlsplit(getattr(self.app.client, "url", "")).path.partition("/services/")
        return f"{base}/hub/people" if found else ""

    def _all_deeds(self) -> Html:
        s = self.s
        sought = el(
            "form",
            el("label", el("span", s.deeds_who, class_="gm-label"),
               el("input", type="search", name="who", value=self.chosen.get("who", ""), class_="gm-input", dir="auto",
                  maxlength="200")),
            el("button", s.search, type="submit", class_="gm-button"), data_act="seek", class_="gm-add",
        )  # fmt: skip
        rows: list[list[Child]] = [
            [when(s, one.created_at), el("b", shorten(one.who, 40), dir="auto"), shorten(one.action, 40),
             shorten(one.thing, 40), shorten(one.outcome, 40), shorten(one.address, 45)]
            for one in self._deeds
        ]  # fmt: skip
        names: list[Child] = [s.col_when, s.col_person, s.col_deed, s.col_thing, s.col_outcome, s.col_from]
        inside = (
            table(names, rows, kind="gm-rows", label=s.deeds_title) if rows else el("p", s.none_found, class_="gm-note")
        )
        return card(sought, inside, title=s.deeds_title)

    # --- done --------------------------------------------------------------------------------------------------------

    def on_refresh(self, value: Any, fields: dict[str, Any]) -> None:
        """See how the queue stands."""
        del value, fields
        self._look()

    def on_cancel(self, value: Any, fields: dict[str, Any]) -> None:
        """End it; what it has learned so far is kept."""
        del fields
        if self.is_sure(value):
            self.ask(lambda: self.app.client.cancel(str(value)), lambda _: self._look())

    def on_more_people(self, value: Any, fields: dict[str, Any]) -> None:
        """Show more of them."""
        del value, fields
        if self._people:
            self._meet(max(one.name for one in self._people))

    def on_whom(self, value: Any, fields: dict[str, Any]) -> None:
        """Fill in somebody else's limits."""
        del fields
        kind, _, name = str(value).partition(" ")
        if kind in set(Subject):
            self._whom = (Subject(kind), name)
            self.app.say(self.s.limit_person.format(name=name) if name else self.s.limit_title)

    def on_own(self, value: Any, fields: dict[str, Any]) -> None:
        """Fill in limits for somebody who has none of their own."""
        del value
        name = str(fields.get("name", "")).strip()
        if name:
            self.on_whom(f"{fields.get('kind', '')} {name}", {})

    def on_limit(self, value: Any, fields: dict[str, Any]) -> None:
        """Set what they may use; what is left empty has no limit."""
        del value
        client = self.app.client
        try:
            limits = read(self.s, self._whom, fields)
        except UsageError as error:
            self.why = error.failure
            return

        def kept(_: Limits) -> None:
            self._whom = EVERYBODY
            self.begin()

        self.ask(lambda: client.set_limits(limits), kept)

    def on_unlimit(self, value: Any, fields: dict[str, Any]) -> None:
        """Take somebody's own limits away."""
        del fields
        kind, _, name = str(value).partition(" ")
        self.ask(lambda: self.app.client.drop_limits(Subject(kind), name), lambda _: self.begin())

    def on_seek(self, value: Any, fields: dict[str, Any]) -> None:
        """What one person did."""
        del value
        who = str(fields.get("who", "")).strip()
        self.chosen = {"who": who} if who else {}
        self.ask(lambda: self.app.client.deeds(_SHOWN, **self._narrowed()), self._done)
