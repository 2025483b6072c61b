"""All columns of a mixed table in one weighted sum: what a sentence encoder makes of its texts, and a network of its
pictures, beside its numbers and words. On few rows that is often ahead of trees, which need many to add things up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from gristmill.engines.texts.linear import Linear
from gristmill.engines.texts.sentences import SentenceBoosted

from .columns import AllColumns

__all__ = ["SeenLinear"]

_FARTHEST = 5.0  # deviations from the mean that a number may be taken for
_CATEGORIES = 50  # of a column; the others are one


class SeenLinear(Linear):
    """Logistic or ridge regression over encodings of texts and pictures, and all other columns, on an equal footing."""

    ag_key = "SEEN_LINEAR"
    ag_name = "SeenLinear"
    ag_priority = 190
    strengths = (1.0, 10.0, 0.1, 100.0, 0.01)
    _supported_problem_types = ("binary", "multiclass", "regression")
    _default_auxiliary_params_extra = SentenceBoosted._default_auxiliary_params_extra | {"get_features_kwargs": None}

    def _learn(self, X: pd.DataFrame, until: float) -> NDArray[np.float64]:
        del until
        pictures = self._feature_metadata.get_features(required_special_types=["image_path"])
        self._columns = AllColumns(X, pictures, self.params)
        blocks = self._columns.blocks(X, self.params)
        self._scalers = [_scaler().fit(block) for block in blocks]
        return self._scaled(blocks)

    def _features(self, X: pd.DataFrame) -> NDArray[np.float64]:
        return self._scaled(self._columns.blocks(X, self.params))

    def _scaled(self, blocks: list[pd.DataFrame]) -> NDArray[np.float64]:
        """Beside each other, none louder than another however many columns it has."""
        parts = [
            np.clip(scaler.transform(block), -_FARTHEST, _FARTHEST)
            for scaler, block in zip(self._scalers, blocks, strict=True)
            if block.shape[1]
        ]
        return np.concatenate([part / np.sqrt(max(1, part.shape[1])) for part in parts], axis=1)

    def _weighed(self, features: Any, y: pd.Series, strength: float) -> Any:
        if self.problem_type != "regression":
            return super()._weighed(features, y, strength)
        with threadpool_limits(1):
            return Ridge(alpha=1 / strength).fit(features, y)

    def _chances(self, model: Any, features: Any) -> np.ndarray:
        if self.problem_type != "regression":
            return super()._chances(model, features)
        answers: np.ndarray = model.predict(features)
        return answers


def _scaler() -> Any:
    """Numbers about their mean, categories as a column each; what is missing is the middle one, and said to be so."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    words = OneHotEncoder(max_categories=_CATEGORIES, handle_unknown="infrequent_if_exist", sparse_output=False)
    return make_column_transformer(
        (words, make_column_selector(dtype_include=["category", "object"])),
        (numbers, make_column_selector(dtype_include=["number", "bool"])),
    )
