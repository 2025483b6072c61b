"""Pictures made tiny, and a machine that tells them apart: no network, and seconds.

On digits, letters and other small drawings this is hard to beat, and whatever the budget there is a model by then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from autogluon.common import space
from numpy.typing import NDArray

from .base import PictureModel
from .seeing import squares

__all__ = ["SmallPictures"]

_EXACT = 6_000  # pictures up to which the kernel is computed exactly
_PARTS = 1_000


class SmallPictures(PictureModel):
    """Sixteen by sixteen pixels of grey, and four by four of colour."""

    ag_key = "SMALL_PICTURES"
    ag_name = "SmallPictures"
    ag_priority = 100

    def _set_default_params(self) -> None:
        self._set_default_param_value("side", 16)
        self._set_default_param_value("C", 10.0)

    def _get_default_searchspace(self) -> dict[str, Any]:
        return {"side": space.Categorical(16, 12, 20, 24), "C": space.Real(0.3, 300.0, default=10.0, log=True)}

    def _fit(self, X: pd.DataFrame, y: pd.Series, **_: Any) -> None:
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.kernel_approximation import Nystroem
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        params = self._get_model_params()
        seen, codes = self._vectors(X, params["side"]), y.to_numpy()
        fewest = int(np.unique(codes, return_counts=True)[1].min())
        if len(seen) <= _EXACT and fewest >= 2:
            machine = SVC(C=params["C"], gamma="scale", class_weight="balanced", cache_size=500)
            last: Any = CalibratedClassifierCV(machine, ensemble=False, cv=min(3, fewest))
            model = make_pipeline(StandardScaler(with_std=False), last)
        else:
            parts = Nystroem(
                gamma=1.0 / (seen.shape[1] * float(seen.var())), n_components=min(_PARTS, len(seen)), random_state=0
            )
            model = make_pipeline(
                StandardScaler(with_std=False), parts, LogisticRegression(C=params["C"], max_iter=200)
            )
        self.model = model.fit(seen, codes)

    def _predict_proba(self, X: pd.DataFrame, **_: Any) -> Any:
        shares = self.model.predict_proba(self._vectors(X, self._get_model_params()["side"]))
        return self.spread(shares, self.model.classes_)

    def _vectors(self, X: pd.DataFrame, side: int) -> NDArray[np.float32]:
        paths = self.paths(X)
        parts = [self._tiny(paths[start : start + 512], side) for start in range(0, len(paths), 512)]
        return np.concatenate(parts)

    def _tiny(self, paths: Any, side: int) -> NDArray[np.float32]:
        pixels = squares(paths, side).astype(np.float32) / 255.0
        grey = pixels.mean(axis=3)
        quarter = side // 4
        colour = pixels.reshape(len(pixels), 4, quarter, 4, quarter, 3).mean(axis=(2, 4))
        return np.concatenate([grey.reshape(len(pixels), -1), colour.reshape(len(pixels), -1)], axis=1)
