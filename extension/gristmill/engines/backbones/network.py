"""EfficientNet-Lite in plain torch: small enough to train on a processor, and no need of torchvision or timm.

Parts are named as in the published weights, without their leading underscores. Convolutions pad as TensorFlow does,
where the weights come from: more at the end where it cannot be even.
"""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["EfficientNetLite", "folded", "normal"]

# repeats, kernel, stride, expansion, channels
_PLAN = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
         (1, 3, 1, 6, 320))  # fmt: skip
_STEM, _HEAD = 32, 1_280


def normal(pixels: NDArray[np.uint8], device: str = "cpu") -> Tensor:
    """Pictures of one size (n, rows, columns, 3) as the networks want them: from -1 to 1, colours first."""
    raw = torch.tensor(pixels).to(device)
    return raw.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0).contiguous(memory_format=torch.channels_last)


class EfficientNetLite(nn.Module):
    """The network, its classifier left away; `width` and `depth` scale it as published."""

    strides = (2, 4, 8, 16, 32)
    features = _HEAD

    def __init__(self, *, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        self.scale = {"width": width, "depth": depth}
        self.conv_stem = _Conv(3, _STEM, 3, 2)
        self.bn0 = _norm(_STEM)
        blocks: list[_Block] = []
        channels = _STEM
        for place, (repeats, kernel, stride, expansion, out) in enumerate(_PLAN):
            edge = place in (0, len(_PLAN) - 1)  # Lite leaves the first and the last stage unscaled in depth
            out = _rounded(out * width)
            for turn in range(repeats if edge else math.ceil(repeats * depth)):
                blocks.append(_Block(channels, out, kernel, stride if turn == 0 else 1, expansion))
                channels = out
        self.blocks = nn.ModuleList(blocks)
        self._ends = [place - 1 for place, block in enumerate(blocks) if block.stride == 2] + [len(blocks) - 1]
        self._channels = tuple(blocks[place].out for place in self._ends)  # of the last block at each stride
        self.conv_head = _Conv(channels, _HEAD, 1, 1)
        self.bn1 = _norm(_HEAD)

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels of each of `stages`."""
        return self._channels

    def stages(self, x: Tensor) -> list[Tensor]:
        """The maps at each of `strides`, the finest first."""
        found = []
        x = functional.relu6(self.bn0(self.conv_stem(x)))
        for place, block in enumerate(self.blocks):
            x = block(x)
            if place in self._ends:
                found.append(x)
        return found

    def pooled(self, x: Tensor) -> Tensor:
        """One vector of `features` numbers a picture."""
        return self.pooled_of(self.stages(x))

    def pooled_of(self, stages: list[Tensor]) -> Tensor:
        """The same, from its `stages`."""
        return functional.relu6(self.bn1(self.conv_head(stages[-1]))).mean(dim=(2, 3))

    def seen(self, x: Tensor) -> Tensor:
        """All that may be of use: `pooled`, the mean of each of `stages`, and in quarters that of the last but one.

        What is unlike photographs, such as letters or scans, is better told apart by the earlier stages.
        """
        return self.seen_of(self.stages(x))

    def seen_of(self, stages: list[Tensor]) -> Tensor:
        """The same, from its `stages`."""
        last = self.pooled_of(stages)
        quarters = functional.adaptive_avg_pool2d(stages[-2], 2).flatten(1)
        return torch.cat([last, *(stage.mean(dim=(2, 3)) for stage in stages), quarters], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.pooled(x)


def folded(network: EfficientNetLite) -> EfficientNetLite:
    """A copy that only answers, the quicker for having its norms folded into its convolutions."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    copy = deepcopy(network).eval()
    pairs: list[tuple[nn.Module, str, str]] = [(copy, "conv_stem", "bn0"), (copy, "conv_head", "bn1")]
    for block in copy.blocks:
        pairs += [(block, "expand_conv", "bn0")] if block.expands else []
        pairs += [(block, "depthwise_conv", "bn1"), (block, "project_conv", "bn2")]
    for owner, conv, norm in pairs:
        setattr(owner, conv, fuse_conv_bn_eval(getattr(owner, conv), getattr(owner, norm)))
        setattr(owner, norm, nn.Identity())
    return copy.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


class _Conv(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow's 'same' does."""

    def __init__(self, into: int, out: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__(into, out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        down, right = (max(0, (-(-size // stride) - 1) * stride + kernel - size) for size in x.shape[-2:])
        if down == right and down % 2 == 0:
            return functional.conv2d(x, self.weight, self.bias, stride, down // 2, 1, self.groups)
        x = functional.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
        return functional.conv2d(x, self.weight, self.bias, stride, 0, 1, self.groups)


class _Block(nn.Module):
    """An inverted residual without squeeze and excitation."""

    def __init__(self, into: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = into * expansion
        self.out, self.stride = out, stride
        self.adds = stride == 1 and into == out
        self.expands = expansion != 1
        if self.expands:
            self.expand_conv, self.bn0 = _Conv(into, wide, 1, 1), _norm(wide)
        self.depthwise_conv, self.bn1 = _Conv(wide, wide, kernel, stride, groups=wide), _norm(wide)
        self.project_conv, self.bn2 = _Conv(wide, out, 1, 1), _norm(out)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = functional.relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        y = functional.relu6(self.bn1(self.depthwise_conv(y)))
        y = self.bn2(self.project_conv(y))
        return x + y if self.adds else y


def _norm(channels: int) -> Any:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _rounded(channels: float) -> int:
    """To a multiple of eight, never down by more than a tenth."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
