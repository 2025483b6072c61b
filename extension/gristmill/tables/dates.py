"""How a column writes its dates: ISO 8601, or one of the common orders of day, month and year with or without a time.

Each format that reads the first value is tried on all of them. Where both day-month and month-day read every value, the
separator and the file's decimal sign decide, and the column is said to be doubtful.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from itertools import product
from typing import NamedTuple

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(Z|UTC|[+-]\d\d:?(\d\d)?))?)?")
_LIKELY = re.compile(
    r"(\d{1,4}[-/. ]\s?(\d{1,2}|[^\W\d]{3,9}\.?)[-/., ]\s?\d{1,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{2,4}).*"
)
_COMPACT = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_NAMES_A_DATE = re.compile(r"date|day|datum|fecha|\bdt\b|_dt\b|jour|data", re.IGNORECASE)
_DAYS = (
    *("%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d"),
    *("%Y.%m.%d", "%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%b %d, %Y", "%B %d, %Y"),
    *("%b %d %Y", "%B %d %Y", "%Y-%b-%d"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", "T%H:%M:%S", ", %H:%M")
_FORMATS = tuple(day + time for day, time in product(_DAYS, _TIMES))


class DateFormat(NamedTuple):
    """A strptime format, or ISO8601; doubtful where day and month could be exchanged."""

    written: str
    is_doubtful: bool = False


def date_format(words: Collection[str], name: str = "", *, day_first: bool = False) -> DateFormat | None:
    """The format that reads all words, if there is one."""
    first = next(iter(words), "")
    if _COMPACT.fullmatch(first) and _NAMES_A_DATE.search(name):
        return DateFormat("%Y%m%d") if all(_COMPACT.fullmatch(word) for word in words) else None
    if all(_ISO.fullmatch(word) for word in words):
        return DateFormat("ISO8601") if all(_is_day(word[:10]) for word in words) else None
    if not all(_LIKELY.fullmatch(word) for word in words):
        return None
    fitting = [way for way in _FORMATS if all(_reads(word, way) for word in words)]
    if not fitting:
        return None
    orders = {way for way in fitting if way.startswith(("%d/%m", "%m/%d", "%d-%m", "%m-%d"))}
    days = [way for way in fitting if way.startswith("%d")]
    is_doubtful = len({way[:2] for way in orders}) > 1
    if is_doubtful and days and (day_first or "-" in days[0][:5]):
        return DateFormat(days[0], is_doubtful)
    return DateFormat(fitting[0], is_doubtful)


def _is_day(word: str) -> bool:
    try:
        date.fromisoformat(word)
    except ValueError:
        return False
    return True


def _reads(word: str, way: str) -> bool:
    try:
        datetime.strptime(word, way)
    except ValueError:
        return False
    return True
