"""AutoGluon's TimeSeriesPredictor, seen from the bench: judged on held-out windows, taken up again after a stop.

Imported lazily: this module needs AutoGluon.

A forecast starts from history. `remember` puts it beside the predictor, in the rows and under the names of the person's
own table, and `trim` takes it into the model archive.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd
from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor
from autogluon.timeseries.metrics import check_get_evaluation_metric
from autogluon.timeseries.models import ModelRegistry

from gristmill.engines.base import Engine, Full, Say
from gristmill.engines.series_watch import FAILURES, Watch, rows_of
from gristmill.errors import RunFailed
from gristmill.records import LeaderboardRow, replace
from gristmill.tasks.series import (
    ITEM,
    STAMP,
    Panel,
    SeriesError,
    Step,
    coming,
    fewest_steps,
    latest_context,
    ready_for,
)

__all__ = [
    "SeriesEngine",
    "Watch",
    "Windows",
    "add",
    "ahead",
    "ensemble",
    "fits",
    "go_on",
    "judgeable",
    "remember",
    "seasonal",
]

CONTEXT, DESCRIBED, FACTS = "context.parquet", "described.parquet", "series.json"  # beside predictor.pkl
_LONGEST_SEASON = 24  # that ETS knows
_CONTEXT_STEPS = 2_500  # as far back as AutoGluon's local models look


class SeriesEngine(Engine):
    """AutoGluon's TimeSeriesPredictor."""

    needs = (
        *("autogluon.timeseries", "autogluon.tabular", "autogluon.core", "autogluon.common", "autogluon.features"),
        *("torch", "gluonts", "statsforecast", "mlforecast", "scikit-learn", "lightgbm", "catboost", "pandas", "numpy"),
        *("scipy", "pyarrow", "python-calamine"),
    )
    code = ("gristmill.tasks.series",)
    script = "predict_series.py"
    explains = "gristmill.figures.explained:series"

    def __init__(self) -> None:
        self._found: dict[str, Windows] = {}

    def watch(self, say: Say, full: Full = lambda: False) -> Watch:
        del full  # what forecasts is small
        return Watch(say)

    def reopen(self, path: Path) -> TimeSeriesPredictor | None:
        if not (path / "predictor.pkl").exists():
            return None
        try:
            predictor = TimeSeriesPredictor.load(str(path), require_version_match=False)
            ready_for(predictor.model_names())
            return predictor if predictor.model_names() else None
        except Exception:  # killed while writing its first files: whatever is wrong with them, there is nothing to keep
            return None

    def board(self, predictor: TimeSeriesPredictor) -> tuple[LeaderboardRow, ...]:
        return rows_of(predictor._trainer)

    def compare(
        self, predictor: TimeSeriesPredictor, test: TimeSeriesDataFrame, *, seconds: float
    ) -> tuple[LeaderboardRow, ...]:
        """The best is known by now; of the others, those that answer quickly come first."""
        rows, metric, left = self.board(predictor), predictor.eval_metric, seconds
        scores: dict[str, float] = {}
        for row in sorted(rows, key=lambda row: (row.model != self.best(predictor), row.predict_seconds or 0.0)):
            if row.model not in self._found:
                left -= test.attrs["series"]["windows"] * 1.5 * (row.predict_seconds or 0.0)
                if left < 0:
                    break
            scores[row.model] = metric.sign * self.windows(predictor, test, model=row.model).score(metric)
        return tuple(replace(row, test_score=scores.get(row.model)) for row in rows)

    def windows(
        self, predictor: TimeSeriesPredictor, test: TimeSeriesDataFrame, *, model: str | None = None
    ) -> Windows:
        """What `model`, or the best, forecasts for the held-out windows of `test`; asked once."""
        name, number = model or self.best(predictor), test.attrs["series"]["windows"]
        if name not in self._found:
            held = judgeable(test)
            forecasts = predictor.backtest_predictions(held, model=name, num_val_windows=number)
            truths = predictor.backtest_targets(held, num_val_windows=number)
            self._found[name] = Windows(truths, forecasts, predictor.target)
        return self._found[name]

    def best(self, predictor: TimeSeriesPredictor) -> str:
        return str(predictor.model_best)

    def natural(self, metric: str, score: float) -> float:
        return float(check_get_evaluation_metric(metric, prediction_length=1).sign * score)

    def trim(self, predictor: TimeSeriesPredictor, path: Path) -> None:
        trainer = predictor._trainer
        kept = {*trainer.get_minimum_model_set(predictor.model_best), trainer.trainer_file_name}
        models, data = str(Path(trainer.path)), Path(trainer.path_data)

        def left_out(folder: str, names: list[str]) -> set[str]:
            if folder == models:
                return set(names) - kept
            return {data.name} if folder == str(data.parent) else {"logs", FAILURES}

        shutil.copytree(predictor.path, path, ignore=left_out)
        trimmed = TimeSeriesPredictor.load(str(path), require_version_match=False)
        lean = trimmed._trainer
        lean.model_graph.remove_nodes_from([name for name in lean.get_model_names() if name not in kept])
        lean.model_best = predictor.model_best
        lean.save()

    def columns(self, predictor: TimeSeriesPredictor) -> tuple[str, ...]:
        told = _told(predictor)
        return (
            *told["panel"]["items"],
            told["panel"]["time"],
            str(predictor.target),
            *predictor.known_covariates_names,
            *told["past"],
            *told["static"],
        )

    def classes(self, predictor: TimeSeriesPredictor) -> None:
        del predictor
        return None

    def failures(self, predictor: TimeSeriesPredictor) -> dict[str, str]:
        path = Path(predictor.path) / FAILURES
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {name: reason for name, reason in kept.items() if name not in predictor.model_names()}


