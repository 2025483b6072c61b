"""The bench: what it says, and what by hand means. Fits are in test_worker.py."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from gristmill.bench import Bench, BenchFile, Mode
from gristmill.errors import NotFound
from gristmill.records import EventKind, Profile, Resources


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


def with_a_candidate(folder: Path) -> None:
    """What an engine leaves once it has finished one."""
    for name in ("predictor.pkl", "models/LightGBM/model.pkl"):
        (folder / "out" / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "out" / "model" / name).touch()


def test_until_a_candidate_is_finished_there_is_time_for_one(tmp_path: Path) -> None:
    bench_file(budget=45.0, started_at=time.time() - 38).write(tmp_path)
    bench = Bench.open(tmp_path)
    assert bench.budget.for_fitting() == 0
    assert 1 < bench.time_to_fit() < 7
    assert bench.time_to_fit(0.1) > 1
    (tmp_path / "out" / "model").mkdir()
    (tmp_path / "out" / "model" / "predictor.pkl").touch()
    assert bench.time_to_fit() > 1
    with_a_candidate(tmp_path)
    assert bench.time_to_fit() == 0
    bench_file(budget=45.0, mode=Mode.SALVAGE).write(tmp_path)
    (tmp_path / "out" / "model" / "predictor.pkl").unlink()
    assert Bench.open(tmp_path).time_to_fit() == 0


def test_with_time_enough_a_share_is_a_share(tmp_path: Path) -> None:
    bench_file(budget=3600.0).write(tmp_path)
    bench = Bench.open(tmp_path)
    assert bench.time_to_fit(0.5) == pytest.approx(0.5 * bench.time_to_fit(), rel=0.01)


@pytest.mark.parametrize(("spent", "is_full"), [(38.0, True), (0.0, False)])
def test_in_borrowed_time_no_second_candidate_is_begun(tmp_path: Path, spent: float, is_full: bool) -> None:
    bench_file(budget=45.0 if spent else 3600.0, started_at=time.time() - spent).write(tmp_path)
    bench = Bench.open(tmp_path)
    bench.__dict__["engine"] = SimpleNamespace(watch=lambda _, full: full)
    full = bench.watch()
    assert not full()
    with_a_candidate(tmp_path)
    assert full() is is_full


def test_a_run_folder_holds_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-word")
    bench_file().write(tmp_path)
    Bench.open(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "a-secret-word" in path.read_text()]
