"""When a schedule is due: cron's five fields, read on the clock of a named time zone.

Where a zone changes to or from daylight saving, a schedule keeps to the clock on the wall, as cron does: what is due in
the hour that is left out is due when the clock has jumped, and what is due at a fixed time in the hour that comes twice
is due the first time only. One that is due every hour, or every so many minutes, is due as often as those pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import takewhile
from zoneinfo import ZoneInfo, available_timezones

from gristmill.errors import UsageError

__all__ = ["checked", "missed", "next_after", "ticks_after"]

_FIELDS = "minute hour day month weekday"
# croniter would also take words for "at random", which would tick differently wherever it is asked
_FIELD = re.compile(r"(?:[\d*/,#L-]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat))+")
_LONGEST = 200  # letters
_MOST_MADE_UP = 100  # ticks that nobody was there for: of more, the latest


def checked(cron: str, zone: str) -> None:
    """UsageError unless that is a time that comes, in a zone that there is."""
    if zone not in _zones():
        raise UsageError(
            f"There is no time zone {zone[:60]!r}.", cure="Give its IANA name, such as Europe/Berlin or UTC."
        )
    from croniter import CroniterError, croniter

    cure = f"Give five fields: {_FIELDS}; such as '0 6 * * 1', which is Monday at 6."
    fields = cron.split()
    if len(fields) != len(_FIELDS.split()) or len(cron) > _LONGEST or not all(map(_FIELD.fullmatch, fields)):
        raise UsageError(f"{cron[:60]!r} is no time for a schedule.", cure=cure)
    try:
        croniter(cron, datetime(2000, 1, 1), max_years_between_matches=8).get_next()
    except (CroniterError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UsageError(f"{cron[:60]!r} is no time for a schedule.", cause=_said(error), cure=cure) from None


def next_after(cron: str, zone: str, moment: float) -> float:
    """The first tick after that moment; both in seconds since the epoch."""
    return next(ticks_after(cron, zone, moment))


def ticks_after(cron: str, zone: str, moment: float) -> Iterator[float]:
    """All ticks after that moment, without an end."""
    from croniter import croniter

    ticks = croniter(cron, datetime.fromtimestamp(moment, ZoneInfo(zone)))
    passes = _passes_with_time(cron)
    while True:
        tick: datetime = ticks.get_next(datetime)
        if passes or not tick.fold:  # croniter gives a fixed time in the hour that comes twice both times
            moment = tick.timestamp()
            yield moment


def missed(cron: str, zone: str, first: float, now: float) -> list[float]:
    """The ticks from `first`, which is one, up to now, the earliest first; where they are many, the latest hundred."""
    span = 3600.0
    while True:
        begin = max(first - 1.0, now - span)
        found = list(takewhile(lambda tick: tick <= now, ticks_after(cron, zone, begin)))
        if begin < first or len(found) >= _MOST_MADE_UP:
            return found[-_MOST_MADE_UP:]
        span *= 24


def _passes_with_time(cron: str) -> bool:
    """Whether the schedule says how often rather than at what time of day, as cron tells them apart."""
    minute, hour, *_ = cron.split()
    return minute.startswith("*") or hour.startswith("*")


def _said(error: Exception) -> str:
    return f"{str(error).strip()[:200].rstrip('.')}."


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