def judgeable(test: TimeSeriesDataFrame) -> TimeSeriesDataFrame:
    """The series that are long enough to hold windows out of, as training has done."""
    told = test.attrs["series"]
    horizon, number = told["horizon"], told["windows"]
    lengths = test.num_timesteps_per_item()
    held: TimeSeriesDataFrame = test.loc[list(lengths.index[lengths >= fewest_steps(horizon) + (number - 1) * horizon])]
    held.attrs = test.attrs
    return held


class Windows:
    """Forecasts of the held-out windows, each from all that came before it, beside what came."""

    def __init__(self, truths: list[TimeSeriesDataFrame], forecasts: list[TimeSeriesDataFrame], target: str) -> None:
        self.truths, self.forecasts, self.target = truths, forecasts, target

    def score(self, metric: Any) -> float:
        """The mean over the windows, as `evaluate` gives it: more is better."""
        scores = [
            metric.score(data=truth, predictions=forecast, target=self.target)
            for truth, forecast in zip(self.truths, self.forecasts, strict=True)
        ]
        return float(pd.Series(scores).mean())

    def scores(self, first: Any, *others: str) -> dict[str, float]:
        """That for several metrics: the predictor's own, and more by their names where they are defined."""
        found = {first.name: self.score(first)}
        if not isfinite(found[first.name]):
            raise RunFailed(
                f"{first.name} is not defined for these series.",
                cause="Each of them is constant, or repeats its season exactly.",
                cure="Choose another metric, such as --metric MAE.",
            )
        for name in others:
            more = check_get_evaluation_metric(name, first.prediction_length, first.seasonal_period)
            found.setdefault(name, self.score(more))
        return {name: score for name, score in found.items() if isfinite(score)}


def remember(predictor: TimeSeriesPredictor, test: TimeSeriesDataFrame) -> None:
    """Keep beside the predictor what a forecast starts from: the latest history, and what is known ahead."""
    told = dict(test.attrs["series"])
    future = pd.DataFrame(told.pop("future"))
    history = test.to_data_frame().reset_index()
    rows = history.groupby(ITEM, sort=False).tail(_CONTEXT_STEPS)
    if len(future):
        rows = pd.concat([rows, future.assign(**{STAMP: pd.to_datetime(future[STAMP])})])
    rows.reset_index(drop=True).to_parquet(Path(predictor.path) / CONTEXT, index=False)
    if test.static_features is not None:
        test.static_features.reset_index().to_parquet(Path(predictor.path) / DESCRIBED, index=False)
    (Path(predictor.path) / FACTS).write_text(json.dumps(told), encoding="utf-8")


