"""Logistic regression, or what a subclass has instead, over whatever a candidate makes of its texts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from autogluon.common import space
from autogluon.core.models import AbstractModel
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

__all__ = ["Linear"]

_EVEN = frozenset({"balanced_accuracy", "f1_macro", "roc_auc_ovr_macro"})  # metrics to which each class counts alike
_ONLY_TEXTS: dict[str, Any] = {
    "get_features_kwargs": {"valid_raw_types": ["object"], "required_special_types": ["text"]},
    "drop_unique": False,
}


class Linear(AbstractModel):  # type: ignore[misc]  # autogluon ships no types
    """A subclass learns to turn rows into features, in `_learn`, and turns them, in `_features`."""

    seed_name = "random_state"
    strengths: tuple[float, ...]  # of belief in single features, the likeliest first
    _supported_problem_types: tuple[str, ...] = ("binary", "multiclass")
    _default_auxiliary_params_extra = _ONLY_TEXTS

    def _learn(self, X: pd.DataFrame, until: float) -> Any:
        raise NotImplementedError

    def _features(self, X: pd.DataFrame) -> Any:
        raise NotImplementedError

    def _fit(
        self,
        X: pd.DataFrame,
        y: pd.Series,
        X_val: pd.DataFrame | None = None,
        y_val: pd.Series | None = None,
        time_limit: float | None = None,
        **_: Any,
    ) -> None:
        until = time.monotonic() + (1e9 if time_limit is None else time_limit)
        features = self._learn(self.preprocess(X), until)
        validated = None if X_val is None else self._features(self.preprocess(X_val))
        best = -np.inf
        strengths = (self.params["strength"],) if "strength" in self.params else self.strengths
        for strength in strengths if validated is not None else strengths[:1]:
            before = time.monotonic()
            model = self._weighed(features, y, strength)
            score = 0.0 if validated is None else self._score(model, validated, y_val)
            if score > best:
                self.model, best = model, score
            if time.monotonic() + 2 * (time.monotonic() - before) > until:
                break

    def _get_default_searchspace(self) -> dict[str, Any]:
        likeliest = self.strengths[0]
        return {"strength": space.Real(likeliest / 30, 30 * likeliest, default=likeliest, log=True)}

    def _weighed(self, features: Any, y: pd.Series, strength: float) -> Any:
        weights = "balanced" if self.eval_metric.name in _EVEN else None
        seed = self.params.get("random_state", 0)
        model = LogisticRegression(C=strength, max_iter=300, class_weight=weights, random_state=seed)
        with threadpool_limits(1):  # threads that wait for each other at every step cost far more than they bring
            return model.fit(features, y)

    def _score(self, model: Any, features: Any, y: Sequence[Any] | pd.Series | None) -> float:
        return float(self.score_with_y_pred_proba(y=y, y_pred_proba=self._chances(model, features)))

    def _predict_proba(self, X: pd.DataFrame, **_: Any) -> np.ndarray:
        return self._chances(self.model, self._features(self.preprocess(X)))

    def _chances(self, model: Any, features: Any) -> np.ndarray:
        chances: np.ndarray = model.predict_proba(features)
        if self.problem_type == "multiclass" and chances.shape[1] < self.num_classes:  # a fold may have missed one
            whole = np.zeros((len(chances), self.num_classes), dtype=chances.dtype)
            whole[:, model.classes_.astype(int)] = chances
            chances = whole
        unified: np.ndarray = self._convert_proba_to_unified_form(chances)
        return unified
