"""What candidates learn from and are judged on: pictures with their masks, some of them kept for validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...masks import Legend
from ...pictures import size_of
from .predictor import Lessons
from .scores import METRICS, count_pixels
from .shelf import MaskShelf, PictureShelf, decided, stretched, working_size

__all__ = ["MaskLessons", "Pairs", "split"]

_VALIDATED = 0.15  # share of the pictures kept for validation ...
_FEWEST, _MOST = 3, 60  # ... in these bounds
_JUDGED = 384  # pixels of the longer side at which validation compares masks
_MEASURED = 200  # pictures whose sizes tell the usual one


@dataclass(frozen=True)
class Pairs:
    """Pictures and their masks, by path."""

    pictures: tuple[str, ...]
    masks: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def take(self, places: Sequence[int] | NDArray[np.int64]) -> Pairs:
        """Those at `places`."""
        return Pairs(tuple(self.pictures[at] for at in places), tuple(self.masks[at] for at in places))


class MaskLessons(Lessons):
    """The pairs to train on and those to validate on; `sizes` are of some pictures, `room` is memory in bytes."""

    def __init__(
        self, train: Pairs, valid: Pairs, legend: Legend, *, sizes: Sequence[tuple[int, int]], room: float
    ) -> None:
        self.train = train
        self.valid = valid
        self.legend = legend
        self._sizes = sizes
        self.room = room
        self._truths: dict[int, NDArray[np.uint8]] = {}
        self._seen: dict[tuple[int, int], PictureShelf] = {}

    @property
    def classes(self) -> int:
        return len(self.legend.names)

    def size(self, longest: int) -> tuple[int, int]:
        return working_size(self._sizes, longest)

    def pictures(self, size: tuple[int, int]) -> PictureShelf:
        """The pictures to train on, at a working size."""
        return PictureShelf(self.train.pictures, size, 0.6 * self.room)

    def masks(self, size: tuple[int, int]) -> MaskShelf:
        """Their masks."""
        return MaskShelf(self.train.masks, self.legend, size, 0.2 * self.room)

    def validated(self, size: tuple[int, int]) -> PictureShelf:
        """The pictures to validate on, at a working size; those of the size asked for last stay."""
        if size not in self._seen:
            self._seen = {size: PictureShelf(self.valid.pictures, size, 0.1 * self.room)}
        return self._seen[size]

    def truth(self, place: int) -> NDArray[np.uint8]:
        """The mask of a validation picture at the size at which it is judged."""
        if place not in self._truths:
            numbers = self.legend.read(self.valid.masks[place])
            height, width = numbers.shape
            shrunk = min(1.0, _JUDGED / max(height, width))
            self._truths[place] = stretched(numbers, (max(1, round(height * shrunk)), max(1, round(width * shrunk))))
        return self._truths[place]

    def judge(self, model: Any, metric: str) -> float:
        total = np.zeros((self.classes, self.classes), dtype=np.int64)
        pictures = self.validated(model.size)
        for place in range(len(self.valid)):
            truth = self.truth(place)
            answer = decided(model.probabilities(pictures[place]), truth.shape)
            total += count_pixels(truth, answer, self.classes)
        return METRICS[metric](total)


def split(pairs: Pairs, legend: Legend, *, room: float, seed: int) -> MaskLessons:
    """Lessons from `pairs`, with a draw of them kept for validation."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    kept = min(_MOST, max(_FEWEST, round(_VALIDATED * len(pairs))), len(pairs) // 2)
    sizes = [size_of(pairs.pictures[at]) for at in order[:_MEASURED]]
    return MaskLessons(pairs.take(order[kept:]), pairs.take(order[:kept]), legend, sizes=sizes, room=room)
