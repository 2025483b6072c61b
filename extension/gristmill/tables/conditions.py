"""Conditions on rows, in a small language of its own; nothing of it is ever executed as code.

    age >= 18 and city != "New York"
    `name of the mill` in ("Alder", "Birch") and harvested > 2024-01-31
    moisture is not missing

A condition is one comparison or several joined by `and`. A comparison is a column, then one of

    = != < <= > >=      and a value
    in                  and values in brackets, with commas between
    is missing, is not missing

A column's name stands plainly where it is one word, else between backticks (a backtick within is written twice). A
value stands plainly where it is a number, a date or one word, else between single or double quotes (a quote within is
written twice).

What a value means, its column says: a number among numbers, a date among dates (2024-01-31, or with a time), else a
word, compared letter by letter; words have no order. A missing value fits `is missing` and every `!=`, nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gristmill.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Comparison", "Condition", "Family", "parse"]

LONGEST = 4_000  # letters of a condition
MOST = 50  # comparisons in it
_IS, _IS_NOT = "is missing", "is not missing"
_ORDERED = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
_SAME = {"==": "=", "<>": "!="}
_KEYWORDS = frozenset(["and", "or", "not", "in", "is", "missing"])
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<name>`(?:[^`]|``)+`)
    | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<sign><=|>=|!=|<>|==|=|<|>)
    | (?P<bracket>[(),])
    | (?P<word>[^\s`"'<>=!(),]+)
    )""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"[^\s`\"'<>=!(),]+")


class Family(StrEnum):
    """What a column's values are compared as."""

    NUMBER = "number"
    DATE = "date"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One column against values; `sign` is one of = != < <= > >= in, `is missing` and `is not missing`."""

    column: str
    sign: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.sign in (_IS, _IS_NOT):
            return f"{_name(self.column)} {self.sign}"
        if self.sign == "in":
            return f"{_name(self.column)} in ({', '.join(map(_value, self.values))})"
        return f"{_name(self.column)} {self.sign} {_value(self.values[0])}"

    def check(self, families: Mapping[str, Family]) -> None:
        """UsageError where the column is not there, or cannot be compared like that."""
        family = families.get(self.column)
        if family is None:
            known = ", ".join(list(families)[:30])
            raise UsageError(
                f"The condition {self} is about a column that is not there.", cure=f"The columns are: {known}."
            )
        if family is Family.WORD and self.sign in _ORDERED:
            raise UsageError(
                f"The condition {self} cannot be judged.",
                cause=f"'{self.column}' holds words, which have no order.",
                cure="Use = or !=, or make the column a number first.",
            )
        for value in self.values:
            _meant(value, family, self)

    def mask(self, rows: pa.Table) -> Any:
        """Which of the rows fit: an array of yes and no."""
        import pyarrow as pa
        import pyarrow.compute as pc

        column = rows.column(self.column)
        if self.sign in (_IS, _IS_NOT):
            return pc.is_null(column) if self.sign == _IS else pc.is_valid(column)
        family = family_of(column.type)
        meant = [_meant(value, family, self) for value in self.values]
        if self.sign in _ORDERED:
            fits = getattr(pc, _ORDERED[self.sign])(column, pa.scalar(meant[0], _ARROW[family]()))
            return pc.fill_null(fits, False)
        if family is Family.NUMBER and pa.types.is_integer(column.type):
            whole = [int(value) for value in meant if value.is_integer() and abs(value) < 2**63]
            equals = pc.is_in(column, value_set=pa.array(whole, column.type))
        else:
            zeros = [0.0, -0.0] if family is Family.NUMBER and 0.0 in meant else []  # is_in goes by bits
            equals = pc.is_in(column, value_set=pa.array([*meant, *zeros], column.type))
        return pc.invert(equals) if self.sign == "!=" else equals


@dataclass(frozen=True, slots=True)
class Condition:
    """Comparisons that all have to fit."""

    comparisons: tuple[Comparison, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.comparisons))

    def check(self, families: Mapping[str, Family]) -> None:
        """UsageError where it cannot be asked of such columns."""
        for comparison in self.comparisons:
            comparison.check(families)

    def mask(self, rows: pa.Table) -> Any:
        """Which of the rows fit it: an array of yes and no."""
        import pyarrow.compute as pc

        first, *rest = (comparison.mask(rows) for comparison in self.comparisons)
        for mask in rest:
            first = pc.and_(first, mask)
        return first


def parse(text: str) -> Condition:
    """The condition that a text is; UsageError, with the place, where it is none."""
    if len(text) > LONGEST:
        raise UsageError("The condition is too long.", cure=f"Give at most {LONGEST:,} letters.")
    reader = _Reader(text)
    comparisons = [reader.comparison()]
    while not reader.at_end:
        reader.must_say("and")
        comparisons.append(reader.comparison())
    if len(comparisons) > MOST:
        raise UsageError("The condition is too long.", cure=f"Join at most {MOST} comparisons.")
    return Condition(tuple(comparisons))


def family_of(kind: Any) -> Family:
    """What the values of an Arrow type are compared as."""
    import pyarrow as pa

    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return Family.NUMBER
    return Family.DATE if pa.types.is_timestamp(kind) else Family.WORD


class _Reader:
    """A text, word by word."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._fault(f"{text[at:].strip()[:20]!r} makes no sense", at)
            kind = str(found.lastgroup)
            self._tokens.append((kind, found[kind], found.start(kind)))
            at = found.end()
        self._next = 0
        self._end = len(text)

    @property
    def at_end(self) -> bool:
        return self._next == len(self._tokens)

    def comparison(self) -> Comparison:
        column = self._column()
        kind, said, at = self._take("a comparison such as = or >")
        if kind == "sign":
            return Comparison(column, _SAME.get(said, said), (self._value(),))
        if (kind, said.lower()) == ("word", "in"):
            return Comparison(column, "in", self._values())
        if (kind, said.lower()) == ("word", "is"):
            return Comparison(column, self._missing())
        raise self._fault(f"{said!r} is no comparison: = != < <= > >= in, is missing", at)

    def must_say(self, word: str) -> None:
        kind, said, at = self._take(f"'{word}'")
        if kind not in ("word", "bracket") or said.lower() != word:
            raise self._fault(f"'{word}' is expected, not {said!r}", at)

    def _missing(self) -> str:
        kind, said, _ = self._tokens[self._next] if not self.at_end else ("", "", 0)
        sign = _IS
        if (kind, said.lower()) == ("word", "not"):
            self._next, sign = self._next + 1, _IS_NOT
        self.must_say("missing")
        return sign

    def _column(self) -> str:
        kind, said, at = self._take("a column's name")
        if kind == "name":
            return said[1:-1].replace("``", "`")
        if kind == "word" and said.lower() not in _KEYWORDS:
            return said
        raise self._fault(f"a column's name is expected, not {said!r}", at)

    def _value(self) -> str:
        kind, said, at = self._take("a value")
        if kind == "text":
            return said[1:-1].replace(said[0] * 2, said[0])
        if kind == "word" and said.lower() not in _KEYWORDS:
            return said
        raise self._fault(f"a value is expected, not {said!r}", at)

    def _values(self) -> tuple[str, ...]:
        self.must_say("(")
        values = [self._value()]
        while self._take("a comma or a bracket")[1] == ",":
            values.append(self._value())
        self._next -= 1
        self.must_say(")")
        return tuple(values)

    def _take(self, wanted: str) -> tuple[str, str, int]:
        if self.at_end:
            raise self._fault(f"{wanted} is missing at its end", self._end)
        self._next += 1
        return self._tokens[self._next - 1]

    @staticmethod
    def _fault(why: str, at: int) -> UsageError:
        return UsageError(
            "The condition cannot be read.",
            cause=f"At letter {at + 1}, {why}.",
            cure='Write it like this: age >= 18 and `home town` != "New York"',
            code="bad-condition",
        )