def fits(predictor: TimeSeriesPredictor, train: TimeSeriesDataFrame) -> bool:
    """Whether a predictor of before can go on with these series: as many of the same steps, from the same columns."""
    told, learned = train.attrs["series"], predictor._learner.feature_generator
    described = set() if train.static_features is None else set(train.static_features.columns)
    return bool(
        predictor.prediction_length == told["horizon"]
        and predictor.freq == train.freq
        and predictor.target == told["target"]
        and set(predictor.known_covariates_names) == set(told["known"])
        and set(learned.required_column_names) <= set(train.columns)
        and set(learned.covariate_metadata.static_features) <= described
    )


def ahead(predictor: TimeSeriesPredictor, test: TimeSeriesDataFrame) -> TimeSeriesDataFrame | None:
    """The forecast from where the series end; None where it needs columns that nobody has told for the time ahead."""
    told = test.attrs["series"]
    panel = Panel((ITEM,), STAMP, Step(**told["panel"]["step"]))
    context = latest_context(test.to_data_frame().reset_index(), panel, most=_CONTEXT_STEPS)
    if not told["known"]:
        return predictor.predict(TimeSeriesDataFrame(context, static_features=test.static_features))
    future = pd.DataFrame(told["future"])
    try:
        steps = predictor.make_future_data_frame(TimeSeriesDataFrame(context))
        future = future.assign(**{STAMP: pd.to_datetime(future[STAMP])}) if len(future) else future
        known = coming(steps, future, told["known"])
    except SeriesError:
        return None
    context = context[context[ITEM].isin(set(known[ITEM]))]
    frame = TimeSeriesDataFrame(context, static_features=test.static_features)
    return predictor.predict(frame, known_covariates=TimeSeriesDataFrame(known))


def seasonal(hyperparameters: dict[str, Any], season: int) -> dict[str, Any]:
    """The same, with the season for those that ask for one and have none."""
    asking = {"SeasonalNaive", "Theta", "DynamicOptimizedTheta"} | (
        {"ETS", "AutoETS"} if season <= _LONGEST_SEASON else set()
    )
    return {
        key: {"seasonal_period": season} | value if key in asking and isinstance(value, dict) else value
        for key, value in hyperparameters.items()
    }


def ensemble(predictor: TimeSeriesPredictor, chosen: Sequence[str] = ()) -> None:
    """Weigh the finished candidates against each other, after a fit that was stopped before it could; or the chosen."""
    trainer = predictor._trainer
    names = list(chosen) or trainer.get_model_names(layer=0)
    if len(names) < 2 or (not chosen and len(names) < len(trainer.get_model_names())):
        return
    trainer._fit_ensembles(
        data_per_window=trainer._get_validation_windows(trainer.load_train_data(), None),
        predictions_per_window=trainer._get_base_model_predictions(names),
        time_limit=None,
        ensemble_hyperparameters=[{"GreedyEnsemble": {}}],
        num_windows_per_layer=trainer.num_val_windows,
    )
    predictor._learner.save_trainer(trainer)


def go_on(predictor: TimeSeriesPredictor, hyperparameters: dict[str, Any], *, time_limit: float) -> None:
    """Train those of the candidates that the predictor lacks, and weigh all of them anew."""
    trainer = predictor._trainer
    rest = {key: value for key, value in hyperparameters.items() if _name(key) not in trainer.get_model_names()}
    if rest:
        ready_for(_name(key) for key in rest)
        trainer.fit(trainer.load_train_data(), rest, time_limit=time_limit)
        predictor._learner.save_trainer(trainer)
    else:
        ensemble(predictor)


def add(predictor: TimeSeriesPredictor, hyperparameters: dict[str, Any], *, time_limit: float) -> None:
    """Train more candidates, and leave the ensemble as it is."""
    trainer = predictor._trainer
    trainer.fit(trainer.load_train_data(), hyperparameters, ensemble_hyperparameters={}, time_limit=time_limit)
    predictor._learner.save_trainer(trainer)


def _name(key: str) -> str:
    return str(ModelRegistry.get_model_class(key).__name__).removesuffix("Model")


def _told(predictor: TimeSeriesPredictor) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(predictor.path) / FACTS).read_text(encoding="utf-8"))
    return found
