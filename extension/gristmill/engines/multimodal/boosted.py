"""All columns of a mixed table under boosted trees: what a sentence encoder makes of its texts, and a network of its
pictures, beside its numbers and words. Neither is trained any further, so this takes seconds, not minutes.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from gristmill.engines.texts.sentences import SentenceBoosted

from .columns import AllColumns

__all__ = ["SeenBoosted"]


class SeenBoosted(SentenceBoosted):
    """Encodings of texts and pictures, and all other columns, with AutoGluon's LightGBM over them."""

    ag_key = "SEEN_BOOSTED"
    ag_name = "SeenBoosted"
    _supported_problem_types = ("binary", "multiclass", "regression")

    def _get_model_params(self, **arguments: Any) -> dict[str, Any]:
        params = super()._get_model_params(**arguments)
        return {name: value for name, value in params.items() if name not in ("weights", "side")}

    def _preprocess_nonadaptive(self, X: pd.DataFrame, is_train: bool = False, **_: Any) -> pd.DataFrame:
        rows = X[self.features]
        if is_train:
            pictures = self._feature_metadata.get_features(required_special_types=["image_path"])
            self._columns = AllColumns(rows, pictures, self.params)
        return pd.concat(self._columns.blocks(rows, self.params), axis=1)
