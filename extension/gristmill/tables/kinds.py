"""What the values of a column are, from a sample of them: whole numbers, numbers, dates, yes or no, codes, words.

Careful rather than clever: a column has a kind only if every value in the sample fits it, apart from words that mean
"no value". Codes (leading zeros, more digits than a float holds) stay words, whatever they look like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gristmill.tables.dates import date_format
from gristmill.tables.reading.values import MISSING

# Words for "no value" beyond pandas' own: the first wherever they stand, the second only among numbers or dates.
_ALWAYS = frozenset(["?", "\\n", "(null)", "<null>", "#value!", "#ref!", "#div/0!", "#num!", "#name?", "#null!"])
_AMONG_OTHERS = frozenset(
    [
        *("-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*", "x"),
        *("na", "nan", "n.a.", "n. a.", "n/a", "null", "nil", "none", "n/d", "nd", "n.d.", "s/d", "b/d"),
        *("missing", "unknown", "undefined", "not available", "not applicable", "not known", "empty", "blank"),
        *("k.a.", "k. a.", "keine angabe", "n.v.", "unbekannt", "fehlt", "leer", "manquant", "inconnu"),
        *("sin datos", "desconocido", "non disponibile", "brak", "onbekend", "okänd", "нет", "н/д", "不明", "无"),
    ]
)
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|Inf|INF|Infinity|infinity)")
_NUMBERLIKE = re.compile(r"[-+.,'\diI][^:/]*")
_WHOLE = re.compile(r"[+-]?\d+")
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?|[+-]?\d+")
_CODE = re.compile(r"0\d+|[+-]?\d{16,}")  # a float holds any whole number of 15 digits
_PAIRS = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("off", "on"), ("nein", "ja"), ("non", "oui"))


class Notation(NamedTuple):
    """How a file writes numbers."""

    decimal: str
    thousands: str | None

    def fits(self, words: Iterable[str]) -> bool:
        """Whether all words are numbers in this notation."""
        number = _PLAIN if self.decimal == "." else _COMMA
        return all(map(number.fullmatch, map(self._ungrouped, words) if self.thousands else words))

    def _ungrouped(self, word: str) -> str:
        if self.thousands and self.thousands in word:
            groups = rf"[+-]?\d{{1,3}}({re.escape(self.thousands)}\d{{3}})+({re.escape(self.decimal)}\d*)?"
            return word.replace(self.thousands, "") if re.fullmatch(groups, word) else ""
        return word


_NOTATIONS = (
    Notation(".", None),
    Notation(",", None),
    Notation(".", ","),
    Notation(",", "."),
    Notation(".", " "),
    Notation(",", " "),
    Notation(".", "'"),
    Notation(",", "'"),
    Notation(".", "\xa0"),
    Notation(",", "\xa0"),
    Notation(".", "\u202f"),
    Notation(",", "\u202f"),
)


@dataclass
class Kinds:
    """What a form says about columns; the fields are named as the form's."""

    decimal: str = "."
    thousands: str | None = None
    integers: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    dates: dict[str, str] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    yes_no: dict[str, tuple[str, str]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def fields(self) -> dict[str, Any]:
        """As the fields of a frozen record."""
        lists = {name: tuple(getattr(self, name)) for name in ("integers", "numbers", "doubtful", "strings")}
        return vars(self) | lists | {"missing": tuple(sorted(self.missing))}


class _Words(NamedTuple):
    """The different words of one column."""

    name: str
    said: set[str]  # those that are values
    none: set[str]  # those that mean "no value" only if the others are numbers or dates
    gaps: bool


def looks_like_value(word: str) -> bool:
    """Whether a word is a number or a date rather than a name for them."""
    word = word.strip()
    is_number = word[-1:].isdigit() and (_PLAIN.fullmatch(word) or _COMMA.fullmatch(word))
    return bool(is_number) or date_format([word]) is not None


def is_missing(word: str) -> bool:
    """Whether a word may mean "no value"."""
    word = word.strip()
    return word in MISSING or word.lower() in _ALWAYS or word.lower() in _AMONG_OTHERS


def kinds_of(columns: Mapping[str, Iterable[str | None]], delimiter: str) -> Kinds:
    """The kinds of columns of text; the delimiter tells what a comma between digits is likely to mean."""
    kinds = Kinds()
    sampled = [_words(name, values, kinds) for name, values in columns.items()]
    kinds.decimal, kinds.thousands = _notation(sampled, delimiter)
    for words in sampled:
        if words.said:
            _settle(words, kinds)
    return kinds


def _words(name: str, values: Iterable[str | None], kinds: Kinds) -> _Words:
    different = {"" if value is None else value.strip() for value in set(values)}
    always = {word for word in different if word.lower() in _ALWAYS}
    kinds.missing |= always
    none = {word for word in different - MISSING - always if word.lower() in _AMONG_OTHERS}
    said = different - MISSING - always - none
    return _Words(name, said, none, gaps=bool(none or always or different & MISSING))


def _notation(sampled: Sequence[_Words], delimiter: str) -> Notation:
    """The notation in which the most columns are numbers; in doubt the usual one."""
    order = list(_NOTATIONS)
    if delimiter == ",":  # a comma inside of a value had to be quoted: nobody does that for decimals
        order[1], order[2] = order[2], order[1]
    # Only columns with digits and signs can tell notations apart.
    telling = [words.said for words in sampled if words.said and all(map(_NUMBERLIKE.fullmatch, words.said))]
    if all(map(order[0].fits, telling)):
        return order[0]
    return max(order, key=lambda way: (sum(map(way.fits, telling)), -order.index(way)))


def _settle(words: _Words, kinds: Kinds) -> None:
    """Enters one column where it belongs."""
    name, said = words.name, words.said
    notation = Notation(kinds.decimal, kinds.thousands)
    found = date_format(said, name, day_first=kinds.decimal == ",")
    if found is not None:
        kinds.dates[name] = found.written
        kinds.missing |= words.none
        if found.is_doubtful:
            kinds.doubtful.append(name)
    elif notation.fits(said):
        if any(map(_CODE.fullmatch, said)):
            kinds.strings.append(name)
            return
        kinds.missing |= words.none
        is_whole = not words.gaps and all(map(_WHOLE.fullmatch, said))
        (kinds.integers if is_whole else kinds.numbers).append(name)
    else:
        pair = _pair(said | words.none)
        if pair is not None:
            kinds.yes_no[name] = pair


def _pair(said: set[str]) -> tuple[str, str] | None:
    """The words for false and true, written as the column writes them."""
    lower = {word.lower() for word in said}
    if len(lower) != len(said):
        return None
    for pair in _PAIRS:
        if lower == set(pair):
            no, yes = (next(word for word in said if word.lower() == plain) for plain in pair)
            return no, yes
    if lower in ({"true"}, {"false"}):  # the other word did not occur
        style: Callable[[str], str] = next(way for way in (str.title, str.upper, str.lower) if said == {way(*lower)})
        return style("false"), style("true")
    return None
