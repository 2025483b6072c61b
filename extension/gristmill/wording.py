"""Numbers as people read them: as many digits as they are worth, thousands separated, units named."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

__all__ = [
    "Form",
    "alike",
    "between",
    "brief",
    "count",
    "duration",
    "interval",
    "number",
    "plain_years",
    "plural",
    "quoted",
    "rounded",
    "share",
    "share_alike",
    "shorten",
    "size",
]

Form = Callable[[float], str]  # how a number on an axis or in a sentence is written

_MINUS = "\N{MINUS SIGN}"
_DASH = "\N{EN DASH}"


def number(value: float, digits: int = 3) -> str:
    """`value` with about `digits` significant digits: 1,234 and 0.0123, 4.56e9 only where it must be."""
    if not math.isfinite(value):
        return _DASH
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e9 or size < 1e-4:
        return f"{value:.{digits - 1}e}".replace("e+0", "e").replace("e-0", "e-").replace("-", _MINUS)
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    written = f"{value:,.{decimals}f}"
    if "." in written:
        written = written.rstrip("0").rstrip(".")
    return written.replace("-", _MINUS)


def alike(values: Iterable[float], digits: int = 3) -> Form:
    """A form for numbers one under another: the same decimals for all, so many that the largest has `digits`."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if not 1e-4 <= largest < 1e9:
        return lambda value: number(value, digits)
    decimals = max(0, digits - 1 - math.floor(math.log10(largest)))
    return lambda value: f"{value:,.{decimals}f}".replace("-", _MINUS) if math.isfinite(value) else _DASH


def rounded(spread: float, *, percent: bool = False) -> Form:
    """A form with the digits that a number known to within `spread` is worth: two of the spread's own."""
    if not 1e-12 < spread < 1e12:
        return share if percent else number
    places = 1 - math.floor(math.log10(100 * spread if percent else spread))
    if percent:
        return lambda value: share(value, min(3, max(0, places)))
    if places >= 0:
        return lambda value: f"{value:,.{min(places, 8)}f}".replace("-", _MINUS)
    return lambda value: number(round(value, places))


def brief(value: float) -> str:
    """A number for a chart's axis: thousands and millions by their letter."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if limit <= abs(value) < 1e12:
            return f"{number(value / (1e3 if letter == 'k' else limit))}{letter}"
    return number(value)


def plain_years(low: float, high: float, form: Form) -> Form:
    """`form`, unless all numbers between are whole and look like years, which take no comma."""
    return (lambda value: f"{value:.0f}") if 1500 <= low <= high <= 2200 and float(low).is_integer() else form


def share(value: float, digits: int = 1) -> str:
    """A fraction as per cent; 100 % and 0 % only where they are exact."""
    if not math.isfinite(value):
        return _DASH
    percent = 100 * value
    written = f"{percent:.{digits}f}"
    if digits == 0 and 0 < percent < 0.5:
        return "<1%"
    if digits == 0 and 99.5 <= percent < 100:
        return ">99%"
    if (percent < 100 and float(written) >= 100) or (percent > 0 and float(written) <= 0):
        written = f"{percent:.{digits + 2}f}"
    if "." in written:
        written = written.rstrip("0").rstrip(".")
    return written.replace("-", _MINUS) + "%"


def share_alike(value: float) -> str:
    """A fraction as per cent for columns: one decimal, but where it is all or nothing."""
    written = f"{100 * value:.1f}%"
    return share(value) if written in ("100.0%", "0.0%") or not math.isfinite(value) else written


def between(low: float, high: float, form: Form) -> str:
    """Two ends, in a sentence that says "between"."""
    return f"{form(low)} and {form(high)}"


def interval(low: float, high: float, form: Form) -> str:
    """Two ends with an en dash between; "to" where a minus sign would be taken for the dash."""
    between = _DASH if low >= 0 else " to "
    first, last = form(low), form(high)
    if first.endswith("%") and between == _DASH:
        first = first.removesuffix("%")
    return f"{first}{between}{last}"


def duration(seconds: float) -> str:
    """Seconds as a person would say them."""
    if seconds < 0.001:
        return "under 1 ms"
    if seconds < 0.095:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 5400:
        return _in_two(whole // 60, "min", whole % 60, "s")
    return _in_two(whole // 3600, "h", whole % 3600 // 60, "min")


def _in_two(large: int, unit: str, small: int, lesser: str) -> str:
    return f"{large} {unit} {small} {lesser}" if small else f"{large} {unit}"


def size(amount: float) -> str:
    """Bytes in decimal units, as file managers show them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def count(amount: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{amount:,} {plural(amount, noun)}"


def plural(amount: int, noun: str) -> str:
    """The noun alone, in the number that fits."""
    if amount == 1:
        return noun
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"


def shorten(text: str, limit: int = 40) -> str:
    """At most `limit` characters, the middle left out: long names differ as often at the end as at the start."""
    text = " ".join(str(text).split())
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    return f"{text[: limit - 1 - tail].rstrip()}\N{HORIZONTAL ELLIPSIS}{text[-tail:].lstrip()}"


def quoted(name: object, limit: int = 40) -> str:
    """A name of the user's, in quotation marks, so that it cannot be read as our own words."""
    return f"\N{LEFT SINGLE QUOTATION MARK}{shorten(str(name), limit)}\N{RIGHT SINGLE QUOTATION MARK}"
