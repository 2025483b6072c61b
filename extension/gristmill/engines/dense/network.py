"""One network, trained against the clock.

The learning rate follows the share of the time that is used up, so that a fit comes to its end when its time does, on
a quick machine as on a slow one. After each pass over the pictures the validation pictures are judged, and the best
network so far is handed out.
"""

from __future__ import annotations

import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..backbones import EfficientNetLite, WeightsMissing, load

__all__ = ["Clock", "Feed", "Network", "Pass"]

_DEFAULTS: dict[str, Any] = {"size": 128, "learning_rate": 3e-3, "augment": "light", "batch": 0, "passes": 80}
_WARM_UP = 0.05  # of the time
_MOMENTUM = 0.1  # of the backbone's norms: with its own, a short fit never sees these pictures' statistics
_PATIENCE = 25  # passes without a better score
_LONGEST, _SHARE = 20.0, 0.08  # seconds, and of the time: so often at least is the network judged and kept
_AMPLE = 25  # passes that a network should have, before others get time
_BUSY = 0.9  # processes that want to run, by processor


@dataclass(frozen=True)
class Pass:
    """One pass over all pictures: how it went."""

    number: int
    seconds: float  # since training began
    loss: float
    score: float


@dataclass(frozen=True)
class Clock:
    """How long a network may train, `at_most` where passes are slow, on what, and the score that it has to beat."""

    until: float
    at_most: float
    cpus: int = 1
    gpus: int = 0
    best: float = -math.inf


class Network(ABC):
    """A network with its settings; its weights are NumPy arrays while it is not asked.

    A subclass says what network it is, what it is fed with, and what it must make small.
    """

    defaults: ClassVar[dict[str, Any]] = {}

    def __init__(self, settings: dict[str, Any], classes: int, seed: int) -> None:
        self.settings = _DEFAULTS | self.defaults | settings
        self.classes = classes
        self.seed = seed
        self._weights: dict[str, NDArray[Any]] = {}
        self._network: nn.Module | None = None
        self.size = (0, 0)
        self.pretrained = False
        self.trained_on = ""  # in words

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_network": None}

    @abstractmethod
    def build(self, backbone: EfficientNetLite | None = None) -> nn.Module:
        """The network, on that backbone; it has the backbone under that name."""

    @abstractmethod
    def feed(self, lessons: Any) -> Feed:
        """Batches of pictures and what is to be said of them, in a new order in each pass."""

    @abstractmethod
    def loss(self, found: Tensor, truth: Tensor) -> Tensor:
        """How wrong the network's answers are."""

    def fit(
        self, lessons: Any, clock: Clock, *, judge: Callable[[], float], passed: Callable[[Pass, bool], bool]
    ) -> bool:
        """Train; whether there was nothing more to gain.

        `passed` is told of each pass and whether it was the best, and may end the training.
        """
        torch.manual_seed(self.seed)
        device = torch.device("cuda" if clock.gpus and torch.cuda.is_available() else "cpu")
        self.size = lessons.size(self.settings["size"])
        network = self._begin().to(device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types do not know it
        feed = self.feed(lessons)
        optimizer = _optimizer(network, self.settings["learning_rate"])
        rates = [group["lr"] for group in optimizer.param_groups]
        begun = time.time()
        threads = _Threads(clock.cpus)
        best, waited, number, until = clock.best, 0, 0, clock.until
        while True:
            number += 1
            network.train()
            losses, pass_begun = [], time.time()
            for step, (pictures, truth) in enumerate(feed):
                done = max(
                    (time.time() - begun) / max(until - begun, 1e-3),
                    (number - 1 + step / len(feed)) / self.settings["passes"],
                )
                threads.step()
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate * _share(min(done, 1.0))
                with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                    scores = network(pictures.to(device, memory_format=torch.channels_last))
                loss = self.loss(scores.float(), truth.to(device))
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
                optimizer.step()
                losses.append(float(loss.detach()))
                if time.time() > (until if number > 1 else clock.at_most):
                    break
                if time.time() - pass_begun > max(_LONGEST, _SHARE * (until - begun)):
                    break
            if number == 1:
                until = max(until, min(clock.at_most, begun + _AMPLE * (time.time() - begun)))
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
            is_done = waited >= _PATIENCE or number >= self.settings["passes"]
            if stops or is_done:
                break
            if time.time() + 0.6 * (time.time() - pass_begun) > until:  # hardly half a pass would fit
                break
        self._network = None
        self.trained_on = _machine(device, pretrained=self.pretrained)
        return is_done

    def awake(self) -> tuple[nn.Module, str]:
        """The network, ready to answer, and where it is."""
        if self._network is None:
            self._network = self._revived().eval()
            if os.getloadavg()[0] > _BUSY * torch.get_num_threads():
                torch.set_num_threads(1)  # on a busy machine threads wait for each other
        return self._network, str(next(self._network.parameters()).device)

    def _begin(self) -> nn.Module:
        if self._weights:  # a fit that was cut short goes on from its best pass
            return self._revived()
        try:
            network = self.build(load())
            self.pretrained = True
        except WeightsMissing:
            network = self.build()
        return _prepared(network)

    def _revived(self) -> nn.Module:
        network = _prepared(self.build())
        network.load_state_dict({name: torch.from_numpy(value) for name, value in self._weights.items()})
        return network


class Feed(Protocol):
    """Batches of one pass; as many as its length says."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]: ...


def _prepared(network: nn.Module) -> nn.Module:
    """The backbone's norms take part in a short fit; what lies behind its last features does not."""
    backbone: Any = network.backbone
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = _MOMENTUM
    for head in (backbone.conv_head, backbone.bn1):
        head.requires_grad_(False)
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


def _optimizer(network: nn.Module, rate: float) -> torch.optim.Optimizer:
    """The backbone knows a lot already, and learns more slowly."""
    weights = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    backbone = [weight for name, weight in weights if name.startswith("backbone.")]
    rest = [weight for name, weight in weights if not name.startswith("backbone.")]
    groups = [{"params": backbone, "lr": rate / 3}, {"params": rest, "lr": rate}]
    return torch.optim.AdamW(groups, weight_decay=1e-2, fused=True)


def _share(done: float) -> float:
    """Of the learning rate: up quickly, then down along half a cosine."""
    if done < _WARM_UP:
        return 0.1 + 0.9 * done / _WARM_UP
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP)))
