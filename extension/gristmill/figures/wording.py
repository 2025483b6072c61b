"""Numbers as people read them: as many digits as they are worth, thousands separated, units named."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

__all__ = ["Form", "count", "duration", "interval", "joined", "number", "plural", "quoted", "share", "shorten", "size"]

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


def share(value: float, digits: int = 1) -> str:
    """A fraction as per cent; 100 % and 0 % only where they are exact."""
    if not math.isfinite(value):
        return _DASH
    percent = 100 * value
    written = f"{percent:.{digits}f}"
    if (percent < 100 and float(written) >= 100) or (percent > 0 and float(written) <= 0):
        written = f"{percent:.{digits + 2}f}"
    if "." in written:
        written = written.rstrip("0").rstrip(".")
    return written.replace("-", _MINUS) + "%"


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
    if seconds < 5400:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


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


def joined(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
