"""A backbone's features, coarse to fine, each joined with the next finer ones: what U-Nets and detectors share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..backbones import EfficientNetLite, folded

__all__ = ["Joined", "UNet"]


class Joined(nn.Module):
    """Pictures in, from -1 to 1. What comes out of the features, joined up to a fine stride, a subclass says.

    `widths` are the channels at strides 16, 8, 4 and so on, as far down as there are widths.
    """

    def __init__(self, widths: Sequence[int], backbone: EfficientNetLite | None = None) -> None:
        super().__init__()
        self.backbone = backbone or EfficientNetLite()
        *fines, coarse = self.backbone.channels
        joins = []
        for width, fine in zip(widths, reversed(fines), strict=False):
            joins.append(_Join(coarse, fine, width))
            coarse = width
        self.joins = nn.ModuleList(joins)

    @abstractmethod
    def answered(self, found: Tensor) -> Tensor:
        """What is said of the joined features."""

    def decoded(self, stages: Sequence[Tensor]) -> Tensor:
        """What is said of a backbone's stages, the finest first."""
        *finer, found = stages
        for join, fine in zip(self.joins, reversed(finer), strict=False):
            found = join(found, fine)
        return self.answered(found)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.decoded(self.backbone.stages(pictures))

    def folded(self) -> Self:
        """A copy that only answers, the quicker for having its norms folded into its convolutions."""
        copy = deepcopy(self).eval()
        copy.backbone = folded(copy.backbone)
        joins: Any = copy.joins
        for join in joins:
            for conv, norm in (("first", "first_norm"), ("second", "second_norm")):
                setattr(join, conv, fuse_conv_bn_eval(getattr(join, conv), getattr(join, norm)))
                setattr(join, norm, nn.Identity())
        return copy.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]  # unknown to it


class UNet(Joined):
    """A score for each class and pixel out."""

    _WIDTHS = (96, 64, 48, 32)

    def __init__(self, classes: int, backbone: EfficientNetLite | None = None) -> None:
        super().__init__(self._WIDTHS, backbone)
        self.head = nn.Conv2d(self._WIDTHS[-1], classes, 3, padding=1)

    def answered(self, found: Tensor) -> Tensor:
        return functional.interpolate(self.head(found), scale_factor=2.0, mode="bilinear", align_corners=False)


class _Join(nn.Module):
    """Coarse features, raised to the size of finer ones and joined with them."""

    def __init__(self, coarse: int, fine: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(coarse + fine, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        raised = functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
        found = functional.relu(self.first_norm(self.first(torch.cat([raised, fine], 1))))
        return functional.relu(self.second_norm(self.second(found)))
