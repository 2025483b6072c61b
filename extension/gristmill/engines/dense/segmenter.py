"""A predictor that gives every pixel of a picture a class, in the shape of AutoGluon's predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...masks import Legend
from ...pictures import load, size_of
from .forest import PixelForest
from .lessons import MaskLessons, Pairs, split
from .predictor import DensePredictor
from .scores import METRICS, count_pixels
from .shelf import decided

__all__ = ["SegmentationPredictor"]


class SegmentationPredictor(DensePredictor):
    """Learns from a table with the paths of pictures and masks; answers with masks."""

    candidates = {  # noqa: RUF012  # a class variable, as the base has it
        "PixelForest": {"kind": "forest"},
        "UNet-96-quick": {"kind": "network", "size": 96, "backbone": "frozen", "passes": 20, "most": 400},
        "UNet-128": {"kind": "network", "size": 128, "learning_rate": 3e-3, "augment": "light"},
        "UNet-192-strong": {"kind": "network", "size": 192, "learning_rate": 3e-3, "augment": "strong"},
        "UNet-128-slow": {"kind": "network", "size": 128, "learning_rate": 1e-3, "augment": "light"},
        "UNet-320-strong": {"kind": "network", "size": 320, "learning_rate": 2e-3, "augment": "strong"},
    }

    def __init__(
        self,
        label: str,
        *,
        legend: Legend | Mapping[str, Any],
        path: str | Path,
        eval_metric: str = "mean_iou",
        picture: str = "picture",
    ) -> None:
        super().__init__(label, path=path, eval_metric=eval_metric, picture=picture)
        self.legend = legend if isinstance(legend, Legend) else Legend.of(legend)

    @property
    def names(self) -> tuple[str, ...]:
        return self.legend.names

    def lessons(self, train: pd.DataFrame, *, room: float, seed: int) -> MaskLessons:
        pairs = Pairs(tuple(train[self.picture].astype(str)), tuple(train[self.label].astype(str)))
        return split(pairs, self.legend, room=room, seed=seed)

    def new(self, settings: Mapping[str, Any], seed: int) -> Any:
        from .masking import MaskNetwork

        rest = {name: value for name, value in settings.items() if name != "kind"}
        kind = PixelForest if settings.get("kind") == "forest" else MaskNetwork
        return kind(rest, len(self.legend.names), seed)

    def predict(self, data: pd.DataFrame | Sequence[str], *, model: str | None = None) -> list[NDArray[np.uint8]]:
        """For each picture, the number of each pixel's class."""
        chosen, drawn = self.chosen(model), []
        height, width = chosen.size
        for path in self.paths(data):
            found = chosen.probabilities(np.asarray(load(path, (width, height))))
            drawn.append(decided(found, size_of(path)[::-1]))
        return drawn

    def counts(self, data: pd.DataFrame, *, model: str | None = None) -> NDArray[np.int64]:
        """For each picture, its pixels by true class and given class."""
        counted = [
            count_pixels(self.legend.read(mask), answer, len(self.legend.names))
            for mask, answer in zip(data[self.label], self.predict(data, model=model), strict=True)
        ]
        return np.stack(counted)

    def evaluate(self, data: pd.DataFrame, *, model: str | None = None) -> dict[str, float]:
        """Every metric, by its name."""
        counts = self.counts(data, model=model).sum(0)
        return {name: metric(counts) for name, metric in METRICS.items()}
