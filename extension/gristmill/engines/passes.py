"""Our dense predictors, seen from the bench: watched pass by pass, taken up again after they were stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

from gristmill.engines.base import Engine, Full, Say
from gristmill.engines.dense import DensePredictor, Progress, Tried
from gristmill.records import EventKind, LeaderboardRow, to_plain

__all__ = ["DenseEngine", "Watch"]


class DenseEngine(Engine):
    """A predictor of gristmill.engines.dense; a subclass says which."""

    needs = ("torch", "numpy", "pandas", "pillow", "scikit-learn", "scipy")
    code = (
        *("gristmill.engines.dense", "gristmill.engines.backbones", "gristmill.masks", "gristmill.pictures"),
        "gristmill.weights",
    )
    predictor: ClassVar[type[DensePredictor]]

    def watch(self, say: Say, full: Full = lambda: False) -> Watch:
        del full  # what is kept of a network is small
        return Watch(say)

    def reopen(self, path: Path) -> Any | None:
        if not (path / "predictor.pkl").exists():
            return None
        try:
            predictor = self.predictor.load(path)
        except Exception:  # killed while writing its first files: whatever is wrong with them, there is nothing to keep
            return None
        return predictor if predictor.model_names() else None

    def board(self, predictor: DensePredictor) -> tuple[LeaderboardRow, ...]:
        return tuple(_row(tried) for tried in predictor.tried)

    def compare(self, predictor: DensePredictor, test: Any, *, seconds: float) -> tuple[LeaderboardRow, ...]:
        rows: list[LeaderboardRow] = []
        begun, taken = time.monotonic(), 0.0
        for tried in predictor.tried:
            score = None
            if time.monotonic() - begun + taken <= seconds or not rows:
                started = time.monotonic()
                score = predictor.evaluate(test, model=tried.name)[predictor.eval_metric]
                taken = max(taken, time.monotonic() - started)
            rows.append(_row(tried, score))
        return tuple(rows)

    def best(self, predictor: DensePredictor) -> str:
        return predictor.model_best

    def natural(self, metric: str, score: float) -> float:
        del metric
        return score

    def trim(self, predictor: DensePredictor, path: Path) -> None:
        predictor.clone_for_deployment(path)

    def columns(self, predictor: DensePredictor) -> tuple[str, ...]:
        return (predictor.picture,)

    def classes(self, predictor: DensePredictor) -> tuple[str, ...]:
        return predictor.names

    def failures(self, predictor: DensePredictor) -> dict[str, str]:
        return dict(predictor.failures)


class Watch(Progress):
    """Says what is being trained, and the leaderboard after each pass."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def began(self, predictor: DensePredictor, name: str) -> None:
        del predictor
        self._say(EventKind.PHASE, {"phase": "fit", "model": name})

    def passed(self, predictor: DensePredictor, name: str) -> bool:
        done = next((tried.history for tried in predictor.tried if tried.name == name), [])
        told = f"{name}, pass {done[-1].number}" if done else name
        self._say(EventKind.PHASE, {"phase": "fit", "model": told})
        self._say(EventKind.LEADERBOARD, {"rows": to_plain([_row(tried) for tried in predictor.tried])})
        return False


def _row(tried: Tried, test_score: float | None = None) -> LeaderboardRow:
    return LeaderboardRow(
        model=tried.name,
        score=tried.score,
        test_score=test_score,
        fit_seconds=tried.seconds,
        predict_seconds=tried.answering,
        bytes=tried.bytes,
    )
