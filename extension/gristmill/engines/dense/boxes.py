"""Boxes round things: how a network is taught them, how its answers are read, how they are judged.

A box is (left, top, right, bottom) as shares of its picture's width and height, so that it fits at any size.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["METRICS", "Boxes", "average_precisions", "distinct", "judged"]

METRICS = ("map", "map_50", "map_75")
_SAME = 0.6  # overlap from which two boxes of a class are one thing


@dataclass(frozen=True)
class Boxes:
    """The boxes of one picture with the number of each one's category, and how sure the answer is."""

    corners: NDArray[np.float64]  # a row a box
    categories: NDArray[np.int64]
    scores: NDArray[np.float64]

    @classmethod
    def of(cls, said: Sequence[dict[str, Any]], names: Sequence[str], size: tuple[int, int]) -> Boxes:
        """What is said of a picture of that width and height: {category, bbox: [x, y, width, height]} each."""
        width, height = size
        corners = [
            (x / width, y / height, (x + w) / width, (y + h) / height) for x, y, w, h in (one["bbox"] for one in said)
        ]
        numbers = [names.index(one["category"]) for one in said]
        return cls(
            np.array(corners, dtype=np.float64).reshape(-1, 4), np.array(numbers, dtype=np.int64), np.ones(len(said))
        )

    def __len__(self) -> int:
        return len(self.corners)

    def take(self, chosen: NDArray[Any]) -> Boxes:
        """Those that are chosen, by place or by mask."""
        return Boxes(self.corners[chosen], self.categories[chosen], self.scores[chosen])

    def plain(self, names: Sequence[str], size: tuple[int, int]) -> list[dict[str, Any]]:
        """As {category, bbox, score} in the pixels of a picture of that width and height, the surest first."""
        width, height = size
        return [
            {
                "category": names[category],
                "bbox": [
                    round(float(left * width), 1), round(float(top * height), 1),
                    round(float((right - left) * width), 1), round(float((bottom - top) * height), 1),
                ],
                "score": round(float(score), 4),
            }
            for (left, top, right, bottom), category, score in zip(
                self.corners, self.categories, self.scores, strict=True
            )
        ]  # fmt: skip


def distinct(found: Boxes) -> Boxes:
    """The surest box of each thing: of those of one category that overlap much, only the first stays."""
    order = np.argsort(-found.scores, kind="stable")
    found = found.take(order)
    kept: list[int] = []
    for place in range(len(found)):
        rivals = [at for at in kept if found.categories[at] == found.categories[place]]
        if not rivals or _overlaps(found.corners[place], found.corners[rivals]).max() < _SAME:
            kept.append(place)
    return found.take(np.array(kept, dtype=np.int64))


def _overlaps(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=1)
    either = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - both
    shares: NDArray[np.float64] = both / np.maximum(either, 1e-12)
    return shares


def judged(
    truths: Sequence[Boxes], answers: Sequence[Boxes], sizes: Sequence[tuple[int, int]], count: int
) -> dict[str, float]:
    """COCO's mean average precision: over overlaps of 0.5 to 0.95, at 0.5 and at 0.75."""
    precision = _precision(truths, answers, sizes, count)
    return {name: _mean(part) for name, part in zip(METRICS, (precision, precision[0], precision[5]), strict=True)}


def average_precisions(
    truths: Sequence[Boxes], answers: Sequence[Boxes], sizes: Sequence[tuple[int, int]], count: int
) -> NDArray[np.float64]:
    """By category: the average precision over overlaps of 0.5 to 0.95, and at 0.5; not a number where there is none."""
    precision = _precision(truths, answers, sizes, count)
    rows = [(_mean(precision[:, :, at], np.nan), _mean(precision[0, :, at], np.nan)) for at in range(count)]
    return np.array(rows)


def _precision(
    truths: Sequence[Boxes], answers: Sequence[Boxes], sizes: Sequence[tuple[int, int]], count: int
) -> NDArray[np.float64]:
    """COCO's precision by overlap, recall and category; -1 where a category does not occur."""
    from pycocotools.coco import COCO  # type: ignore[import-untyped]
    from pycocotools.cocoeval import COCOeval  # type: ignore[import-untyped]

    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
        known, given = COCO(), COCO()
        for coco, boxes in ((known, truths), (given, answers)):
            coco.dataset = {
                "images": [{"id": at, "width": w, "height": h} for at, (w, h) in enumerate(sizes, start=1)],
                "categories": [{"id": number, "name": str(number)} for number in range(count)],
                "annotations": _annotations(boxes, sizes),
            }
            coco.createIndex()
        evaluation = COCOeval(known, given, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    found: NDArray[np.float64] = evaluation.eval["precision"][:, :, :, 0, 2]  # of all sizes, at most 100 a picture
    return found


def _annotations(boxes: Sequence[Boxes], sizes: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    for picture, (one, (width, height)) in enumerate(zip(boxes, sizes, strict=True), start=1):
        for (left, top, right, bottom), category, score in zip(one.corners, one.categories, one.scores, strict=True):
            box = [left * width, top * height, (right - left) * width, (bottom - top) * height]
            listed.append(
                {"id": len(listed) + 1, "image_id": picture, "category_id": int(category), "bbox": box,
                 "area": box[2] * box[3], "iscrowd": 0, "score": float(score)}
            )  # fmt: skip
    return listed


def _mean(precision: NDArray[np.float64], nothing: float = 0.0) -> float:
    there = precision[precision > -1]
    return float(there.mean()) if len(there) else nothing
