"""All columns of a mixed table under boosted trees: what a sentence encoder makes of its texts, and a network of its
pictures, beside its numbers and words. Neither is trained any further, so this takes seconds, not minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from gristmill.engines.picture_models.seeing import Eye
from gristmill.engines.texts.sentences import SentenceBoosted, encodings

__all__ = ["SeenBoosted"]

_DIRECTIONS = 64  # of all that the network sees, those that differ most


class SeenBoosted(SentenceBoosted):
    """Encodings of texts and pictures, and all other columns, with AutoGluon's LightGBM over them."""

    ag_key = "SEEN_BOOSTED"
    ag_name = "SeenBoosted"
    _supported_problem_types = ("binary", "multiclass", "regression")

    def _get_model_params(self, **arguments: Any) -> dict[str, Any]:
        params = super()._get_model_params(**arguments)
        return {name: value for name, value in params.items() if name not in ("weights", "side")}

    def _preprocess_nonadaptive(self, X: pd.DataFrame, is_train: bool = False, **_: Any) -> pd.DataFrame:
        if is_train:
            self._pictures = self._feature_metadata.get_features(required_special_types=["image_path"])
            self._texts = [name for name in self.features if X[name].dtype.kind == "O" and name not in self._pictures]
            self._mains: dict[str, PCA] = {}
            if self._pictures:
                self._eye = Eye(self.params["weights"])
        names = [name for name in self.features if name not in (*self._texts, *self._pictures)]
        plain = X[names].set_axis([f"c{place}" for place in range(len(names))], axis=1)  # LightGBM chokes on some names
        beside = [plain, *(self._looked_at(X, place, name) for place, name in enumerate(self._pictures))]
        if self._texts:
            rows = encodings(X[self._texts], self.params)
            beside.append(pd.DataFrame(rows, index=X.index, columns=[f"e{at}" for at in range(rows.shape[1])]))
        return pd.concat(beside, axis=1)

    def _looked_at(self, X: pd.DataFrame, place: int, name: str) -> pd.DataFrame:
        rows = self._vectors([str(path) if isinstance(path, str) else "" for path in X[name]])
        if name not in self._mains:
            most = min(_DIRECTIONS, *rows.shape)
            self._mains[name] = PCA(n_components=most, svd_solver="randomized", random_state=0).fit(rows)
        main = self._mains[name].transform(rows)
        return pd.DataFrame(main, index=X.index, columns=[f"p{place}_{at}" for at in range(main.shape[1])])

    def _vectors(self, paths: Sequence[str]) -> NDArray[np.float32]:
        """What the network sees in each picture; nothing where there is none."""
        there = [at for at, path in enumerate(paths) if path]
        seen = self._eye.vectors([Path(paths[at]) for at in there], self.params["side"]) if there else None
        if seen is not None:
            self._width = seen.shape[1]
        whole = np.zeros((len(paths), self._width), np.float32)
        if seen is not None:
            whole[there] = seen
        return whole
