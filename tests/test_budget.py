"""How a run's budget is shared out: what is held back for saving, for a salvage, and for the way into the store."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.budget import Budget, Freight, Pace

SECONDS = st.floats(min_value=30, max_value=10**6)
A_GIGABYTE = 10**9


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def pace(spent: float, load: float = 0.0) -> Pace:
    return Pace(clock=Clock(spent), load=lambda: load, cores=2)


def made(out: Path, size: int) -> None:
    """A model of `size` bytes, none of which are on the disk."""
    (out / "model" / "models" / "Forest").mkdir(parents=True, exist_ok=True)
    with (out / "model" / "models" / "Forest" / "model.pkl").open("wb") as file:
        file.truncate(size)


@given(
    total=SECONDS,
    spent=st.floats(min_value=0, max_value=10**6),
    warm=st.floats(min_value=0, max_value=100),
    storing=st.floats(min_value=0, max_value=1000),
)
def test_training_never_gets_time_that_saving_and_a_salvage_need(
    total: float, spent: float, warm: float, storing: float
) -> None:
    budget = Budget(total, started_at=0.0, warm=warm, pace=pace(spent), storing=lambda: storing)
    fitting = budget.for_fitting()
    assert fitting == 0 or fitting + budget.for_saving() + budget.for_salvage() <= total - spent + 1e-6
    assert budget.for_salvage() >= budget.for_finishing() or storing < 2
    assert 0 <= budget.for_explaining() <= budget.left()
    assert budget.left() == max(0.0, total - spent)


def test_a_minute_leaves_most_of_it_for_training() -> None:
    assert Budget(60, started_at=0.0, warm=3.0, pace=pace(3.0)).for_fitting() > 38


@given(spent=st.floats(min_value=0, max_value=50))
def test_what_loading_cost_is_what_a_restart_is_given(spent: float) -> None:
    budget = Budget(1000, started_at=0.0, pace=pace(spent))
    assert budget.for_salvage() + budget.for_saving() > spent


def test_time_spent_on_training_is_not_taken_for_time_spent_on_loading() -> None:
    clock = Clock(5.0)
    budget = Budget(120, started_at=0.0, pace=Pace(clock=clock, load=lambda: 0.0, cores=2))
    first = budget.for_fitting()
    clock.now += 60.0
    assert budget.for_fitting() == pytest.approx(first - 60.0)


def test_a_busy_machine_is_given_more_time_to_come_home() -> None:
    alone, shared, crowded = (Budget(120, started_at=0.0, pace=pace(10.0, load)) for load in (2.0, 6.0, 600.0))
    assert shared.for_finishing() - alone.for_finishing() == 6.0
    assert alone.for_fitting() > shared.for_fitting() > crowded.for_fitting() > 30
    assert crowded.for_salvage() + crowded.for_saving() > 1.5 * (alone.for_salvage() + alone.for_saving())


@pytest.mark.parametrize("load", [2.0, 6.0, 600.0])
def test_a_first_candidate_has_time_however_busy_the_machine(load: float) -> None:
    late = Budget(45, started_at=0.0, pace=pace(25.0, load))
    assert 5.0 < late.for_first() < late.left()
    assert Budget(45, started_at=0.0, pace=pace(44.0, load)).for_first() < 1.0
    assert Budget(45, started_at=0.0, pace=pace(50.0, load)).for_first() == 0
    early = Budget(600, started_at=0.0, pace=pace(10.0, load))
    assert early.for_first() < early.for_fitting()  # where there is time, the usual shares hold


@given(load=st.floats(min_value=0, max_value=1000), spent=st.floats(min_value=0, max_value=7))
def test_a_short_run_trains_for_a_while_however_busy_the_machine(load: float, spent: float) -> None:
    assert Budget(45, started_at=0.0, pace=pace(spent, load)).for_fitting() >= 45 / 2 - spent - 2


def test_on_a_busy_machine_a_run_makes_do_with_fewer_threads() -> None:
    assert [pace(0.0, load).free(2) for load in (0.0, 3.0, 4.0, 600.0)] == [2, 2, 1, 1]
    assert Pace(load=lambda: 32.0, cores=16).free(16) == 8


def test_large_models_are_given_time_to_be_stored_and_small_ones_cost_none(tmp_path: Path) -> None:
    large, small = tmp_path / "large", tmp_path / "small"
    made(large, A_GIGABYTE)
    made(small, 3_000_000)
    none, little, much = (
        Budget(300, started_at=0.0, pace=pace(20.0), storing=Freight(out).seconds)
        for out in (tmp_path / "none", small, large)
    )
    assert little.for_finishing() - none.for_finishing() < 0.1
    assert much.for_finishing() - none.for_finishing() > 8
    # Before they are saved they would have to be loaded and packed, too.
    assert none.for_fitting() - much.for_fitting() > 2 * (much.for_finishing() - none.for_finishing())


def test_what_a_run_makes_is_weighed_once_a_second(tmp_path: Path) -> None:
    clock = Clock()
    freight = Freight(tmp_path, clock)
    assert freight.seconds() == 0
    made(tmp_path, A_GIGABYTE)
    assert freight.seconds() == 0
    clock.now += 1.0
    assert freight.seconds() > 8