def _arrow_number() -> Any:
    import pyarrow as pa

    return pa.float64()


def _arrow_date() -> Any:
    import pyarrow as pa

    return pa.timestamp("ns")


_ARROW = {Family.NUMBER: _arrow_number, Family.DATE: _arrow_date}


def _meant(value: str, family: Family, comparison: Comparison) -> Any:
    """The value as its column means it; UsageError where it cannot mean that."""
    if family is Family.WORD:
        return value
    try:
        if family is Family.NUMBER:
            number = float(value)
            if math.isfinite(number):
                return number
        else:
            moment = datetime.fromisoformat(value)
            if 1678 <= moment.year <= 2261:  # what a clock of nanoseconds reaches
                return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        pass
    kinds = {Family.NUMBER: "numbers", Family.DATE: "dates"}
    example = {Family.NUMBER: "12.5", Family.DATE: "2024-01-31"}
    raise UsageError(
        f"The condition {comparison} cannot be judged.",
        cause=f"'{comparison.column}' holds {kinds[family]}, and {value[:40]!r} is none.",
        cure=f"Give a value such as {example[family]}.",
    )


def _name(name: str) -> str:
    if _PLAIN.fullmatch(name) and name.lower() not in _KEYWORDS:
        return name
    return "`" + name.replace("`", "``") + "`"


def _value(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _KEYWORDS:
        return value
    return '"' + value.replace('"', '""') + '"'
