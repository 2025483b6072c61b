"""Who is there: what the platform knows of each person, and what they have used this month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gristmill.records import Person, Usage
from gristmill_widgets.html import Child, Html, el, shorten
from gristmill_widgets.pieces import action, card, table
from gristmill_widgets.strings import English
from gristmill_widgets.words import duration, number, size, when

__all__ = ["people"]


@dataclass(kw_only=True, slots=True)
class _Used:
    """What one person has used this month, in all projects."""

    runs: int = 0
    seconds: float = 0.0
    money: float = 0.0
    bytes: int = 0


def people(s: English, found: Sequence[Person], usage: Sequence[Usage], currency: str, *, hub: str, more: bool) -> Html:
    """A row a person, who used most first; `hub` is where people are let in and removed, if that is elsewhere."""
    used: dict[str, _Used] = {}
    for one in usage:
        sums = used.setdefault(one.name, _Used())
        sums.runs, sums.seconds = sums.runs + one.runs, sums.seconds + one.seconds
        sums.money, sums.bytes = sums.money + one.money, sums.bytes + one.bytes
    lead = el("p", s.people_lead, class_="gm-note")
    way = (
        el("div", el("a", s.people_hub, href=hub, target="_top", class_="gm-button"), class_="gm-row") if hub else None
    )
    if not found:
        return card(lead, el("p", s.usage_empty, class_="gm-note"), way, title=s.people_title)
    order = sorted(found, key=lambda one: (-used.get(one.name, _Used()).seconds, one.name))
    rows = [_row(s, one, used.get(one.name, _Used()), currency) for one in order]
    names: list[Child] = [
        s.col_person, s.col_projects, s.col_seen, s.home_runs, s.col_used, s.limits["money"], s.limits["storage"],
        el("span", s.limit_of, class_="gm-away"),
    ]  # fmt: skip
    older = action(s.files_more, "more_people", kind="is-quiet", once=True) if more else None
    return card(
        lead, table(names, rows, kind="gm-rows", label=s.people_title), el("div", way, older, class_="gm-row"),
        title=s.people_title,
    )  # fmt: skip


def _row(s: English, one: Person, used: _Used, currency: str) -> list[Child]:
    teams = el("small", shorten(", ".join(one.teams), 60), dir="auto") if one.teams else None
    counted = [
        said.format(n=number(s, many))
        for said, many in zip(s.projects_of, (one.owner, one.editor, one.viewer), strict=True)
        if many
    ]
    return [
        el("span", el("b", shorten(one.name, 40), dir="auto"), teams, class_="gm-candidate"),
        ", ".join(counted) or "–",
        when(s, one.seen_at) if one.seen_at else "–",
        number(s, used.runs) if used.runs else "–",
        duration(s, used.seconds) if used.runs else "–",
        f"{number(s, round(used.money, 2))} {currency}".strip() if used.money else "–",
        size(s, used.bytes) if used.bytes else "–",
        action(s.limit_of, "whom", f"person {one.name}", kind="is-quiet",
               aria_label=s.limit_person.format(name=shorten(one.name, 40))),
    ]  # fmt: skip
