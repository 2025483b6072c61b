"""Who belongs where: the conditions under which a membership is somebody's, as parts of statements."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_

from gristmill.catalog import tables
from gristmill.records import MemberKind, Membership, Who

__all__ = ["highest", "is_any", "names_of"]


def is_any(teams: int) -> ColumnElement[bool]:
    """Whether a member is `person`, or one of so many teams: `team_0`, `team_1` …"""
    columns = tables.members.c
    person = and_(columns.kind == MemberKind.PERSON, columns.name == bindparam("person"))
    if not teams:
        return person
    names: list[BindParameter[str]] = [bindparam(f"team_{number}") for number in range(teams)]
    return or_(person, and_(columns.kind == MemberKind.TEAM, columns.name.in_(names)))


def names_of(who: Who) -> dict[str, str]:
    """What `is_any` asks for."""
    return {"person": who.name} | {f"team_{number}": team for number, team in enumerate(who.teams)}


def highest(held: Iterable[Membership | None]) -> Membership | None:
    """The highest of some memberships; None where there is none."""
    found = set(held)
    return next((membership for membership in Membership if membership in found), None)
