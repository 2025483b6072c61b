"""TabularPredictor with candidates that see: what the bench must know of it beyond a table's.

The rows hold paths. AutoGluon hands such a column through as it is, if it is told that pictures lie there; our
candidates (picture_models) open them. Leaderboard, ensemble, salvage and trimming are those of any table.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
from autogluon.common.features.feature_metadata import FeatureMetadata

from gristmill.engines.base import Say
from gristmill.engines.tabular import TabularEngine, Watch
from gristmill.records import EventKind

__all__ = ["PictureEngine", "as_pictures", "candidates", "within"]

_TRIED = 32  # pictures
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

    def watch(self, say: Say) -> Watch:
        _report_epochs(say)
        return super().watch(say)


class _Epochs(logging.Handler):
    """Says each epoch of a network in training."""

    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        progress = getattr(record, "progress", None)
        if progress is not None:
            self._say(EventKind.PHASE, {"phase": "fit", "model": "FineTuned", **progress})


def as_pictures(train: pd.DataFrame, column: str, target: str) -> FeatureMetadata:
    """What AutoGluon is to know of the rows: that `column` holds the paths of pictures."""
    metadata = FeatureMetadata.from_df(train.drop(columns=target))
    return metadata.add_special_types({column: ["image_path"]})


def candidates(names: Sequence[str], **options: Any) -> dict[type, dict[str, Any]]:
    """The candidates of these names as AutoGluon's `hyperparameters`; each takes of the options what it knows."""
    from gristmill.engines.picture_models import CANDIDATES, SmallPictures

    return {one: {} if one is SmallPictures else dict(options) for one in CANDIDATES if one.ag_name in names}


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


def _report_epochs(say: Say) -> None:
    logger = logging.getLogger(_EPOCHS)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for handler in [one for one in logger.handlers if isinstance(one, _Epochs)]:
        logger.removeHandler(handler)
    logger.addHandler(_Epochs(say))
