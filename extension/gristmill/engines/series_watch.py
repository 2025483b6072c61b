"""Looking on while AutoGluon's TimeSeriesPredictor trains: its `fit` takes no callbacks.

Its trainer writes down what it has only at the end. So while a Watch is on, the trainer's own note of a finished model
also saves the trainer and says the leaderboard: a predictor whose process was killed in mid fit then loads with all
models that were finished. Why a candidate failed the trainer says to its log alone, so that is listened to.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from autogluon.timeseries import TimeSeriesPredictor
from autogluon.timeseries.models.local.statsforecast import AbstractStatsForecastModel
from autogluon.timeseries.trainer import TimeSeriesTrainer

from gristmill.engines.base import Say
from gristmill.records import EventKind, LeaderboardRow, to_plain

__all__ = ["FAILURES", "Watch", "rows_of"]

FAILURES = "failures.json"  # beside predictor.pkl
_COMPILING = 2  # seconds for ETS and Theta to be compiled; with less than its own 15, AutoGluon leaves them out


class Watch:
    """Says the leaderboard after each model, and what is being fitted before it."""

    def __init__(self, say: Say) -> None:
        self._say = say

    @contextmanager
    def over(self, predictor: TimeSeriesPredictor) -> Iterator[None]:
        """While this lasts, the predictor keeps what it finishes, and tells of it."""
        predictor.save()  # what loads it again; by itself it is written when all is done
        add, train = TimeSeriesTrainer._add_model, TimeSeriesTrainer._train_and_save

        def told_add(trainer: TimeSeriesTrainer, model: Any, *more: Any, **named: Any) -> None:
            add(trainer, model, *more, **named)
            if (Path(trainer.path) / model.name / "model.pkl").exists():  # an ensemble is added before it is saved
                trainer.save()
            self._say(EventKind.LEADERBOARD, {"rows": to_plain(rows_of(trainer))})

        def told_train(trainer: TimeSeriesTrainer, *more: Any, **named: Any) -> Any:
            name = named["model"].name
            self._say(EventKind.PHASE, {"phase": "fit", "model": name})
            with _complaints() as heard:
                trained = train(trainer, *more, **named)
            if not trained:
                path = Path(predictor.path) / FAILURES
                kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
                path.write_text(json.dumps(kept | {name: _reason(heard)}), encoding="utf-8")
            return trained

        reserve = AbstractStatsForecastModel.init_time_in_seconds
        TimeSeriesTrainer._add_model, TimeSeriesTrainer._train_and_save = told_add, told_train
        AbstractStatsForecastModel.init_time_in_seconds = _COMPILING
        try:
            yield
        finally:
            TimeSeriesTrainer._add_model, TimeSeriesTrainer._train_and_save = add, train
            AbstractStatsForecastModel.init_time_in_seconds = reserve


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What AutoGluon's trainer logs as errors meanwhile: it says there why a candidate failed, and nowhere else."""
    heard: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    listening, logger = Listening(level=logging.ERROR), logging.getLogger("autogluon.timeseries.trainer")
    logger.addHandler(listening)
    try:
        yield heard
    finally:
        logger.removeHandler(listening)


def _reason(heard: list[str]) -> str:
    """The end of a traceback, or that there was no time left."""
    if any("Traceback" in one for one in heard):
        return heard[-1].strip().splitlines()[-1]
    return "It would not have been ready in time."


def rows_of(trainer: TimeSeriesTrainer) -> tuple[LeaderboardRow, ...]:
    """The trainer's leaderboard as records, best first."""
    board, layers = trainer.leaderboard(), trainer._get_model_layers()

    def number(value: Any) -> float | None:
        return None if value is None or pd.isna(value) else float(value)

    rows = []
    for _, row in board.iterrows():
        score = number(row["score_val"])
        folder = Path(trainer.path) / str(row["model"])
        rows.append(
            LeaderboardRow(
                model=str(row["model"]),
                score=None if score is None else trainer.eval_metric.sign * score,
                fit_seconds=number(row["fit_time_marginal"]),
                predict_seconds=number(row["pred_time_val"]),
                bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
                level=layers.get(str(row["model"]), 0) + 1,
            )
        )
    return tuple(rows)
