"""U-Nets that draw masks: what they are fed with, and what they must make small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...masks import VOID
from ..backbones import EfficientNetLite, normal
from .lessons import MaskLessons
from .network import Network
from .unet import UNet

__all__ = ["MaskNetwork"]


class MaskNetwork(Network):
    """A U-Net with its settings."""

    def build(self, backbone: EfficientNetLite | None = None) -> nn.Module:
        return UNet(self.classes, backbone)

    def feed(self, lessons: MaskLessons) -> _Feed:
        return _Feed(self, lessons)

    def loss(self, found: Tensor, truth: Tensor) -> Tensor:
        return _loss(found, truth)

    def probabilities(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """By class, of a picture at the working size."""
        network, device = self.awake()
        with torch.inference_mode():
            found: NDArray[np.float32] = network(normal(picture[None], device)).float().softmax(1)[0].cpu().numpy()
        return found


class _Feed:
    """Batches of pictures and masks, in a new order and changed anew in each pass."""

    def __init__(self, candidate: MaskNetwork, lessons: MaskLessons) -> None:
        self._pictures = lessons.pictures(candidate.size)
        self._masks = lessons.masks(candidate.size)
        self._count = len(lessons.train)
        self._batch = candidate.settings["batch"] or min(16, max(2, self._count // 12))
        self._strong = candidate.settings["augment"] == "strong"
        self._random = np.random.default_rng(candidate.seed)

    def __len__(self) -> int:
        return max(1, self._count // self._batch)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = self._random.permutation(self._count)
        for start in range(len(self)):
            places = order[start * self._batch : (start + 1) * self._batch]
            pictures = normal(np.stack([self._pictures[int(at)] for at in places]))
            masks = torch.from_numpy(np.stack([self._masks[int(at)] for at in places]))
            yield self._changed(pictures, masks.long())

    def _changed(self, pictures: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        random, count = self._random, len(pictures)
        flipped = torch.from_numpy(random.random(count) < 0.5)
        pictures = torch.where(flipped[:, None, None, None], pictures.flip(3), pictures)
        masks = torch.where(flipped[:, None, None], masks.flip(2), masks)
        contrast = torch.from_numpy(random.uniform(0.8, 1.25, (count, 1, 1, 1))).float()
        light = torch.from_numpy(random.uniform(-0.15, 0.15, (count, 3, 1, 1))).float()
        pictures = pictures * contrast + light
        if not self._strong:
            return pictures, masks
        angle, scale = random.uniform(-0.35, 0.35, count), random.uniform(0.75, 1.3, count)
        matrix = np.zeros((count, 2, 3), dtype=np.float32)
        matrix[:, 0, 0], matrix[:, 0, 1] = np.cos(angle) * scale, -np.sin(angle) * scale
        matrix[:, 1, 0], matrix[:, 1, 1] = np.sin(angle) * scale, np.cos(angle) * scale
        matrix[:, :, 2] = random.uniform(-0.15, 0.15, (count, 2))
        grid = functional.affine_grid(torch.from_numpy(matrix), list(pictures.shape), align_corners=False)
        pictures = functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
        moved = functional.grid_sample(
            masks[:, None].float(), grid, mode="nearest", padding_mode="reflection", align_corners=False
        )
        return pictures, moved[:, 0].long()


def _loss(scores: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy, and the overlap that is missing from the classes that are there."""
    known = masks != VOID
    if not known.any():
        return scores.sum() * 0.0
    entropy = functional.cross_entropy(scores, masks, ignore_index=VOID)
    shares = scores.softmax(1) * known[:, None]
    truth = functional.one_hot(masks.masked_fill(~known, 0), scores.shape[1]).permute(0, 3, 1, 2) * known[:, None]
    both, all_ = (shares * truth).sum((0, 2, 3)), (shares + truth).sum((0, 2, 3))
    present = truth.sum((0, 2, 3)) > 0
    overlap = (2 * both[present] + 1) / (all_[present] + 1)
    return entropy + 0.5 * (1 - overlap.mean())
