"""What a sentence encoder makes of the texts, and a head over it: linear, or boosted trees.

The encoder is not part of a saved candidate: it is found again by its name when the candidate is asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from autogluon.tabular.models import LGBModel
from sklearn.preprocessing import StandardScaler

from .encoder import encoder_of
from .frames import joined
from .linear import Linear

__all__ = ["SentenceBoosted", "SentenceLinear", "encodings"]

_ALL_COLUMNS: dict[str, Any] = {
    "valid_raw_types": ["bool", "int", "float", "category", "object"],
    "ignored_type_group_special": ["text_ngram", "text_as_category", "text_special"],
    "drop_unique": False,
}
_ROWS_A_PROCESSOR = 5_000
_OWN = ("encoder", "tokens", "folder")  # settings that are no head's


def encodings(texts: pd.DataFrame, settings: dict[str, Any]) -> np.ndarray:
    """What the encoder that the settings name makes of each row's texts."""
    rows = encoder_of(settings["encoder"]).encode(
        joined(texts), tokens=settings["tokens"], folder=settings.get("folder", "")
    )
    if rows is None:
        raise RuntimeError("an encoder that has all the time it wants came to no end")
    return rows


class SentenceLinear(Linear):
    """Sentence encodings with logistic regression on top."""

    ag_key = "SENTENCE_LINEAR"
    ag_name = "SentenceLinear"
    ag_priority = 190
    strengths = (0.03, 0.3, 0.003)

    def _learn(self, X: pd.DataFrame, until: float) -> np.ndarray:
        del until
        self._scaler = StandardScaler()
        rows: np.ndarray = self._scaler.fit_transform(encodings(X, self.params))
        return rows

    def _features(self, X: pd.DataFrame) -> np.ndarray:
        rows: np.ndarray = self._scaler.transform(encodings(X, self.params))
        return rows


class SentenceBoosted(LGBModel):  # type: ignore[misc]  # autogluon ships no types
    """Sentence encodings, and all columns that are no texts, with AutoGluon's LightGBM over them."""

    ag_key = "SENTENCE_BOOSTED"
    ag_name = "SentenceBoosted"
    ag_priority = 180
    _supported_problem_types: tuple[str, ...] = ("binary", "multiclass")
    _default_auxiliary_params_extra = _ALL_COLUMNS

    def _set_default_params(self) -> None:
        super()._set_default_params()
        for name, value in {"num_leaves": 15, "feature_fraction": 0.3, "min_data_in_leaf": 10}.items():
            self._set_default_param_value(name, value)

    def _get_model_params(self, **arguments: Any) -> dict[str, Any]:
        params = super()._get_model_params(**arguments)
        return {name: value for name, value in params.items() if name not in _OWN}

    def _fit(self, X: pd.DataFrame, y: pd.Series, num_cpus: int = 1, **arguments: Any) -> None:
        # On few rows processors spend their time waiting for each other.
        super()._fit(X, y, num_cpus=max(1, min(num_cpus, len(X) // _ROWS_A_PROCESSOR)), **arguments)

    def _preprocess_nonadaptive(self, X: pd.DataFrame, is_train: bool = False, **_: Any) -> pd.DataFrame:
        if is_train:
            self._texts = [name for name in self.features if X[name].dtype.kind == "O"]
        names = [name for name in self.features if name not in self._texts]
        plain = X[names].set_axis([f"c{place}" for place in range(len(names))], axis=1)  # LightGBM chokes on some names
        rows = encodings(X[self._texts], self.params)
        encoded = pd.DataFrame(rows, index=X.index, columns=[f"e{place}" for place in range(rows.shape[1])])
        return pd.concat([plain, encoded], axis=1)

    def _preprocess_align_features(self, X: pd.DataFrame, **_: Any) -> pd.DataFrame:
        return X
