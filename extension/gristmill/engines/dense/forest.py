"""Trees that tell a pixel's class by the colours at it and around it: what can be had in seconds, on any machine.

Where classes differ in colour this is hard to beat; where only shape tells them apart it is where all else begins.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lessons import MaskLessons

__all__ = ["PixelForest"]

_PIXELS = 20_000  # learned from, of all pictures together
_AROUND = (3, 9, 21)  # pixels that a colour is averaged over


class PixelForest:
    """Extremely randomized trees over colours, their surroundings, edges and place."""

    def __init__(self, settings: dict[str, Any], classes: int, seed: int) -> None:
        self._settings = {"size": 96, "trees": 16, "depth": 12} | settings
        self._classes = classes
        self._seed = seed
        self._forest: Any = None
        self.size = (0, 0)

    def fit(self, lessons: MaskLessons, *, until: float, cpus: int = 1) -> None:
        """Learn from a draw of the pixels; of no more pictures than can be read in a third of the time."""
        from sklearn.ensemble import ExtraTreesClassifier

        random = np.random.default_rng(self._seed)
        self.size = lessons.size(self._settings["size"])
        pictures, masks = lessons.pictures(self.size), lessons.masks(self.size)
        each = max(50, _PIXELS // len(lessons.train))
        begun = time.time()
        features: list[NDArray[np.float32]] = []
        truths: list[NDArray[np.uint8]] = []
        for place in random.permutation(len(lessons.train)):
            if features and time.time() > begun + max(1.0, (until - begun) / 3):
                break
            truth = masks[place].ravel()
            drawn = _drawn(truth, self._classes, each, random)
            if len(drawn):
                features.append(_features(pictures[place])[drawn])
                truths.append(truth[drawn])
        self._forest = ExtraTreesClassifier(
            self._settings["trees"], max_depth=self._settings["depth"], min_samples_leaf=3, n_jobs=cpus,
            random_state=self._seed,
        )  # fmt: skip
        self._forest.fit(np.concatenate(features), np.concatenate(truths))
        self._forest.n_jobs = 1  # threads cost more than they bring for one picture

    def probabilities(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """By class, of a picture at the working size."""
        height, width, _ = picture.shape
        found = np.zeros((self._classes, height * width), dtype=np.float32)
        found[self._forest.classes_] = self._forest.predict_proba(_features(picture)).T
        return found.reshape(self._classes, height, width)


def _drawn(truth: NDArray[np.uint8], classes: int, most: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Places of pixels, half of them as they come, half shared fairly among the classes that are there."""
    known = np.flatnonzero(truth < classes)
    if not len(known):
        return known
    drawn = [random.choice(known, min(len(known), most // 2), replace=False)]
    present = np.unique(truth[known])
    for number in present:
        there = np.flatnonzero(truth == number)
        drawn.append(random.choice(there, min(len(there), max(1, most // 2 // len(present))), replace=False))
    return np.unique(np.concatenate(drawn))


def _features(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """One row a pixel."""
    from scipy.ndimage import sobel, uniform_filter

    colours = picture.astype(np.float32) / 255
    height, width, _ = colours.shape
    grey = colours.mean(2)
    layers = [*np.moveaxis(colours, 2, 0)]
    for side in _AROUND:
        mean = uniform_filter(colours, (side, side, 0))
        layers += [*np.moveaxis(mean, 2, 0)]
        layers.append(uniform_filter(grey**2, side) - uniform_filter(grey, side) ** 2)
    layers.append(np.hypot(sobel(grey, 0), sobel(grey, 1)))
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return np.stack([*layers, rows, columns], -1).reshape(height * width, -1).astype(np.float32)
