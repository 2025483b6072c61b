"""What everybody, one person or a team may use: a form, filled in with what holds, and read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gristmill.errors import UsageError
from gristmill.records import Limit, Limits, Subject, replace
from gristmill_widgets.html import Html, el, shorten
from gristmill_widgets.pieces import action, card
from gristmill_widgets.strings import English

__all__ = ["EVERYBODY", "Whom", "quotas", "read"]

_GB, _HOUR = 1e9, 3600.0
_SCALE = {Limit.STORAGE: _GB, Limit.LARGEST_BUDGET: _HOUR}  # of how a limit is filled in
_WHOLE = (Limit.RUNS_AT_ONCE, Limit.QUEUED_RUNS)
_NAME = 60  # letters

Whom = tuple[Subject, str]
"""Whose limits: a kind, and the name of a person or a team."""

EVERYBODY: Whom = (Subject.EVERYBODY, "")


def quotas(s: English, limits: Sequence[Limits], whom: Whom) -> Html:
    """The form for `whom`, and all who have limits of their own."""
    held = {(one.kind, one.name): one for one in limits}
    fields = [
        el(
            "label",
            el("span", s.limits[name], el("small", s.limit_units[name]), class_="gm-label"),
            el("input", type="text", name=name.value, inputmode="decimal", class_="gm-input", maxlength="12",
               value=_text(_begun(held, whom), name), placeholder=s.limit_none),
            class_="gm-field",
        )
        for name in Limit
    ]  # fmt: skip
    back = None if whom == EVERYBODY else action(s.limit_back, "whom", "everybody ", kind="is-quiet")
    form = el(
        "form", el("div", fields, class_="gm-fields"),
        el("div", back, el("button", s.save, type="submit", class_="gm-button is-main"), class_="gm-row is-end"),
        data_act="limit", data_once=True, class_="gm-form", data_key=f"limits-{whom[0]}-{whom[1]}",
    )  # fmt: skip
    lead = s.limit_lead if whom == EVERYBODY else f"{s.limit_own_lead[whom[0]]} {s.limit_lead}"
    return card(
        el("p", lead, class_="gm-note"), form, _others(s, limits), _another(s), title=_title(s, whom), id="gm-quotas"
    )


def _title(s: English, whom: Whom) -> str:
    said = {Subject.PERSON: s.limit_person, Subject.TEAM: s.limit_team}.get(whom[0], s.limit_title)
    return said.format(name=shorten(whom[1], _NAME))


def _begun(held: Mapping[Whom, Limits], whom: Whom) -> Limits:
    """What the form begins with: a person's own limits begin as everybody's, in whose place they stand."""
    begins = held.get(EVERYBODY) if whom[0] is Subject.PERSON else None
    return held.get(whom) or replace(begins or Limits(kind=whom[0]), kind=whom[0], name=whom[1])


def _others(s: English, limits: Sequence[Limits]) -> Html | None:
    items = [
        el(
            "li", el("b", shorten(one.name, _NAME), dir="auto"),
            el("span", s.team, class_="gm-badge") if one.kind is Subject.TEAM else None,
            el("span", _said(s, one), class_="gm-soft"),
            action(s.limit_change, "whom", f"{one.kind} {one.name}", kind="is-quiet"),
            action(s.limit_drop, "unlimit", f"{one.kind} {one.name}", kind="is-quiet", once=True),
            data_key=f"{one.kind}/{one.name}",
        )
        for one in limits if one.kind is not Subject.EVERYBODY
    ]  # fmt: skip
    return el("div", el("h3", s.limit_others), el("ul", items, class_="gm-members")) if items else None


def _another(s: English) -> Html:
    """The way to limits for somebody who has none of their own."""
    kinds = [el("option", s.limit_kinds[kind], value=kind.value) for kind in (Subject.PERSON, Subject.TEAM)]
    return el(
        "form",
        el("label", el("span", s.limit_kind, class_="gm-label"), el("select", kinds, name="kind", class_="gm-select")),
        el("label", el("span", s.limit_name, class_="gm-label"),
           el("input", type="text", name="name", class_="gm-input", maxlength="200", required=True, dir="auto")),
        el("button", s.limit_begin, type="submit", class_="gm-button"),
        data_act="own", class_="gm-add",
    )  # fmt: skip


def _said(s: English, limits: Limits) -> str:
    found = [(name, _text(limits, name)) for name in Limit]
    said = ", ".join(f"{s.limits[name]}: {text} {s.limit_units[name]}".strip() for name, text in found if text)
    return said or s.limit_none


def _text(limits: Limits, name: Limit) -> str:
    """A limit as it is filled in: storage in GB, time in hours."""
    amount = getattr(limits, name)
    return "" if amount is None else f"{amount / _SCALE.get(name, 1.0):.10g}"


def read(s: English, whom: Whom, fields: Mapping[str, Any]) -> Limits:
    """What was filled in; UsageError for what is no amount."""
    found = {name: _amount(s, name, str(fields.get(name, ""))) for name in Limit}
    whole = {
        name: None if amount is None else int(amount)
        for name, amount in found.items()
        if name in (*_WHOLE, Limit.STORAGE)
    }
    values: dict[str, Any] = {name.value: amount for name, amount in (found | whole).items()}
    return Limits(kind=whom[0], name=whom[1], **values)


def _amount(s: English, name: Limit, text: str) -> float | None:
    text = text.strip().replace(",", ".") if s.decimal == "," else text.strip().replace(",", "")
    if not text:
        return None
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < 1e12 or (name in _WHOLE and not amount.is_integer()):
        raise UsageError(s.try_no_number.format(name=s.limits[name]))
    return amount * _SCALE.get(name, 1.0)
