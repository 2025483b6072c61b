"""Lengths of time as people write them."""

from __future__ import annotations

import re

from gristmill.errors import UsageError

__all__ = ["clock", "seconds"]

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_LENGTH = re.compile("".join(rf"(?:(\d+(?:\.\d+)?){unit}\s*)?" for unit in _UNITS))


def seconds(text: str) -> float:
    """90s, 10m, 1h30m, 7d as seconds; UsageError for anything else."""
    match = _LENGTH.fullmatch(text.strip().lower())
    amounts = match.groups() if match else ()
    found = sum(float(amount) * unit for amount, unit in zip(amounts, _UNITS.values(), strict=False) if amount)
    if found <= 0:
        raise UsageError(f"{text!r} is no length of time.", cure="Write it as 90s, 10m or 1h30m.")
    return found


def clock(seconds: float) -> str:
    """0:07, 12:34, 1:02:03: for what ticks."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
