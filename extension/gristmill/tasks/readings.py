"""Are these values classes or numbers? Words are classes and fractions are numbers; whole numbers can be either.

A whole number may count (children), measure (age), rate (one to five stars), or only stand for something (a class code,
a zip code). Names and ranges tell them apart well, though never surely: a reading says when it is in doubt, and why.
"""

from __future__ import annotations

from dataclasses import dataclass

from gristmill.records import Column, ColumnKind
from gristmill.tasks.targets import words_of

__all__ = ["Reading", "read_answers"]

_CODES = frozenset(
    words_of(
        """class classes label labels category type species digit digits cover cluster segment group kind code status
    diagnosis variety"""
    )
)
_RATINGS = frozenset(
    words_of("rating ratings stars star quality grade satisfaction likert score level rank review reviews")
)
_COUNTS = frozenset(
    words_of(
        """count counts number num children visits age quantity qty days hours minutes months years items rooms bedrooms
    bathrooms floors size doors cylinders people passengers orders"""
    )
)
_ZIPS = frozenset(words_of("zip zipcode postal postcode plz"))

_FEW = 10  # as many different whole numbers as people give classes, or points of a scale
_SOME = 20


@dataclass(frozen=True, slots=True)
class Reading:
    """What a column's values are taken for; `classlike` is 1 for classes, 0 for numbers."""

    classlike: float
    why: str
    doubt: str = ""  # what makes it doubtful, if anything does

    @property
    def is_classes(self) -> bool:
        return self.classlike >= 0.5


def read_answers(column: Column) -> Reading:
    """What the values of `column` are, were it the target."""
    name, distinct = column.name, column.distinct
    if distinct == 2:
        return Reading(1.0, f"'{name}' has just two values, so each row gets the one or the other.")
    if column.dtype not in ("int64", "float64"):
        return Reading(1.0, f"'{name}' holds words, {distinct:,} different ones, so each row gets one of them.")
    if column.kind is ColumnKind.NUMBER:
        return _fractions(column)
    return _whole_numbers(column)


def _fractions(column: Column) -> Reading:
    why = f"'{column.name}' holds numbers with fractions, so each row gets a number."
    if column.distinct <= _FEW:
        return Reading(0.2, why, f"has only {column.distinct} different values")
    return Reading(0.0, why)


def _whole_numbers(column: Column) -> Reading:
    """The rules, surest first; each returns what a person who knows the data would most likely say."""
    name, distinct, words = column.name, column.distinct, set(words_of(column.name))
    low, high = _ends(column)
    several = f"{distinct:,} different whole numbers ({low} to {high})"
    as_number = f"'{name}' holds {several}, so each row gets a number."
    as_class = f"'{name}' holds only {several}, so each row gets one of them as its class."
    if words & _ZIPS:
        why = as_class if distinct <= 50 else as_number
        return Reading(0.6 if distinct <= 50 else 0.4, why, "looks like a postal code, which names a place")
    if words & _CODES and distinct <= 100:
        return Reading(0.9 if distinct < 5 else 0.7, as_class, "" if distinct < 5 else f"holds {several}")
    if low >= 1800 and high <= 2100:
        return Reading(0.2, as_number, f"looks like years ({low} to {high})")
    if distinct <= _FEW + 1 and (words & _RATINGS or (low == 1 and high in (5, 7, 10))):
        return Reading(0.3, as_number, f"reads like a rating ({low} to {high})")
    if words & _COUNTS:
        return Reading(0.1, as_number, f"holds only {several}" if distinct <= _FEW else "")
    if distinct <= _FEW and column.rows >= 10 * distinct:
        return Reading(0.6, as_class, "" if distinct <= 3 else f"holds {several}")
    if distinct <= _SOME:
        return Reading(0.4, as_number, f"holds only {several}")
    return Reading(0.0, as_number)


def _ends(column: Column) -> tuple[int, int]:
    low, high = column.minimum, column.maximum
    if isinstance(low, str) or isinstance(high, str) or low is None or high is None:
        return 0, 0
    return int(low), int(high)
