"""Numbers, times and names as a person reads and writes them."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from typing import Any

import click

from gristmill.client import durations
from gristmill.client.durations import clock
from gristmill.errors import UsageError
from gristmill.records import Price, Profile

__all__ = [
    "BUDGET",
    "SETTING",
    "SIZE",
    "clock",
    "count",
    "duration",
    "extent",
    "money",
    "number",
    "plain",
    "score",
    "share",
    "size",
    "task",
    "when",
]

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?", re.DOTALL)


_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?:(?P<unit>[kmgt])b|b)?", re.IGNORECASE | re.ASCII)
_UNITS = ("", "k", "m", "g", "t")


class _Budget(click.ParamType[float]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return durations.seconds(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


class _Setting(click.ParamType[tuple[str, Any]]):
    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not (equals and name.strip().isidentifier()):
            self.fail(f"{value!r} is no setting. Write it as name=value.", param, ctx)
        try:
            return name.strip(), json.loads(text)
        except ValueError:
            return name.strip(), text  # a word needs no quotes


class _Size(click.ParamType[int]):
    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(value.strip())
        if found is None:
            self.fail(f"{value!r} is no size. Write it as 500MB, 20GB or 1.5TB, or in bytes.", param, ctx)
        return round(float(found["number"]) * 1000.0 ** _UNITS.index((found["unit"] or "").lower()))


BUDGET = _Budget()  # 90s, 10m, 1h30m -> seconds
SIZE = _Size()  # 500MB, 20GB -> bytes
SETTING = _Setting()  # name=value; the value is JSON, or a bare word


def duration(seconds: float) -> str:
    """0.4 s, 58 s, 1 min 30 s, 2 h 5 min, 3 d 4 h: two units at most."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    for name, unit, lesser, smaller in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {lesser}" if rest else "")
    return f"{whole} s"


def count(amount: int, item: str) -> str:
    """1 row, 2,000 pictures."""
    return f"{amount:,} {item}{'' if amount == 1 else 's'}"


def extent(profile: Profile) -> list[str]:
    """How much data there is: `6,000 rows`, `3 columns`; of pictures and texts, only how many."""
    rows, columns = count(profile.rows, profile.item), len(profile.main.columns)
    own = not profile.arranged or columns > 3  # what intake makes of files has three at most, and none is the user's
    return [rows, count(columns, "column")] if own else [rows]


def when(at: float, now: float | None = None) -> str:
    """just now, 5 min ago, 3 h ago, 2026-03-01."""
    ago = (time.time() if now is None else now) - at
    if ago < 60:
        return "just now"
    if ago < 86400:
        return f"{int(ago // 60)} min ago" if ago < 3600 else f"{int(ago // 3600)} h ago"
    return time.strftime("%Y-%m-%d", time.localtime(at))


def size(count: float) -> str:
    """812 B, 13 kB, 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if count >= 9.95 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def money(value: float, price: Price) -> str:
    """`4.20 EUR`."""
    return f"{value:,.2f} {price.currency}".strip()


def score(value: float | None) -> str:
    """As many digits as mean something: 0.9123, 12.34, 1,234."""
    if value is None:
        return "-"
    digits = 4 if abs(value) < 10 else 2 if abs(value) < 1000 else 0
    return f"{value:,.{digits}f}"


def number(value: float | str | None) -> str:
    """A value of a column: 3, 0.25, 1,234; words and dates as they are."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return "-" if value is None else plain(value)


def share(part: int, whole: int) -> str:
    """0.6 %, 12 %, <0.1 %; a dot for none."""
    if not part or not whole:
        return "·"
    percent = 100 * part / whole
    return "<0.1 %" if percent < 0.1 else f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"


def task(name: str) -> str:
    """A task's name as words."""
    return name.replace("-", " ")


def plain(text: str) -> str:
    """Somebody's text without what would steer a terminal; lines and tabs stay."""
    text = _ESCAPES.sub("", text)
    return "".join(letter for letter in text if letter in "\n\t" or not _steers(letter))


def _steers(letter: str) -> bool:
    """Whether a terminal would obey it rather than show it: control characters, and turns of the writing direction."""
    turns = "\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069"
    return turns or unicodedata.category(letter) in ("Cc", "Cs")
