"""A network that finds things by their centers: which category has one at a place, and how large the thing is.

No anchors are to be chosen, and answers need no heavy sifting: a center is a place that is surer than those around it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..backbones import EfficientNetLite, normal
from .boxes import Boxes, distinct
from .findings import BoxLessons
from .network import Network
from .unet import Join

__all__ = ["BoxNetwork"]

_STRIDE = 4
_WIDTHS = (96, 64, 64)
_MOST = 60  # boxes a picture
_LEAST_SCORE = 0.03


class _Centers(nn.Module):
    """Pictures in; a map of centers by category, the way to the center, and the size out."""

    def __init__(self, classes: int, backbone: EfficientNetLite | None = None) -> None:
        super().__init__()
        self.backbone = backbone or EfficientNetLite()
        *fines, coarse = self.backbone.channels
        joins = []
        for width, fine in zip(_WIDTHS, reversed(fines), strict=False):
            joins.append(Join(coarse, fine, width))
            coarse = width
        self.joins = nn.ModuleList(joins)
        last = nn.Conv2d(coarse, classes, 1)
        nn.init.constant_(last.bias, -math.log(99.0))  # type: ignore[arg-type]  # at first nothing is anywhere
        self.heat = nn.Sequential(nn.Conv2d(coarse, coarse, 3, padding=1), nn.ReLU(), last)
        self.form = nn.Sequential(nn.Conv2d(coarse, coarse, 3, padding=1), nn.ReLU(), nn.Conv2d(coarse, 4, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        *finer, found = self.backbone.stages(pictures)
        for join, fine in zip(self.joins, reversed(finer), strict=False):
            found = join(found, fine)
        return torch.cat([self.heat(found), self.form(found)], 1)


class BoxNetwork(Network):
    """A network of centers with its settings."""

    def build(self, backbone: EfficientNetLite | None = None) -> nn.Module:
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


class _Feed:
    """Batches of pictures, each with its map of what the network should say."""

    def __init__(self, candidate: BoxNetwork, lessons: BoxLessons) -> None:
        self._lessons = lessons
        self._pictures = lessons.pictures(candidate.size)
        self._size = candidate.size
        self._classes = candidate.classes
        self._count = len(lessons.train)
        self._batch = candidate.settings["batch"] or min(16, max(2, self._count // 12))
        self._strong = candidate.settings["augment"] == "strong"
        self._random = np.random.default_rng(candidate.seed)

    def __len__(self) -> int:
        return max(1, self._count // self._batch)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = self._random.permutation(self._count)
        for start in range(len(self)):
            pairs = [self._changed(int(at)) for at in order[start * self._batch : (start + 1) * self._batch]]
            pictures = normal(np.stack([picture for picture, _ in pairs]))
            contrast = torch.from_numpy(self._random.uniform(0.8, 1.25, (len(pairs), 1, 1, 1))).float()
            light = torch.from_numpy(self._random.uniform(-0.15, 0.15, (len(pairs), 3, 1, 1))).float()
            truths = np.stack([_drawn(boxes, self._size, self._classes) for _, boxes in pairs])
            yield pictures * contrast + light, torch.from_numpy(truths)

    def _changed(self, place: int) -> tuple[NDArray[np.uint8], Boxes]:
        picture, boxes = self._pictures[place], self._lessons.boxes(place)
        corners = boxes.corners
        if self._random.random() < 0.5:
            picture = picture[:, ::-1]
            corners = np.stack([1 - corners[:, 2], corners[:, 1], 1 - corners[:, 0], corners[:, 3]], 1)
        if self._strong:
            picture, corners, inside = _moved(picture, corners, self._random)
            return picture, Boxes(corners, boxes.categories, boxes.scores).take(inside)
        return np.ascontiguousarray(picture), Boxes(corners, boxes.categories, boxes.scores)


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
    """A focal loss over centers, and distances in way and size where there are things."""
    heat, wanted = found[:, :classes].sigmoid().clamp(1e-4, 1 - 1e-4), truth[:, :classes]
    at = wanted > 0.999
    hit = -((1 - heat) ** 2) * heat.log() * at
    miss = -((1 - wanted) ** 4) * heat**2 * (1 - heat).log() * ~at
    things = at.sum().clamp(min=1)
    counts = truth[:, -1:]
    apart = functional.smooth_l1_loss(found[:, classes:], truth[:, classes : classes + 4], reduction="none", beta=0.2)
    form = (apart * counts).sum() / counts.sum().clamp(min=1) / 2
    return (hit.sum() + miss.sum()) / things + form


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
