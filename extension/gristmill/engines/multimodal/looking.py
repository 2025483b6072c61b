"""Where a fine-tuned network looks: what each place of a picture adds to an answer's score.

As in backbones/gaze.py, by the score's gradient at the network's own maps, an eighth and a sixteenth of the picture's
size; here those of a network of timm's, as MultiModal keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from gristmill.engines.picture_models.seeing import squares

__all__ = ["looks"]

_LOOKED_AT = (8, 16)  # strides


def looks(network: Any, paths: Sequence[Path], columns: Sequence[int], side: int) -> NDArray[np.float64] | None:
    """A map a picture of what puts the score in its column ahead; None where the network is not for pictures alone."""
    if not hasattr(network, "head") or not hasattr(getattr(network, "model", None), "feature_info"):
        return None  # fused with others, which have their say, too
    stages = {one["reduction"]: one["module"] for one in network.model.feature_info}
    kept: list[torch.Tensor] = []
    hooks = [
        network.model.get_submodule(stages[stride]).register_forward_hook(lambda *told: kept.append(told[2]))
        for stride in _LOOKED_AT
        if stride in stages
    ]
    place = next(network.parameters()).device
    pixels = torch.from_numpy(squares(paths, side)).to(place).permute(0, 3, 1, 2).float() / 255
    mean, deviation = (
        torch.tensor(numbers, device=place)[:, None, None] for numbers in (network.image_mean, network.image_std)
    )
    network.eval()
    try:
        with torch.enable_grad():
            scores = network.head(network.model(((pixels - mean) / deviation).requires_grad_()))
            own = scores[torch.arange(len(paths)), torch.as_tensor(columns, device=place)]
            lead = own - (scores.sum(dim=1) - own) / (scores.shape[1] - 1)
            slopes = torch.autograd.grad(lead.sum(), kept)
    finally:
        for hook in hooks:
            hook.remove()
    said = [(one * slope).sum(dim=1, keepdim=True) for one, slope in zip(kept, slopes, strict=True)]
    finest = said[0].shape[-2:]
    level = [functional.interpolate(one, finest, mode="bilinear", align_corners=False) for one in said]
    heat: NDArray[np.float64] = torch.stack(level).mean(dim=0)[:, 0].clamp(min=0).detach().double().cpu().numpy()
    return heat
