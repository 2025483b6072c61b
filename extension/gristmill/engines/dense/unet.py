"""A U-Net: a backbone's features, coarse to fine, each joined with the next finer ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..backbones import EfficientNetLite, WeightsMissing, load

__all__ = ["UNet"]

_WIDTHS = (96, 64, 48, 32)  # channels of the decoder at strides 16, 8, 4, 2
_MOMENTUM = 0.1  # of the backbone's norms: its own is so small that a short fit never sees these pictures' statistics


class UNet(nn.Module):
    """Pictures in, from -1 to 1; a score for each class and pixel out."""

    def __init__(self, classes: int, backbone: EfficientNetLite | None = None) -> None:
        super().__init__()
        self.backbone = backbone or EfficientNetLite()
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = _MOMENTUM
        for head in (self.backbone.conv_head, self.backbone.bn1):  # behind the last features
            head.requires_grad_(False)
        *fines, coarse = self.backbone.channels
        joins = []
        for width, fine in zip(_WIDTHS, reversed(fines), strict=True):
            joins.append(_Join(coarse, fine, width))
            coarse = width
        self.joins = nn.ModuleList(joins)
        self.head = nn.Conv2d(coarse, classes, 3, padding=1)

    @classmethod
    def pretrained(cls, classes: int) -> tuple[UNet, bool]:
        """One on ImageNet's weights, where they can be had, and whether they could."""
        try:
            return cls(classes, load()), True
        except WeightsMissing:
            return cls(classes), False

    def forward(self, pictures: Tensor) -> Tensor:
        *finer, found = self.backbone.stages(pictures)
        for join, fine in zip(self.joins, reversed(finer), strict=True):
            found = join(found, fine)
        return functional.interpolate(self.head(found), scale_factor=2.0, mode="bilinear", align_corners=False)


class _Join(nn.Module):
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
