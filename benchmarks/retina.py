"""The peer of bench_pictures.py: torchvision's RetinaNet with a feature pyramid, on the backbone that ours has, too.

It is trained as ours is: the same pictures at the same size, flipped and lit alike, AdamW, a learning rate that follows
the time that is used up. Anchors are scaled to small pictures: with those for photographs of 800 pixels nothing fits.
"""

from __future__ import annotations

import json
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from gristmill.engines.backbones import EfficientNetLite, load
from gristmill.engines.dense.boxes import Boxes, judged
from gristmill.engines.multimodal.vision import ready_torchvision
from gristmill.pictures import load as load_picture
from gristmill.pictures import size_of

__all__ = ["Retina"]

_CHANNELS = 128
_BATCH = 8
_RATE = 1e-3


class Retina:
    """RetinaNet for pictures of `size` pixels; `rows` as our DetectionPredictor takes them."""

    def __init__(self, categories: Sequence[str], size: int) -> None:
        self.categories = tuple(categories)
        self.size = size
        self._network = _network(len(categories), size)

    def fit(self, rows: pd.DataFrame, seconds: float) -> float:
        """Train for so many seconds; how many pictures it saw a second."""
        pictures = [np.asarray(load_picture(path, (self.size, self.size))) for path in rows["picture"]]
        boxes = [
            Boxes.of(json.loads(said), self.categories, size_of(path))
            for path, said in zip(rows["picture"], rows["boxes"], strict=True)
        ]
        random = np.random.default_rng(0)
        optimizer = _optimizer(self._network)
        rates = [group["lr"] for group in optimizer.param_groups]
        self._network.train()
        begun, seen = time.time(), 0
        while time.time() < begun + seconds:
            order = random.permutation(len(pictures))
            for start in range(0, len(order) - _BATCH + 1, _BATCH):
                done = (time.time() - begun) / seconds
                if done >= 1:
                    break
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate * (
                        min(1.0, 0.1 + done * 20) if done < 0.05 else 0.5 + 0.5 * math.cos(math.pi * done)
                    )
                places = [int(at) for at in order[start : start + _BATCH]]
                given, truths = zip(*(self._lesson(pictures[at], boxes[at], random) for at in places), strict=True)
                loss = sum(self._network(list(given), list(truths)).values())
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
                optimizer.step()
                seen += len(places)
        self._network.eval()
        return seen / (time.time() - begun)

    def _lesson(
        self, picture: np.ndarray[Any, Any], boxes: Boxes, random: np.random.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        corners = boxes.corners
        if random.random() < 0.5:
            picture = picture[:, ::-1]
            corners = np.stack([1 - corners[:, 2], corners[:, 1], 1 - corners[:, 0], corners[:, 3]], 1)
        pixels = torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255
        pixels = (
            pixels * float(random.uniform(0.8, 1.25)) + torch.from_numpy(random.uniform(-0.07, 0.07, (3, 1, 1))).float()
        )
        return pixels, {
            "boxes": torch.from_numpy(corners * self.size).float(),
            "labels": torch.from_numpy(boxes.categories),
        }

    def answer(self, path: str) -> Boxes:
        """The things in one picture."""
        pixels = np.asarray(load_picture(path, (self.size, self.size)))
        with torch.inference_mode():
            [found] = self._network([torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255])
        corners = (found["boxes"] / self.size).clamp(0, 1).double().numpy()
        return Boxes(corners, found["labels"].numpy(), found["scores"].double().numpy())

    def evaluate(self, rows: pd.DataFrame) -> dict[str, float]:
        """COCO's figures on held-out rows."""
        sizes = [size_of(path) for path in rows["picture"]]
        truths = [
            Boxes.of(json.loads(said), self.categories, size) for said, size in zip(rows["boxes"], sizes, strict=True)
        ]
        return judged(truths, [self.answer(path) for path in rows["picture"]], sizes, len(self.categories))


class _Pyramid(nn.Module):
    """The backbone's stages at strides 8, 16 and 32, as torchvision's pyramid has them."""

    out_channels = _CHANNELS

    def __init__(self, backbone: EfficientNetLite) -> None:
        super().__init__()
        from torchvision.ops import FeaturePyramidNetwork

        self.body = backbone
        self.pyramid = FeaturePyramidNetwork(list(backbone.channels[2:]), _CHANNELS)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        stages = self.body.stages(pictures.contiguous(memory_format=torch.channels_last))[2:]
        found: dict[str, Tensor] = self.pyramid(OrderedDict((str(at), stage) for at, stage in enumerate(stages)))
        return found


def _network(count: int, size: int) -> nn.Module:
    if ready_torchvision():
        import torchvision.ops.boxes

        torchvision.ops.boxes._assert_has_ops = lambda: None
    from torchvision.models.detection import RetinaNet
    from torchvision.models.detection.anchor_utils import AnchorGenerator

    scales = tuple(tuple(round(base * size / 128 * 2 ** (step / 3)) for step in range(3)) for base in (16, 32, 64))
    anchors = AnchorGenerator(scales, ((0.5, 1.0, 2.0),) * len(scales))
    network: nn.Module = RetinaNet(
        _Pyramid(load()), count, anchor_generator=anchors, min_size=size, max_size=size, image_mean=[0.5] * 3,
        image_std=[0.5] * 3, detections_per_img=60, topk_candidates=200,
    )  # fmt: skip
    for module in network.backbone.body.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.1
    return network.to(memory_format=torch.channels_last)


def _optimizer(network: nn.Module) -> torch.optim.Optimizer:
    groups: tuple[list[Tensor], list[Tensor]] = ([], [])
    for name, weight in network.named_parameters():
        groups[name.startswith("backbone.body")].append(weight)
    return torch.optim.AdamW(
        [{"params": groups[1], "lr": _RATE / 3}, {"params": groups[0], "lr": _RATE}], weight_decay=1e-2, fused=True
    )
