"""A U-Net: a backbone's features, coarse to fine, each joined with the next finer ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..backbones import EfficientNetLite

__all__ = ["Join", "UNet"]

_WIDTHS = (96, 64, 48, 32)  # channels of the decoder at strides 16, 8, 4, 2


class UNet(nn.Module):
    """Pictures in, from -1 to 1; a score for each class and pixel out."""

    def __init__(self, classes: int, backbone: EfficientNetLite | None = None) -> None:
        super().__init__()
        self.backbone = backbone or EfficientNetLite()
        *fines, coarse = self.backbone.channels
        joins = []
        for width, fine in zip(_WIDTHS, reversed(fines), strict=True):
            joins.append(Join(coarse, fine, width))
            coarse = width
        self.joins = nn.ModuleList(joins)
        self.head = nn.Conv2d(coarse, classes, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        *finer, found = self.backbone.stages(pictures)
        for join, fine in zip(self.joins, reversed(finer), strict=True):
            found = join(found, fine)
        return functional.interpolate(self.head(found), scale_factor=2.0, mode="bilinear", align_corners=False)


class Join(nn.Module):
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
