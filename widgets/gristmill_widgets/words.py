"""Numbers, times and sizes as a person reads them, in the visitor's language."""

from __future__ import annotations

import math
import time

from gristmill.records import Price
from gristmill_widgets.html import plain
from gristmill_widgets.strings import English

__all__ = ["count", "duration", "metric", "money", "number", "score", "share", "size", "task", "value", "when"]


def _set(s: English, text: str) -> str:
    """English digits with the separators of the language."""
    if s.decimal == ".":
        return text
    return text.replace(",", "\0").replace(".", s.decimal).replace("\0", s.thousands)


def number(s: English, value: float, digits: int = 4) -> str:
    """1,234 and 0.25: as many digits as mean something."""
    if not math.isfinite(value):
        return "-"
    if float(value).is_integer() and abs(value) < 1e15:
        return _set(s, f"{int(value):,}")
    if abs(value) >= 1000:
        return _set(s, f"{value:,.0f}")
    return _set(s, f"{value:.{digits}g}") if abs(value) >= 1e-4 else f"{value:.1e}"


def value(s: English, found: float | str | None) -> str:
    """A value of a column: years are written as years are."""
    if found is None or isinstance(found, str):
        return "-" if found is None else plain(found)
    return str(int(found)) if float(found).is_integer() and 1000 <= found < 10_000 else number(s, found)


def count(s: English, amount: int, item: str) -> str:
    """1 row, 2,000 pictures; `item` is what the platform calls one of them."""
    one, many = s.items.get(item, (item, item + "s"))
    return f"{number(s, amount)} {one if amount == 1 else many}"


def duration(s: English, seconds: float) -> str:
    """58 s, 1 min 30 s, 2 h 5 min."""
    whole = max(0, round(seconds))
    for name, unit, lesser, smaller in (("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {lesser}" if rest else "")
    return _set(s, f"{seconds:.1f} s") if 0 < seconds < 9.95 and not float(seconds).is_integer() else f"{whole} s"


def size(s: English, bytes: float) -> str:
    """812 B, 13 kB, 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if bytes < 999.5:
            return f"{bytes:.0f} {unit}" if bytes >= 9.95 or unit == "B" else _set(s, f"{bytes:.1f} {unit}")
        bytes /= 1000
    return _set(s, f"{bytes:.1f} TB")


def share(s: English, part: float, whole: float) -> str:
    """12%, 0.6%, under 0.1%."""
    percent = 100 * part / whole if whole else 0.0
    if not percent or percent >= 9.95:
        return s.percent.format(f"{percent:.0f}")
    return s.percent.format(_set(s, f"{percent:.1f}" if percent >= 0.1 else "<0.1"))


def money(s: English, price: Price, seconds: float) -> str:
    """What that long costs; nothing where it costs nothing."""
    cost = price.of(seconds)
    if not cost:
        return ""
    return _set(s, f"{cost:,.2f} {plain(price.currency)}" if cost >= 0.01 else f"<0.01 {plain(price.currency)}")


def when(s: English, at: float, now: float | None = None) -> str:
    """just now, 5 min ago, 3 h ago, 2026-03-01."""
    ago = (time.time() if now is None else now) - at
    if ago < 60:
        return s.just_now
    if ago < 86400:
        return s.ago.format(time=f"{int(ago // 60)} min" if ago < 3600 else f"{int(ago // 3600)} h")
    return time.strftime(s.date, time.localtime(at))


def metric(s: English, name: str) -> tuple[str, str]:
    """What a metric is called, and what it says."""
    return s.metrics.get(name) or (plain(name).replace("_", " "), "")


def score(s: English, name: str, found: float | None) -> str:
    """A score as a person says it."""
    if found is None:
        return "–"
    if name in s.in_percent:
        return s.percent.format(_set(s, "100" if found == 1 else f"{100 * found:.1f}"))
    digits = 3 if abs(found) < 10 else 2 if abs(found) < 1000 else 0
    return _set(s, f"{found:,.{digits}f}")


def task(s: English, name: str) -> tuple[str, str]:
    """What a task is called, and what it answers."""
    return s.tasks.get(name) or (plain(name).replace("-", " "), "")
