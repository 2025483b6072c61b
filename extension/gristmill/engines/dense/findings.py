"""What candidates for boxes learn from and are judged on: pictures with their boxes, some kept for validation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...pictures import size_of
from .boxes import Boxes, judged
from .lessons import Pairs
from .predictor import Lessons
from .shelf import PictureShelf, working_size

__all__ = ["BoxLessons", "split_boxes"]

_VALIDATED = 0.15  # share of the pictures kept for validation ...
_FEWEST, _MOST = 3, 80  # ... in these bounds


class BoxLessons(Lessons):
    """The pairs of a picture and what is said of it (JSON), to train on and to validate on."""

    def __init__(self, train: Pairs, valid: Pairs, names: Sequence[str], *, room: float) -> None:
        self.train = train
        self.valid = valid
        self.names = list(names)
        self.room = room
        self._sizes = [size_of(path) for path in (*valid.pictures, *train.pictures)]
        self._boxes = [
            Boxes.of(json.loads(said), self.names, size)
            for said, size in zip((*valid.masks, *train.masks), self._sizes, strict=True)
        ]
        self._seen: dict[tuple[int, int], PictureShelf] = {}

    def size(self, longest: int) -> tuple[int, int]:
        return working_size(self._sizes, longest)

    def pictures(self, size: tuple[int, int]) -> PictureShelf:
        """The pictures to train on, at a working size."""
        return PictureShelf(self.train.pictures, size, 0.7 * self.room)

    def boxes(self, place: int) -> Boxes:
        """The boxes of a picture to train on."""
        return self._boxes[len(self.valid) + place]

    def judge(self, model: Any, metric: str) -> float:
        if model.size not in self._seen:
            self._seen = {model.size: PictureShelf(self.valid.pictures, model.size, 0.2 * self.room)}
        pictures, count = self._seen[model.size], len(self.valid)
        answers = [model.boxes(pictures[place]) for place in range(count)]
        return judged(self._boxes[:count], answers, self._sizes[:count], len(self.names))[metric]


def split_boxes(pairs: Pairs, names: Sequence[str], *, room: float, seed: int) -> BoxLessons:
    """Lessons from `pairs`, with a draw of them kept for validation."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    kept = min(_MOST, max(_FEWEST, round(_VALIDATED * len(pairs))), len(pairs) // 2)
    return BoxLessons(pairs.take(order[kept:]), pairs.take(order[:kept]), names, room=room)
