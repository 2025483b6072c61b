"""What each column beside the values is to a forecast, by the rows and by a person's word, which goes first.

Terms
-----
known   its coming values are known when a forecast is made: a holiday, a campaign, a price list
past    its values are known as far as the history goes, and no further: the weather as it was
static  one value for each series, which describes it: its town, its size

A column is taken as known only where the rows tell it beyond the end of the values: on a guess, every forecast would
have to be given what nobody has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gristmill.errors import UsageError
from gristmill.records import Column, ColumnKind, Notice, Profile
from gristmill.tasks import series
from gristmill.tasks.series import Facts

__all__ = ["SETTINGS", "Columns", "column_notices"]

SETTINGS = ("known", "past", "static", "ignore")
_USEFUL = (ColumnKind.NUMBER, ColumnKind.INTEGER, ColumnKind.YES_NO, ColumnKind.CATEGORY)
_MOST_PAST = 20  # columns that are taken by themselves
_FEWEST_EMPTY = 2  # rows: a single one without a value is a value that is missing


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns beside the target `target`, by what they are to a forecast."""

    target: str
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    settled: dict[str, str] = field(default_factory=dict)  # column -> what the person has said that it is

    @classmethod
    def of(cls, profile: Profile, facts: Facts, target: str, settings: dict[str, Any]) -> Columns:
        """By the settings, and for the rest by the rows."""
        reserved = {*facts.panel.items, facts.panel.time, target}
        names = [name for name in profile.main.form.names if name not in reserved]
        settled = {name: role for role in SETTINGS for name in _named(settings, role, names)}
        roles: dict[str, list[str]] = {role: [] for role in (*SETTINGS, "unused")}
        for column in profile.main.columns:
            if column.name not in reserved:
                role = settled.get(column.name) or _role(column, facts, target)
                if role == "past" and column.name not in settled and len(roles["past"]) >= _MOST_PAST:
                    role = "unused"
                roles[role].append(column.name)
        unused = (*roles["unused"], *roles["ignore"])
        return cls(
            target=target, known=tuple(roles["known"]), past=tuple(roles["past"]), static=tuple(roles["static"]),
            unused=unused, settled=settled,
        )  # fmt: skip

    @property
    def values(self) -> list[str]:
        """The columns that are values in time, the target first."""
        return [self.target, *self.known, *self.past]

    def horizon(self, facts: Facts) -> int:
        """How many steps are forecast unless somebody says otherwise: those that the rows foretell, if they do."""
        foretold = facts.empty.get(self.target, 0) if self.known else 0
        enough = foretold >= _FEWEST_EMPTY and facts.middle - foretold >= series.fewest_steps(foretold)
        return foretold if enough else facts.horizon


def _role(column: Column, facts: Facts, target: str) -> str:
    """What the rows suggest."""
    if column.kind not in _USEFUL:
        return "unused"
    if column.name in facts.constant:
        names = column.kind is ColumnKind.CATEGORY and column.distinct >= facts.series
        return "unused" if names else "static"  # a second name of each series says nothing of it
    ends_later = facts.empty.get(target, 0) >= _FEWEST_EMPTY and facts.empty.get(column.name) == 0
    return "known" if ends_later else "past"


def _named(settings: dict[str, Any], role: str, names: Sequence[str]) -> list[str]:
    """The columns that a setting lists: `promo,holiday`; none for `none` and an empty list."""
    chosen = settings.get(role, ())
    if isinstance(chosen, str) and chosen not in names:
        chosen = [name.strip() for name in chosen.split(",")]
    chosen = [chosen] if isinstance(chosen, str) else [str(name) for name in chosen if name not in ("", "none")]
    for name in chosen:
        if name not in names:
            listed = ", ".join(names) if names else "none"
            raise UsageError(
                f"There is no column {name!r} to be taken as {'left out' if role == 'ignore' else role}.",
                cure=f"The columns beside the series' values, names and moments are: {listed}.",
                code="unknown-column",
            )
    return chosen


def column_notices(columns: Columns, facts: Facts) -> tuple[Notice, ...]:
    """What each column is taken as and why, with how to say otherwise."""
    found = []
    if columns.known:
        ahead = facts.panel.step.amount(facts.empty.get(columns.target, 0))
        found.append(
            Notice(
                code="columns-known",
                message=f"{_listed(columns.known)} {_taken(columns.known)} as known ahead: the rows tell "
                f"{_it(columns.known)} for {ahead} in which '{columns.target}' has no value yet.",
                cure=f"If not so: --set past={','.join(columns.known[:3])}.",
                column=columns.known[0],
            )
        )
    if columns.past:
        found.append(
            Notice(
                code="columns-past",
                message=f"{_listed(columns.past)} {_taken(columns.past)} as known for the past only, for no row tells "
                f"{_it(columns.past)} beyond the last value of '{columns.target}'. Few candidates learn from such "
                "columns: TemporalFusionTransformer does, on budgets from 150 s.",
                cure=f"If the coming values are known when a forecast is made: --set known={columns.past[0]}.",
                column=columns.past[0],
            )
        )
    if columns.static:
        found.append(
            Notice(
                code="columns-static",
                message=f"{_listed(columns.static)} {'has' if len(columns.static) == 1 else 'have'} one value "
                "throughout each series, and so describe" + ("s" if len(columns.static) == 1 else "") + " it.",
                cure=f"To leave out: --set ignore={columns.static[0]}.",
                column=columns.static[0],
            )
        )
    if columns.unused:
        found.append(
            Notice(
                code="columns-unused",
                message=f"{_listed(columns.unused)} {'is' if len(columns.unused) == 1 else 'are'} not used: neither "
                "numbers nor a few kinds of words that could bear on the values, or only another name of each series.",
                cure=f"To use one all the same: --set past={columns.unused[0]}, or known=, or static=.",
            )
        )
    return tuple(found)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:5]) + (" and others" if len(names) > 5 else "")


def _taken(names: Sequence[str]) -> str:
    return "is taken" if len(names) == 1 else "are taken"


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"
