"""What the bench must know of AutoGluon's predictor beyond its public calls, held against the real one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from autogluon.tabular import TabularPredictor

from gristmill.bench import Bench
from gristmill.budget import Budget
from gristmill.engines.tabular import trim
from gristmill.records import EventKind
from test_bench import bench_file

pytestmark = [pytest.mark.engine, pytest.mark.slow]

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_a_trimmed_predictor_answers_alike_and_holds_no_other_model(tmp_path: Path) -> None:
    rows = pd.read_csv(EXAMPLES / "penguins.csv")
    predictor = TabularPredictor(label="species", path=str(tmp_path / "whole"), verbosity=0)
    predictor.fit(rows, hyperparameters={"GBM": [{}], "RF": [{}]}, fit_weighted_ensemble=False)
    trim(predictor, tmp_path / "trimmed")
    trimmed = TabularPredictor.load(str(tmp_path / "trimmed"), verbosity=0)
    assert trimmed.model_names() == [predictor.model_best]
    assert [path.name for path in (tmp_path / "trimmed" / "models").iterdir() if path.is_dir()] == [
        predictor.model_best
    ]
    assert not list((tmp_path / "trimmed").rglob("X.pkl"))  # the rows it was trained on
    assert trimmed.predict_proba(rows).equals(predictor.predict_proba(rows))
    assert len(predictor.model_names()) == 2  # the whole one is as it was
    assert predictor.leaderboard(rows)["score_test"].notna().all()


def test_no_candidate_is_begun_where_large_ones_take_the_time_that_is_left(tmp_path: Path) -> None:
    rows, stored = pd.read_csv(EXAMPLES / "penguins.csv"), [0.0]
    bench_file(task="tabular-classification", target="species", budget=600.0).write(tmp_path)
    bench = Bench.open(tmp_path)
    bench.budget = Budget(600.0, started_at=time.time(), storing=lambda: stored[0])

    def grown(kind: EventKind, body: Mapping[str, Any]) -> None:
        del body
        stored[0] += 300.0 if kind is EventKind.LEADERBOARD else 0.0

    bench.say = grown  # type: ignore[method-assign]
    predictor = TabularPredictor(label="species", path=str(bench.out / "model"), verbosity=0)
    candidates = {"GBM": [{}, {"extra_trees": True, "ag_args": {"name_suffix": "XT"}}]}
    predictor.fit(rows, hyperparameters=candidates, callbacks=[bench.watch()])
    assert len(predictor.model_names()) == 2  # the first, and the ensemble
    # What is full from the start has no part in it: nor has a budget that is over, where a person runs the notebook.
    stored[0] = 0.0
    bench.budget = Budget(1.0, started_at=0.0, storing=lambda: stored[0])
    bench.watch().attach(predictor)
    predictor.fit_extra({"GBM": [{"ag_args": {"name_suffix": "Late"}}]}, fit_weighted_ensemble=False)
    assert "LightGBMLate" in predictor.model_names()
