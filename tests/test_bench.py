"""The bench: how a budget is shared out, what it says, and what by hand means. Fits are in test_worker.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.bench import Bench, BenchFile, Budget, Pace
from gristmill.errors import NotFound
from gristmill.records import EventKind, Profile, Resources

SECONDS = st.floats(min_value=30, max_value=10**6)


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def pace(spent: float, load: float = 0.0) -> Pace:
    return Pace(clock=Clock(spent), load=lambda: load, cores=2)


@given(total=SECONDS, spent=st.floats(min_value=0, max_value=10**6), warm=st.floats(min_value=0, max_value=100))
def test_training_never_gets_time_that_saving_and_a_salvage_need(total: float, spent: float, warm: float) -> None:
    budget = Budget(total, started_at=0.0, warm=warm, pace=pace(spent))
    fitting = budget.for_fitting()
    assert fitting == 0 or fitting + budget.for_saving() + budget.for_salvage() <= total - spent + 1e-6
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


def bench_file(**changes: object) -> BenchFile:
    plain: dict[str, object] = {
        "run_id": "run-1",
        "name": "flights",
        "recipe": "tabular@1",
        "task": "tabular-classification",
        "target": "late",
        "metric": "roc_auc",
        "budget": 60.0,
        "seed": 7,
        "profile": Profile(tables=(), files=1, bytes=10),
        "resources": Resources(cpus=2, memory=4 * 10**9),
    }
    return BenchFile(**(plain | changes))  # type: ignore[arg-type]


def test_a_folder_that_is_no_run_folder_is_refused_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="it has no run"):
        Bench.open(tmp_path)


def test_by_hand_the_budget_counts_from_opening_and_a_worker_says_when(tmp_path: Path) -> None:
    bench_file().write(tmp_path)
    assert Bench.open(tmp_path).budget.spent() < 5
    bench_file(started_at=0.0).write(tmp_path)
    assert Bench.open(tmp_path).budget.left() == 0


def test_what_the_bench_says_is_a_line_each(tmp_path: Path) -> None:
    bench_file().write(tmp_path)
    bench = Bench.open(tmp_path)
    bench.say(EventKind.PHASE, {"phase": "fit", "model": "Größe\n2"})
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["body"]["phase"] for line in lines] == ["load", "fit"]
    assert set(bench.seconds()) == {"load", "fit"}
    assert bench.reopened() is None
    assert bench.facts()["memory"] == "4.0 GB"


def test_a_run_folder_holds_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-word")
    bench_file().write(tmp_path)
    Bench.open(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "a-secret-word" in path.read_text()]
