"""How far masks agree: counts of pixels by true and given class, and what is read from them.

Intersection over union (IoU) of a class: of all pixels that are of the class or were given it, the share that are both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["METRICS", "count_pixels", "dice", "ious", "mean_iou", "pixel_accuracy"]

Counts = NDArray[np.int64]  # by true class, by given class


def count_pixels(truth: NDArray[np.uint8], given: NDArray[np.uint8], classes: int) -> Counts:
    """How many pixels of each class were given which; pixels of no class do not count."""
    known = truth < classes
    pairs = truth[known].astype(np.int64) * classes + given[known]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def ious(counts: Counts) -> NDArray[np.float64]:
    """The IoU of each class; not a number for a class that neither was there nor was given."""
    both = np.diag(counts).astype(float)
    either = counts.sum(0) + counts.sum(1) - both
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: NDArray[np.float64] = np.where(either > 0, both / either, np.nan)
    return shares


def mean_iou(counts: Counts) -> float:
    """The IoU, averaged over the classes that were there or were given."""
    return _mean(ious(counts))


def dice(counts: Counts) -> float:
    """The Dice coefficient, averaged over those classes."""
    shares = ious(counts)
    return _mean(2 * shares / (1 + shares))


def pixel_accuracy(counts: Counts) -> float:
    """The share of pixels given their own class."""
    return float(np.trace(counts) / max(1, counts.sum()))


def _mean(shares: NDArray[np.float64]) -> float:
    return float(np.nanmean(shares)) if np.isfinite(shares).any() else 0.0


METRICS = {"mean_iou": mean_iou, "dice": dice, "pixel_accuracy": pixel_accuracy}
