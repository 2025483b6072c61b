"""A predictor that puts boxes round the things in a picture, in the shape of AutoGluon's predictors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL.Image import Image, Resampling

from ...pictures import load, size_of
from .boxes import Boxes, judged
from .findings import BoxLessons, split_boxes
from .lessons import Pairs
from .predictor import DensePredictor

__all__ = ["DetectionPredictor"]


class DetectionPredictor(DensePredictor):
    """Learns from a table with the paths of pictures and their boxes as JSON; answers with boxes."""

    candidates = {  # noqa: RUF012  # a class variable, as the base has it
        "Centers-96-quick": {"kind": "network", "size": 96, "backbone": "frozen", "passes": 20, "most": 400},
        "Centers-128": {"kind": "network", "size": 128, "learning_rate": 2e-3, "augment": "light"},
        "Centers-192-strong": {"kind": "network", "size": 192, "learning_rate": 2e-3, "augment": "strong"},
        "Centers-320-strong": {"kind": "network", "size": 320, "learning_rate": 1e-3, "augment": "strong"},
    }

    def __init__(
        self,
        label: str,
        *,
        categories: Sequence[str],
        path: str | Path,
        eval_metric: str = "map",
        picture: str = "picture",
    ) -> None:
        super().__init__(label, path=path, eval_metric=eval_metric, picture=picture)
        self.categories = tuple(categories)

    @property
    def names(self) -> tuple[str, ...]:
        return self.categories

    def lessons(self, train: pd.DataFrame, *, room: float, seed: int) -> BoxLessons:
        pairs = Pairs(tuple(train[self.picture].astype(str)), tuple(train[self.label].astype(str)))
        return split_boxes(pairs, self.categories, room=room, seed=seed)

    def new(self, settings: Mapping[str, Any], seed: int) -> Any:
        from .centers import BoxNetwork

        rest = {name: value for name, value in settings.items() if name != "kind"}
        return BoxNetwork(rest, len(self.categories), seed)

    def predict(self, data: pd.DataFrame | Sequence[str], *, model: str | None = None) -> list[list[dict[str, Any]]]:
        """For each picture, its things: {category, bbox: [x, y, width, height] in pixels, score}, the surest first."""
        paths = self.paths(data)
        return [
            found.plain(self.categories, size_of(path))
            for path, found in zip(paths, self.answers(paths, model=model), strict=True)
        ]

    def answers(self, data: pd.DataFrame | Sequence[str], *, model: str | None = None) -> list[Boxes]:
        """The things in each picture."""
        chosen = self.chosen(model)
        height, width = chosen.size
        return [chosen.boxes(np.asarray(load(path, (width, height)))) for path in self.paths(data)]

    def find(self, picture: Image, *, model: str | None = None) -> Boxes:
        """The things in one picture."""
        chosen = self.chosen(model)
        height, width = chosen.size
        small = picture.resize((width, height), Resampling.BILINEAR, reducing_gap=2.0)
        found: Boxes = chosen.boxes(np.asarray(small))
        return found

    def truths(self, data: pd.DataFrame) -> tuple[list[Boxes], list[tuple[int, int]]]:
        """What is said of each picture, and each picture's width and height."""
        sizes = [size_of(path) for path in self.paths(data)]
        said = [json.loads(one) for one in data[self.label]]
        return [Boxes.of(one, self.categories, size) for one, size in zip(said, sizes, strict=True)], sizes

    def evaluate(self, data: pd.DataFrame, *, model: str | None = None) -> dict[str, float]:
        truths, sizes = self.truths(data)
        return judged(truths, self.answers(data, model=model), sizes, len(self.categories))
