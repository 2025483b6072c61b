"""U-Nets that draw masks: what they are fed with, and what they must make small."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ...masks import VOID
from ..backbones import EfficientNetLite, normal
from .feeding import Feed
from .lessons import MaskLessons
from .network import Network
from .unet import UNet

__all__ = ["MaskNetwork"]


class MaskNetwork(Network):
    """A U-Net with its settings."""

    def build(self, backbone: EfficientNetLite | None = None) -> UNet:
        return UNet(self.classes, backbone)

    def feed(self, lessons: MaskLessons) -> _Feed:
        return _Feed(self, lessons)

    def loss(self, found: Tensor, truth: Tensor) -> Tensor:
        return _loss(found, truth.long())

    def probabilities(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """By class, of a picture at the working size."""
        network, device = self.awake()
        with torch.inference_mode():
            found: NDArray[np.float32] = network(normal(picture[None], device)).float().softmax(1)[0].cpu().numpy()
        return found


class _Feed(Feed):
    """Pictures with their masks."""

    def __init__(self, candidate: MaskNetwork, lessons: MaskLessons) -> None:
        super().__init__(len(lessons.train), candidate.settings, candidate.seed)
        self._pictures = lessons.pictures(candidate.size)
        self._masks = lessons.masks(candidate.size)

    def lesson(self, place: int, *, mirrored: bool) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        picture, mask = self._pictures[place], self._masks[place]
        return (picture[:, ::-1], mask[:, ::-1]) if mirrored else (picture, mask)

    def changed(self, pictures: Tensor, truths: Tensor) -> tuple[Tensor, Tensor]:
        """In another light, and where changes are strong turned, moved and scaled, too."""
        pictures, truths = super().changed(pictures, truths)
        if not self.is_strong:
            return pictures, truths
        random, count = self.random, len(pictures)
        angle, scale = random.uniform(-0.35, 0.35, count), random.uniform(0.75, 1.3, count)
        matrix = np.zeros((count, 2, 3), dtype=np.float32)
        matrix[:, 0, 0], matrix[:, 0, 1] = np.cos(angle) * scale, -np.sin(angle) * scale
        matrix[:, 1, 0], matrix[:, 1, 1] = np.sin(angle) * scale, np.cos(angle) * scale
        matrix[:, :, 2] = random.uniform(-0.15, 0.15, (count, 2))
        grid = functional.affine_grid(torch.from_numpy(matrix), list(pictures.shape), align_corners=False)
        pictures = functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
        moved = functional.grid_sample(
            truths[:, None].float(), grid, mode="nearest", padding_mode="reflection", align_corners=False
        )
        return pictures, moved[:, 0].to(torch.uint8)


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
