"""What the bench must know of AutoGluon's predictor beyond its public calls, held against the real one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from autogluon.tabular import TabularPredictor

from gristmill.engines.tabular import trim

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
