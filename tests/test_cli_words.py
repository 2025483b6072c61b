"""Numbers, times and names as the command line reads and writes them."""

from __future__ import annotations

import re

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.cli import pages, words
from gristmill.records import RunRequest, RunStatus, replace
from staged_client import StagedClient


@given(st.integers(0, 30), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_budget_is_what_it_says(days: int, hours: int, minutes: int, seconds: int) -> None:
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    parts = zip((days, hours, minutes, seconds), "dhms", strict=True)
    text = "".join(f"{amount}{unit}" for amount, unit in parts if amount)
    if total:
        assert words.BUDGET.convert(text, None, None) == total
        assert words.BUDGET.convert(text.upper().replace("H", "h "), None, None) == total
    else:
        with pytest.raises(click.BadParameter):
            words.BUDGET.convert(text, None, None)


def test_budgets_may_have_fractions() -> None:
    assert words.BUDGET.convert("1.5h", None, None) == 5400


@given(st.text())
def test_plain_text_steers_no_terminal(text: str) -> None:
    shown = words.plain(f"a\x1b[31m{text}\x1b]0;title\x07b")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    assert words.plain(shown) == shown


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.duration(0.44), "0.4 s"),
        (words.duration(58.2), "58 s"),
        (words.duration(119.7), "2 min"),
        (words.duration(90), "1 min 30 s"),
        (words.duration(7500), "2 h 5 min"),
        (words.duration(273600), "3 d 4 h"),
        (words.clock(7.9), "0:07"),
        (words.clock(3723), "1:02:03"),
        (words.size(812), "812 B"),
        (words.size(1_240_000_000), "1.2 GB"),
        (words.size(12_600), "13 kB"),
        (words.score(0.912345), "0.9123"),
        (words.score(12345.6), "12,346"),
        (words.score(None), "-"),
        (words.number(3.0), "3"),
        (words.number(-0.25), "-0.25"),
        (words.number(1234567.8), "1,234,568"),
        (words.share(0, 10), "·"),
        (words.share(1, 5000), "<0.1 %"),
        (words.share(3, 1000), "0.3 %"),
        (words.share(1, 2), "50 %"),
        (words.when(1000.0, 1030.0), "just now"),
        (words.when(1000.0, 1600.0), "10 min ago"),
        (words.when(1000.0, 9000.0), "2 h ago"),
    ],
)
def test_numbers_are_said_as_people_say_them(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("said", "meant"),
    [("812", 812), ("500MB", 500_000_000), ("1.5 tb", 1_500_000_000_000), ("20 GB", 20_000_000_000), ("7b", 7)],
)
def test_sizes_are_read_as_they_are_said(said: str, meant: int) -> None:
    assert words.SIZE.convert(said, None, None) == meant


@pytest.mark.parametrize("said", ["", "GB", "-1", "1,5GB", "12 parsecs", "1e9"])
def test_what_is_no_size_says_how_to_write_one(said: str) -> None:
    with pytest.raises(click.BadParameter, match="Write it as 500MB"):
        words.SIZE.convert(said, None, None)


def test_every_status_can_be_shown() -> None:
    run = StagedClient().train(RunRequest(dataset_id="d"))
    assert {str(pages.status(replace(run, status=status))) for status in RunStatus} == {
        status.value for status in RunStatus
    }
