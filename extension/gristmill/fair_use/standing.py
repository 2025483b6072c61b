"""How somebody stands with each limit, and limits that can be set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

from gristmill.errors import UsageError
from gristmill.records import Account, Allowance, Limit, Limits, Price, Standing, Subject

__all__ = ["checked", "standing_of"]

_MOST = 1e15
_LONGEST_NAME = 200


def standing_of(accounts: Sequence[Account], price: Price, *, limited: bool = True) -> Standing:
    """What these accounts come to."""
    found = [allowance for account in accounts for allowance in _allowances(account, limited=limited)]
    return Standing(price=price, month=accounts[0].month, allowances=tuple(found))


def _allowances(account: Account, *, limited: bool) -> Sequence[Allowance]:
    taken: dict[Limit, tuple[float, float]] = {
        Limit.RUNS_AT_ONCE: (account.running, 0.0),
        Limit.QUEUED_RUNS: (account.queued, 0.0),
        Limit.GPU_HOURS: (account.gpu_seconds / 3600, account.asked_gpu_seconds / 3600),
        Limit.MONEY: (account.money, account.asked_money),
        Limit.STORAGE: (account.bytes, 0.0),
        Limit.LARGEST_BUDGET: (0.0, 0.0),
    }
    return [
        Allowance(
            kind=account.kind,
            name=account.name,
            limit=limit,
            most=getattr(account.limits, limit) if limited else None,
            used=used,
            asked=asked,
        )
        for limit, (used, asked) in taken.items()
    ]


def checked(limits: Limits) -> Limits:
    """The limits themselves; UsageError unless they can be held."""
    named = limits.kind is not Subject.EVERYBODY
    if named != bool(limits.name.strip()) or len(limits.name) > _LONGEST_NAME or not limits.name.isprintable():
        raise UsageError(
            f"{limits.name[:60]!r} cannot be whom these limits are for.",
            cure="Name a person or a team; what is for everybody has no name.",
        )
    least = {Limit.RUNS_AT_ONCE: 1}
    for field in fields(Limits):
        if field.name not in set(Limit):
            continue
        value, low = getattr(limits, field.name), least.get(Limit(field.name), 0)
        if value is not None and not (math.isfinite(value) and low <= value <= _MOST):
            raise UsageError(
                f"{field.name} cannot be {value:g}.", cure=f"Give {low} or more, or leave it out for no limit."
            )
    return limits
