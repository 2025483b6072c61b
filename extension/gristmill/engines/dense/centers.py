"""A network that finds things by their centers: which category has one at a place, and how large the thing is.

No anchors are to be chosen, and answers need no heavy sifting: a center is a place that is surer than those around it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..backbones import EfficientNetLite, normal
from .boxes import Boxes, distinct
from .feeding import Feed
from .findings import BoxLessons
from .network import Network
from .unet import Joined

__all__ = ["BoxNetwork"]

_STRIDE = 4
_MOST = 60  # boxes a picture
_LEAST_SCORE = 0.03
_LONGEST = 6.0  # logarithm of a side, in strides: more is no box, but a network gone astray


class _Centers(Joined):
    """A map of centers by category, the way to the center, and the size out."""

    _WIDTHS = (96, 64, 64)

    def __init__(self, classes: int, backbone: EfficientNetLite | None = None) -> None:
        super().__init__(self._WIDTHS, backbone)
        wide = self._WIDTHS[-1]
        last = nn.Conv2d(wide, classes, 1)
        nn.init.constant_(last.bias, -math.log(99.0))  # type: ignore[arg-type]  # at first nothing is anywhere
        self.heat = nn.Sequential(nn.Conv2d(wide, wide, 3, padding=1), nn.ReLU(), last)
        self.form = nn.Sequential(nn.Conv2d(wide, wide, 3, padding=1), nn.ReLU(), nn.Conv2d(wide, 4, 1))

    def answered(self, found: Tensor) -> Tensor:
        return torch.cat([self.heat(found), self.form(found)], 1)


class BoxNetwork(Network):
    """A network of centers with its settings."""

    def build(self, backbone: EfficientNetLite | None = None) -> _Centers:
        return _Centers(self.classes, backbone)

    def feed(self, lessons: BoxLessons) -> _Feed:
        return _Feed(self, lessons)

    def loss(self, found: Tensor, truth: Tensor) -> Tensor:
        return _loss(found, truth, self.classes)

    def boxes(self, picture: NDArray[np.uint8]) -> Boxes:
        """The things in a picture of the working size, the surest first."""
        network, device = self.awake()
        with torch.inference_mode():
            found = network(normal(picture[None], device)).float()
            return _read(found[0].cpu(), self.classes)


class _Feed(Feed):
    """Pictures, each with its map of what the network should say."""

    def __init__(self, candidate: BoxNetwork, lessons: BoxLessons) -> None:
        super().__init__(len(lessons.train), candidate.settings, candidate.seed)
        self._lessons = lessons
        self._pictures = lessons.pictures(candidate.size)
        self._size = candidate.size
        self._classes = candidate.classes

    def lesson(self, place: int, *, mirrored: bool) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        picture, boxes = self._pictures[place], self._lessons.boxes(place)
        if mirrored:
            left, top, right, bottom = boxes.corners.T
            picture = picture[:, ::-1]
            boxes = Boxes(np.stack([1 - right, top, 1 - left, bottom], 1), boxes.categories, boxes.scores)
        if self.is_strong:
            picture, corners, inside = _moved(picture, boxes.corners, self.random)
            boxes = Boxes(corners, boxes.categories, boxes.scores).take(inside)
        return picture, _drawn(boxes, self._size, self._classes)


def _moved(
    picture: NDArray[np.uint8], corners: NDArray[np.float64], random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.bool_]]:
    """A cut-out of the picture, stretched to its size; what has its center outside is gone."""
    height, width, _ = picture.shape
    share = random.uniform(0.65, 1.0)
    left, top = random.uniform(0, 1 - share, 2)
    rows = np.clip(((top + share * (np.arange(height) + 0.5) / height) * height).astype(int), 0, height - 1)
    columns = np.clip(((left + share * (np.arange(width) + 0.5) / width) * width).astype(int), 0, width - 1)
    start = np.array([left, top, left, top])
    moved = (corners - start) / share
    centers = (moved[:, :2] + moved[:, 2:]) / 2
    inside = ((centers > 0) & (centers < 1)).all(1)
    return np.ascontiguousarray(picture[rows][:, columns]), moved.clip(0, 1), inside


def _drawn(boxes: Boxes, size: tuple[int, int], classes: int) -> NDArray[np.float32]:
    """What the network should say: heat by category, the way to the center, logarithms of the sides, and where these
    count."""
    height, width = size[0] // _STRIDE, size[1] // _STRIDE
    truth = np.zeros((classes + 5, height, width), dtype=np.float32)
    rows, columns = np.mgrid[0:height, 0:width]
    areas = np.prod(boxes.corners[:, 2:] - boxes.corners[:, :2], axis=1)
    for place in np.argsort(-areas, kind="stable"):  # small things are drawn over large ones
        left, top, right, bottom = boxes.corners[place] * (width, height, width, height)
        x, y, w, h = (left + right) / 2, (top + bottom) / 2, max(right - left, 0.2), max(bottom - top, 0.2)
        across, down = columns + 0.5 - x, rows + 0.5 - y
        heat = np.exp(-0.5 * ((across / max(w / 6, 0.5)) ** 2 + (down / max(h / 6, 0.5)) ** 2))
        row, column = min(int(y), height - 1), min(int(x), width - 1)
        heat[row, column] = 1.0
        layer = truth[boxes.categories[place]]
        np.maximum(layer, heat, out=layer)
        near = (np.abs(across) <= max(0.5, min(1.5, w / 4))) & (np.abs(down) <= max(0.5, min(1.5, h / 4)))
        near[row, column] = True
        truth[classes:, near] = np.stack(
            [-across[near], -down[near], np.full(near.sum(), math.log(w)), np.full(near.sum(), math.log(h)),
             np.ones(near.sum())]
        )  # fmt: skip
    return truth


def _loss(found: Tensor, truth: Tensor, classes: int) -> Tensor:
    """A focal loss over centers; where there are things, distances in way and size, and how badly boxes fit."""
    heat, wanted = found[:, :classes].sigmoid().clamp(1e-4, 1 - 1e-4), truth[:, :classes]
    at = wanted > 0.999
    hit = -((1 - heat) ** 2) * heat.log() * at
    miss = -((1 - wanted) ** 4) * heat**2 * (1 - heat).log() * ~at
    things = at.sum().clamp(min=1)
    counts = truth[:, -1:]
    form, real = found[:, classes:], truth[:, classes : classes + 4]
    apart = functional.smooth_l1_loss(form, real, reduction="none", beta=0.2).sum(1, keepdim=True) / 2
    misfit = (apart + _misfit(form, real)) * counts
    return (hit.sum() + miss.sum()) / things + misfit.sum() / counts.sum().clamp(min=1)


def _misfit(form: Tensor, real: Tensor) -> Tensor:
    """One less the generalized IoU of boxes that are said of the same place."""
    half, true = form[:, 2:].clamp(max=_LONGEST).exp() / 2, real[:, 2:].exp() / 2
    ends = ((form[:, :2] - half, form[:, :2] + half), (real[:, :2] - true, real[:, :2] + true))
    shared = _area(torch.maximum(ends[0][0], ends[1][0]), torch.minimum(ends[0][1], ends[1][1]))
    around = _area(torch.minimum(ends[0][0], ends[1][0]), torch.maximum(ends[0][1], ends[1][1]))
    either = _area(*ends[0]) + _area(*ends[1]) - shared
    return 1 - shared / either + (around - either) / around


def _area(low: Tensor, high: Tensor) -> Tensor:
    sides = (high - low).clamp(min=0)
    return sides[:, :1] * sides[:, 1:]


def _read(found: Tensor, classes: int) -> Boxes:
    """The boxes round the centers of a network's answer."""
    height, width = found.shape[-2:]
    heat = found[:classes].sigmoid()
    peaks = heat * (functional.max_pool2d(heat[None], 3, stride=1, padding=1)[0] == heat)
    scores, places = peaks.flatten().topk(min(_MOST, peaks.numel()))
    chosen: Any = scores > _LEAST_SCORE
    scores, places = scores[chosen], places[chosen]
    category, rest = places // (height * width), places % (height * width)
    row, column = rest // width, rest % width
    form = found[classes:, row, column]
    x, y = column + 0.5 + form[0], row + 0.5 + form[1]
    w, h = form[2].exp().clamp(max=width), form[3].exp().clamp(max=height)
    corners = torch.stack([(x - w / 2) / width, (y - h / 2) / height, (x + w / 2) / width, (y + h / 2) / height], 1)
    return distinct(Boxes(corners.clamp(0, 1).double().numpy(), category.numpy(), scores.double().numpy()))
