"""One U-Net, trained against the clock.

The learning rate follows the share of the time that is used up, so that a fit comes to its end when its time does, on
a quick machine as on a slow one. After each pass over the pictures the validation pictures are judged, and the best
network so far is handed out.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ...masks import VOID
from ..backbones import normal
from .lessons import Lessons
from .unet import UNet

__all__ = ["Network", "Pass"]

_DEFAULTS: dict[str, Any] = {"size": 128, "learning_rate": 3e-3, "augment": "light", "batch": 0, "passes": 80}
_WARM_UP = 0.05  # of the time
_PATIENCE = 25  # passes without a better score
_AMPLE = 25  # passes that a network should have, before others get time
_BUSY = 0.9  # processes that want to run, by processor


@dataclass(frozen=True)
class Pass:
    """One pass over all pictures: how it went."""

    number: int
    seconds: float  # since training began
    loss: float
    score: float


class Network:
    """A U-Net with its settings; its weights are NumPy arrays while it is not asked."""

    def __init__(self, settings: dict[str, Any], classes: int, seed: int) -> None:
        self._settings = _DEFAULTS | settings
        self._classes = classes
        self._seed = seed
        self._weights: dict[str, NDArray[Any]] = {}
        self._network: UNet | None = None
        self.size = (0, 0)
        self.pretrained = False
        self.trained_on = ""  # in words

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_network": None}

    def fit(
        self,
        lessons: Lessons,
        *,
        until: float,
        at_most: float,
        cpus: int = 1,
        gpus: int = 0,
        judge: Callable[[], float],
        passed: Callable[[Pass, bool], bool],
    ) -> None:
        """Train until `until`, or up to `at_most` where passes are slow.

        `passed` is told of each pass and whether it was the best, and may end the training.
        """
        torch.manual_seed(self._seed)
        device = torch.device("cuda" if gpus and torch.cuda.is_available() else "cpu")
        self.size = lessons.size(self._settings["size"])
        network = self._begin().to(device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types do not know it
        feed = _Feed(self, lessons, self._settings, self._seed)
        optimizer = _optimizer(network, self._settings["learning_rate"])
        rates = [group["lr"] for group in optimizer.param_groups]
        begun = time.time()
        threads = _Threads(cpus)
        best, waited, number = -math.inf, 0, 0
        while True:
            number += 1
            network.train()
            losses, pass_begun = [], time.time()
            for step, (pictures, masks) in enumerate(feed):
                done = max(
                    (time.time() - begun) / max(until - begun, 1e-3),
                    (number - 1 + step / len(feed)) / self._settings["passes"],
                )
                threads.step()
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate * _share(min(done, 1.0))
                with torch.autocast(device.type, enabled=device.type == "cuda"):
                    scores = network(pictures.to(device, memory_format=torch.channels_last))
                loss = _loss(scores.float(), masks.to(device))
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
                optimizer.step()
                losses.append(float(loss.detach()))
                if time.time() > until and number > 1:
                    break
            if number == 1:
                until = max(until, min(at_most, begun + _AMPLE * (time.time() - begun)))
            network.eval()
            self._network = network
            score = judge()
            is_best = score > best
            if is_best:
                best, waited = score, 0
                self._weights = {
                    name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()
                }
            waited += not is_best
            stops = passed(Pass(number, time.time() - begun, float(np.mean(losses)), score), is_best)
            if stops or waited >= _PATIENCE or number >= self._settings["passes"]:
                break
            if time.time() + 0.6 * (time.time() - pass_begun) > until:  # hardly half a pass would fit
                break
        self._network = None
        self.trained_on = _machine(device, pretrained=self.pretrained)

    def probabilities(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """By class, of a picture at the working size."""
        network = self._awake()
        device = str(next(network.parameters()).device)
        with torch.inference_mode():
            found: NDArray[np.float32] = network(normal(picture[None], device)).float().softmax(1)[0].cpu().numpy()
        return found

    def _begin(self) -> UNet:
        if self._weights:  # a fit that was cut short goes on from its best pass
            return self._revived()
        network, self.pretrained = UNet.pretrained(self._classes)
        return network

    def _awake(self) -> UNet:
        if self._network is None:
            self._network = self._revived().eval()
        return self._network

    def _revived(self) -> UNet:
        network = UNet(self._classes)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in self._weights.items()})
        return network


def _machine(device: torch.device, *, pretrained: bool) -> str:
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    return f"trained on {where}, {'from ImageNet weights' if pretrained else 'without ImageNet weights'}"


class _Threads:
    """Finds out whether many threads are quicker than one: where others use the machine, too, they wait for each other.

    One is tried first, and many not at all where the machine is busy: a single step could take them seconds.
    """

    _TRIED = 3  # steps with each; the first of one is slow for other reasons

    def __init__(self, cpus: int) -> None:
        self._many = cpus if cpus > 1 and os.getloadavg()[0] < _BUSY * cpus else 1
        self._one: list[float] = []
        self._begun = 0.0
        torch.set_num_threads(1)

    def step(self) -> None:
        """A step begins."""
        taken, self._begun = time.time() - self._begun, time.time()
        if self._many == 1 or len(self._one) > 2 * self._TRIED:
            return
        self._one.append(taken)
        if len(self._one) == self._TRIED:
            torch.set_num_threads(self._many)
        elif len(self._one) > self._TRIED and taken > min(self._one[1 : self._TRIED]):
            torch.set_num_threads(1)
            self._many = 1


class _Feed:
    """Batches of pictures and masks, in a new order and changed anew in each pass."""

    def __init__(self, candidate: Network, lessons: Lessons, settings: dict[str, Any], seed: int) -> None:
        self._pictures = lessons.pictures(candidate.size)
        self._masks = lessons.masks(candidate.size)
        self._count = len(lessons.train)
        self._batch = settings["batch"] or min(16, max(2, self._count // 12))
        self._strong = settings["augment"] == "strong"
        self._random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return max(1, self._count // self._batch)

    def __iter__(self) -> Any:
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


def _optimizer(network: UNet, rate: float) -> torch.optim.Optimizer:
    """The backbone knows a lot already, and learns more slowly."""
    backbone = [weight for weight in network.backbone.parameters() if weight.requires_grad]
    rest = [*network.joins.parameters(), *network.head.parameters()]
    return torch.optim.AdamW([{"params": backbone, "lr": rate / 3}, {"params": rest, "lr": rate}], weight_decay=1e-2, fused=True)


def _share(done: float) -> float:
    """Of the learning rate: up quickly, then down along half a cosine."""
    if done < _WARM_UP:
        return 0.1 + 0.9 * done / _WARM_UP
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP)))


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
