"""TabularPredictor with candidates that see: what the bench must know of it beyond a table's.

The rows hold paths. AutoGluon hands such a column through as it is, if it is told that pictures lie there; our
candidates (picture_models) open them. Leaderboard, ensemble, salvage and trimming are those of any table.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from autogluon.common.features.feature_metadata import FeatureMetadata

from gristmill.engines.base import Full, Say
from gristmill.engines.epochs import report_epochs
from gristmill.engines.tabular import TabularEngine, Watch

__all__ = ["PictureEngine", "as_pictures", "candidates", "gaze", "within"]

_TRIED = 32  # pictures
_MOST_OF_THE_SAY = 0.5  # of an ensemble
_EPOCHS = "gristmill.engines.picture_models.tuned"


class PictureEngine(TabularEngine):
    """AutoGluon's TabularPredictor on a column of pictures."""

    needs = (
        *("autogluon.tabular", "autogluon.core", "autogluon.common", "autogluon.features", "torch", "scikit-learn"),
        *("pandas", "numpy", "scipy", "lightgbm", "pillow", "pyarrow"),
    )
    code = (
        *("gristmill.pictures", "gristmill.weights", "gristmill.engines.backbones"),
        "gristmill.engines.picture_models",
    )
    script = "predict_pictures.py"
    explains = "gristmill.figures.explained:pictures"

    def watch(self, say: Say, full: Full = lambda: False) -> Watch:
        report_epochs(say, _EPOCHS)
        return super().watch(say, full)


def as_pictures(train: pd.DataFrame, column: str, target: str) -> FeatureMetadata:
    """What AutoGluon is to know of the rows: that `column` holds the paths of pictures."""
    metadata = FeatureMetadata.from_df(train.drop(columns=target))
    return metadata.add_special_types({column: ["image_path"]})


def candidates(names: Sequence[str], **options: Any) -> dict[type, dict[str, Any]]:
    """The candidates of these names as AutoGluon's `hyperparameters`; each takes of the options what it knows."""
    from gristmill.engines.picture_models import CANDIDATES, SmallPictures

    return {one: {} if one is SmallPictures else dict(options) for one in CANDIDATES if one.ag_name in names}


def gaze(predictor: Any, paths: Sequence[Path], codes: Any) -> tuple[Any, dict[str, float]] | None:
    """Where the networks behind the best model look, a map a picture, and the part of the say that each has.

    None where most of the say is with candidates that have no gradient: then other ways must tell.
    """
    says = _says(predictor, predictor.model_best)
    found = {}
    for name, say in says.items():
        model = predictor._trainer.load_model(name)
        heat = model.gaze(paths, codes) if say and hasattr(model, "gaze") else None
        if heat is not None:
            found[name] = say, heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)
    whole = sum(say for say, _ in found.values())
    if whole < _MOST_OF_THE_SAY * sum(says.values()):
        return None
    size = max(heat.shape[1] for _, heat in found.values())
    return sum(say / whole * _sized(heat, size) for say, heat in found.values()), {n: s for n, (s, _) in found.items()}


def _says(predictor: Any, name: str) -> dict[str, float]:
    """The candidates that a model goes by: itself, or those that an ensemble weighs."""
    model = predictor._trainer.load_model(name)
    weigh = getattr(model, "_get_model_weights", None)
    return {str(one): float(say) for one, say in weigh().items()} if weigh else {name: 1.0}


def _sized(heat: Any, size: int) -> Any:
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(one.astype(np.float32)).resize((size, size))) for one in heat])


def within(predictor: Any, test: pd.DataFrame, seconds: float, *, seed: int = 0) -> pd.DataFrame:
    """As many of the held-out pictures as can be answered in `seconds`, drawn at random; all of them mostly."""
    drawn = test.sample(frac=1, random_state=seed)
    if len(drawn) <= 2 * _TRIED:
        return test
    predictor.predict(drawn[:_TRIED])  # what is loaded at first is not paid again
    before = time.monotonic()
    predictor.predict(drawn[_TRIED : 2 * _TRIED])
    pace = max(1e-6, time.monotonic() - before) / _TRIED
    most = max(2 * _TRIED, int(max(0.0, seconds) / pace))
    return test if most >= len(test) else test.loc[sorted(drawn.index[:most])]
