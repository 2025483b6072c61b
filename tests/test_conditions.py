"""The language in which rows are chosen: read, written, judged, and never executed."""

from __future__ import annotations

import math
import operator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gristmill.errors import UsageError
from gristmill.tables.conditions import Comparison, Condition, Family, parse

ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
SIGNS = ("=", "!=", *ORDERED)
FAMILIES = {"n": Family.NUMBER, "whole": Family.NUMBER, "day": Family.DATE, "word": Family.WORD}
names, values = st.text(min_size=1, max_size=12), st.text(max_size=12)
numbers = st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float)
words = st.sampled_from(["a", "b", "A", "and", "it's", 'the "mill"', "", "7"])
days = st.datetimes(datetime(2020, 1, 1), datetime(2020, 1, 5)).map(lambda day: day.replace(fold=0))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    sign = draw(st.sampled_from([*SIGNS, "in", "is missing", "is not missing"]))
    least, most = {"in": (1, 4)}.get(sign, (0, 0) if sign.startswith("is") else (1, 1))
    return Comparison(draw(names), sign, tuple(draw(st.lists(values, min_size=least, max_size=most))))


@given(st.lists(comparisons(), min_size=1, max_size=4).map(lambda made: Condition(tuple(made))))
def test_what_is_written_is_read_again(condition: Condition) -> None:
    assert parse(str(condition)) == condition


@given(st.text(max_size=60) | st.text("ab `\"'<>=!(),10isnotmissing", max_size=40))
def test_any_text_is_a_condition_or_refused_in_a_sentence(text: str) -> None:
    try:
        condition = parse(text)
    except UsageError:
        return
    assert parse(str(condition)) == condition


@example("=", -0.0, [0.0])
@given(st.sampled_from(SIGNS), numbers, st.lists(numbers | st.none(), max_size=20))
def test_numbers_are_judged_as_python_judges_them(sign: str, value: float, held: list[float | None]) -> None:
    assert judged(f"n {sign} {value!r}", n=pa.array(held, pa.float64())) == [fits(one, sign, value) for one in held]


@given(st.sampled_from(SIGNS), numbers, st.lists(st.integers(-5, 5) | st.none(), max_size=20))
def test_whole_numbers_are_judged_as_python_judges_them(sign: str, value: float, held: list[int | None]) -> None:
    expected = [fits(one, sign, value) for one in held]
    assert judged(f"whole {sign} {value!r}", whole=pa.array(held, pa.int64())) == expected


@given(st.sampled_from(SIGNS), days, st.lists(days | st.none(), max_size=20))
def test_dates_are_judged_as_python_judges_them(sign: str, value: datetime, held: list[datetime | None]) -> None:
    expected = [fits(one, sign, value) for one in held]
    assert judged(f'day {sign} "{value.isoformat()}"', day=pa.array(held, pa.timestamp("ns"))) == expected


@given(st.lists(words, min_size=1, max_size=3), st.lists(words | st.none(), max_size=20))
def test_words_are_found_letter_by_letter(wanted: list[str], held: list[str | None]) -> None:
    column = pa.array(held, pa.string())
    one, several = Comparison("word", "!=", (wanted[0],)), Comparison("word", "in", tuple(wanted))
    assert judged(str(one), word=column) == [word != wanted[0] for word in held]
    assert judged(str(several), word=column) == [word in wanted for word in held]


def fits(held: Any, sign: str, value: Any) -> bool:
    if held is None or sign in ("=", "!="):
        return (held == value) is (sign == "=") if held is not None else sign == "!="
    return bool(ORDERED[sign](held, value))


def judged(text: str, **columns: pa.Array) -> list[bool]:
    condition = parse(text)
    condition.check(FAMILIES)
    return list(condition.mask(pa.table(columns)).to_pylist())


def test_all_comparisons_have_to_fit() -> None:
    rows = {"n": pa.array([1.0, 2.0, None, 4.0]), "word": pa.array(["a", "b", "a", None])}
    assert judged("n >= 2 and word is not missing", **rows) == [False, True, False, False]
    assert judged("n IS MISSING AND word = a", **rows) == [False, False, True, False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a column's name is missing at its end"),
        ("n", "a comparison such as = or > is missing"),
        ("n =", "a value is missing"),
        ("n = 1 or n = 2", "'and' is expected, not 'or'"),
        ("n = 1 and", "a column's name is missing"),
        ("n in (1, 2", "a comma or a bracket is missing"),
        ("n in 1", r"'\(' is expected"),
        ("n is 1", "'missing' is expected"),
        ("n = 'open", "makes no sense"),
        ("__import__('os').system('true')", "is no comparison"),
        ("n = (lambda: 1)", "a value is expected"),
    ],
)
def test_what_is_no_condition_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=rf"cannot be read. At letter \d+, .*{said}"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rye = 1", "a column that is not there"),
        ("word > a", "words, which have no order"),
        ("n = much", "'n' holds numbers, and 'much' is none"),
        ("n = nan", "holds numbers"),
        ("day > soon", "'day' holds dates, and 'soon' is none"),
        ("day > 0001-01-01", "holds dates"),
    ],
)
def test_what_its_columns_cannot_be_asked_is_said(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(text).check(FAMILIES)


def test_a_condition_has_an_end() -> None:
    for text in ("n = 1 and " * 60 + "n = 1", "n = " + "1" * 5_000):
        with pytest.raises(UsageError, match="too long"):
            parse(text)
    assert math.isclose(float(parse("n = -1e-3").comparisons[0].values[0]), -0.001)
