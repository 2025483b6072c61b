"""Pictures and masks as arrays of one size, kept in memory as far as that goes.

Networks want pictures of one size, whose sides are whole numbers of strides. The size keeps the usual proportions of
the pictures at hand, and each is stretched to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...masks import Legend
from ...pictures import load

__all__ = ["STRIDE", "MaskShelf", "PictureShelf", "decided", "stretched", "working_size"]

STRIDE = 32
_MOST_UPSCALED = 1_536  # pixels of a side up to which answers are interpolated; beyond, they are repeated


def working_size(sizes: Sequence[tuple[int, int]], longest: int) -> tuple[int, int]:
    """Height and width in whole strides, in the usual proportions, the longer side `longest` or a little less."""
    widths, heights = np.array(sizes, dtype=float).T
    proportion = float(np.median(widths / heights))
    largest = float(np.median(np.maximum(widths, heights)))
    longest = max(STRIDE, min(longest, STRIDE * round(0.49 + largest / STRIDE)))  # no picture is blown up much
    width, height = (longest, longest / proportion) if proportion >= 1 else (longest * proportion, longest)
    return max(STRIDE, STRIDE * round(height / STRIDE)), max(STRIDE, STRIDE * round(width / STRIDE))


def stretched(numbers: NDArray[np.uint8], size: tuple[int, ...]) -> NDArray[np.uint8]:
    """Numbers of classes at another size (height, width): each the nearest one's."""
    if numbers.shape == size:
        return numbers
    return np.asarray(Image.fromarray(numbers).resize((size[1], size[0]), Image.Resampling.NEAREST))


def decided(shares: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.uint8]:
    """The likeliest class of each pixel, at the size (height, width) asked for."""
    import torch
    from torch.nn import functional

    height, width = size
    shrunk = min(1.0, _MOST_UPSCALED / max(height, width))
    wanted = (max(1, round(height * shrunk)), max(1, round(width * shrunk)))
    raised = functional.interpolate(torch.from_numpy(shares)[None], size=wanted, mode="bilinear", align_corners=False)
    numbers = raised[0].argmax(0).to(torch.uint8).numpy()
    if wanted == (height, width):
        return numbers
    return stretched(numbers, size)


class PictureShelf:
    """Pictures, stretched to `size` (height, width); as many stay in memory as `room` bytes hold."""

    def __init__(self, paths: Sequence[str], size: tuple[int, int], room: float) -> None:
        self._paths = paths
        self._size = size
        self._kept: dict[int, NDArray[np.uint8]] = {}
        self._most = int(room / (3 * size[0] * size[1]))

    def __getitem__(self, place: int) -> NDArray[np.uint8]:
        if place in self._kept:
            return self._kept[place]
        height, width = self._size
        read = np.asarray(load(self._paths[place], (width, height)))
        if len(self._kept) < self._most:
            self._kept[place] = read
        return read


class MaskShelf:
    """Masks as numbers of classes, stretched to `size`; as many stay in memory as `room` bytes hold."""

    def __init__(self, paths: Sequence[str], legend: Legend, size: tuple[int, int], room: float) -> None:
        self._paths = paths
        self._legend = legend
        self._size = size
        self._kept: dict[int, NDArray[np.uint8]] = {}
        self._most = int(room / (size[0] * size[1]))

    def __getitem__(self, place: int) -> NDArray[np.uint8]:
        if place in self._kept:
            return self._kept[place]
        numbers = stretched(self._legend.read(self._paths[place]), self._size)
        if len(self._kept) < self._most:
            self._kept[place] = numbers
        return numbers
