"""What everybody has used this month, what they may use, and the audit trail; for admins."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from gristmill.errors import UsageError
from gristmill.records import Deed, Limits, Standing, Subject, Usage, month_of
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.page import Page
from gristmill_widgets.pieces import action, card, head, loading, table
from gristmill_widgets.words import duration, number, size, when

__all__ = ["Admin"]

_SHOWN = 100
_GB = 1e9
_FIELDS = ("runs_at_once", "queued_runs", "gpu_hours", "money", "storage", "largest_budget")
_WHOLE = ("runs_at_once", "queued_runs")


class Admin(Page):
    """Usage, limits, deeds. Who is no admin is refused by the platform, and sees why."""

    name = "admin"

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._usage: Sequence[Usage] | None = None
        self._limits: Sequence[Limits] = ()
        self._deeds: Sequence[Deed] = ()
        self._standing: Standing | None = None

    @property
    def title(self) -> str:
        return self.s.admin_title

    def begin(self) -> None:
        client, month = self.app.client, month_of(time.time())
        self.ask(lambda: client.all_usage(Subject.PERSON, _SHOWN, month=month), self._used)
        self.ask(client.limits, self._limited)
        self.ask(lambda: client.deeds(_SHOWN, **self._narrowed()), self._done)
        self.ask(client.standing, self._stands, lambda _: None)

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
        if self._usage is None:
            return el("div", head(s.admin_title), card(loading(s.loading)) if self.why is None else None)
        return el("div", head(s.admin_title), self._all_usage(self._usage), self._all_limits(), self._all_deeds())

    def _all_usage(self, usage: Sequence[Usage]) -> Html:
        s = self.s
        if not usage:
            return card(el("p", s.usage_empty, class_="gm-note"), title=s.home_used)
        currency = self._standing.price.currency if self._standing else ""
        rows: list[list[Child]] = [
            [
                el("b", shorten(one.name, 40), dir="auto"),
                number(s, one.runs),
                duration(s, one.seconds),
                f"{number(s, round(one.money, 2))} {currency}".strip() if one.money else "–",
                size(s, one.bytes),
            ]
            for one in sorted(usage, key=lambda one: -one.seconds)
        ]
        names: list[Child] = [s.col_person, s.home_runs, s.col_used, s.limits["money"], s.limits["storage"]]
        return card(table(names, rows, label=s.home_used), title=s.home_used)

    def _all_limits(self) -> Html:
        s = self.s
        mine = next((one for one in self._limits if one.kind is Subject.EVERYBODY), Limits(kind=Subject.EVERYBODY))
        fields = [
            el(
                "label",
                el("span", s.limits[name], el("small", s.limit_units[name]), class_="gm-label"),
                el("input", type="text", name=name, inputmode="decimal", class_="gm-input", value=_text(mine, name),
                   placeholder=s.limit_none, maxlength="12"),
                class_="gm-field",
            )
            for name in _FIELDS
        ]  # fmt: skip
        form = el(
            "form", el("div", fields, class_="gm-fields"),
            el("div", el("button", s.save, type="submit", class_="gm-button is-main"), class_="gm-row is-end"),
            data_act="limit", data_once=True, class_="gm-form",
        )  # fmt: skip
        others = [one for one in self._limits if one.kind is not Subject.EVERYBODY]
        items = [
            el("li", el("b", shorten(one.name, 60), dir="auto"), el("span", self._said(one), class_="gm-soft"),
               action(s.limit_drop, "unlimit", f"{one.kind} {one.name}", kind="is-quiet", once=True),
               data_key=f"{one.kind}/{one.name}")
            for one in others
        ]  # fmt: skip
        own = [el("h3", s.limit_others), el("ul", items, class_="gm-members")] if items else None
        return card(el("p", s.limit_lead, class_="gm-note"), form, own, title=s.limit_title)

    def _said(self, limits: Limits) -> str:
        found = [(name, _text(limits, name)) for name in _FIELDS]
        return ", ".join(
            f"{self.s.limits[name]}: {text} {self.s.limit_units[name]}".strip() for name, text in found if text
        )

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

    def on_limit(self, value: Any, fields: dict[str, Any]) -> None:
        """Set what everybody may use; what is left empty has no limit."""
        del value
        client = self.app.client
        try:
            found = {name: self._amount(name, str(fields.get(name, ""))) for name in _FIELDS}
        except UsageError as error:
            self.why = error.failure
            return
        whole: dict[str, Any] = {name: int(found[name] or 0) if found[name] is not None else None for name in _WHOLE}
        rest: dict[str, Any] = {name: found[name] for name in _FIELDS if name not in (*_WHOLE, "storage")}
        storage = found["storage"]
        limits = Limits(kind=Subject.EVERYBODY, storage=None if storage is None else int(storage), **whole, **rest)
        self.ask(lambda: client.set_limits(limits), lambda _: self.begin())

    def _amount(self, name: str, text: str) -> float | None:
        text = text.strip().replace(",", ".") if self.s.decimal == "," else text.strip().replace(",", "")
        if not text:
            return None
        try:
            amount = float(text)
        except ValueError:
            amount = -1.0
        if not 0 <= amount < 1e12 or (name in _WHOLE and not amount.is_integer()):
            raise UsageError(self.s.try_no_number.format(name=self.s.limits[name]))
        return amount * (_GB if name == "storage" else 3600.0 if name == "largest_budget" else 1.0)

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


def _text(limits: Limits, name: str) -> str:
    """A limit as it is filled in: storage in GB, time in hours."""
    amount = getattr(limits, name)
    if amount is None:
        return ""
    return f"{amount / (_GB if name == 'storage' else 3600.0 if name == 'largest_budget' else 1.0):.10g}"
