"""Where a network looks: what each place of a picture adds to a score, by the score's gradient at the network's maps.

A map's value times the score's gradient there is what that place says for the score, as far as it is straight. It is
taken at an eighth and at a sixteenth of the picture's size: the finer one tells where, the coarser one what.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .network import EfficientNetLite

__all__ = ["gaze"]

_LOOKED_AT = (2, 3)  # of the network's stages: strides of 8 and 16


def gaze(network: EfficientNetLite, x: Tensor, score: Callable[[list[Tensor]], Tensor]) -> NDArray[np.float64]:
    """What speaks for the score in each picture, a map each, at an eighth of its size; none of it is below zero.

    `score` makes one number a picture of the network's stages.
    """
    with torch.enable_grad():
        stages = network.stages(x.detach().clone().requires_grad_())
        maps = [stages[place] for place in _LOOKED_AT]
        slopes = torch.autograd.grad(score(stages).sum(), maps)
    said = [(one * slope).sum(dim=1, keepdim=True) for one, slope in zip(maps, slopes, strict=True)]
    finest = said[0].shape[-2:]
    level = [functional.interpolate(one, finest, mode="bilinear", align_corners=False) for one in said]
    heat: NDArray[np.float64] = torch.stack(level).mean(dim=0)[:, 0].clamp(min=0).detach().double().cpu().numpy()
    return heat
