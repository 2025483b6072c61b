"""One network with its settings: how it begins, how it is kept while nobody asks it, how it answers."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..backbones import EfficientNetLite, WeightsMissing, load
from .feeding import Feed, Remembered
from .training import BUSY, Clock, Pass, Training
from .unet import Joined

__all__ = ["Network", "largest_batch"]

_DEFAULTS: dict[str, Any] = {
    "size": 128, "learning_rate": 3e-3, "augment": "light", "batch": 0, "passes": 80, "most": 0, "backbone": "tuned",
}  # fmt: skip
_BYTES_A_PIXEL = 6_000  # of a picture, in training
_LARGEST = 64  # pictures in a batch
_SMALL = 128  # pixels: below that, one thread answers sooner than two
_MOMENTUM = 0.1  # of the backbone's norms: with its own, a short fit never sees these pictures' statistics


class Network(ABC):
    """A network with its settings; its weights are NumPy arrays while it is not asked.

    A subclass says what network it is, what it is fed with, and what it must make small. With the setting `backbone`
    `frozen`, only what lies behind the backbone is trained: that takes seconds. Another network can then begin with it.
    """

    defaults: ClassVar[dict[str, Any]] = {}

    def __init__(self, settings: dict[str, Any], classes: int, seed: int) -> None:
        self.settings = _DEFAULTS | self.defaults | settings
        self.classes = classes
        self.seed = seed
        self._weights: dict[str, NDArray[Any]] = {}
        self._network: Joined | None = None
        self.size = (0, 0)
        self.pretrained = False
        self.trained_on = ""  # in words

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_network": None}

    @abstractmethod
    def build(self, backbone: EfficientNetLite | None = None) -> Joined:
        """The network, on that backbone."""

    @abstractmethod
    def feed(self, lessons: Any) -> Feed:
        """Batches of pictures and what is to be said of them, in a new order in each pass."""

    @abstractmethod
    def loss(self, found: Tensor, truth: Tensor) -> Tensor:
        """How wrong the network's answers are."""

    @property
    def is_frozen(self) -> bool:
        return bool(self.settings["backbone"] == "frozen")

    def fit(
        self,
        lessons: Any,
        clock: Clock,
        *,
        judge: Callable[[], float],
        passed: Callable[[Pass, bool], bool],
        start: Network | None = None,
    ) -> bool:
        """Train, beginning with what `start` has learned; whether there was nothing more to gain.

        `passed` is told of each pass and whether it was the best, and may end the training.
        """
        torch.manual_seed(self.seed)
        device = torch.device("cuda" if clock.gpus and torch.cuda.is_available() else "cpu")
        self.size = lessons.size(self.settings["size"])
        network = self._begin(start).to(device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's types do not know it
        feed: Any = self.feed(lessons)
        if device.type == "cuda":
            feed.largest = largest_batch(torch.cuda.mem_get_info(device)[0], self.size)
        if self.is_frozen:
            network.backbone.eval().requires_grad_(False)
            feed = Remembered(feed, network.backbone, device, 0.1 * lessons.room)

        def judged() -> float:
            self._network = network.folded()
            return judge()

        def kept(done: Pass, is_best: bool) -> bool:
            self.trained_on = _machine(device, pretrained=self.pretrained)
            if is_best:
                state = network.state_dict().items()
                self._weights = {name: value.detach().cpu().numpy().copy() for name, value in state}
            return passed(done, is_best)

        training = Training(network, feed, clock, settings=self.settings, loss=self.loss)
        is_done = training.all(judged, kept)
        self._network = None
        return is_done

    def awake(self) -> tuple[nn.Module, str]:
        """The network, ready to answer, and where it is."""
        if self._network is None:
            self._network = self._revived().folded()
            if max(self.size) <= _SMALL or os.getloadavg()[0] > BUSY * torch.get_num_threads():
                torch.set_num_threads(1)  # one small picture is too little to share; elsewhere threads may have to wait
        return self._network, str(next(self._network.parameters()).device)

    def _begin(self, start: Network | None) -> Joined:
        if not self._weights and start is not None:
            self._weights, self.pretrained = start._weights, start.pretrained
        if self._weights:  # a fit that was cut short goes on from its best pass, too
            return self._revived()
        try:
            network = self.build(load())
            self.pretrained = True
        except WeightsMissing:
            network = self.build()
        return _prepared(network)

    def _revived(self) -> Joined:
        network = _prepared(self.build())
        network.load_state_dict({name: torch.from_numpy(value) for name, value in self._weights.items()})
        return network


def largest_batch(free: int, size: tuple[int, int]) -> int:
    """Pictures of that size in a batch for which a GPU has memory."""
    return max(2, min(_LARGEST, free // (_BYTES_A_PIXEL * size[0] * size[1])))


def _prepared(network: Joined) -> Joined:
    """The backbone's norms take part in a short fit; what lies behind its last features does not."""
    for module in network.backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = _MOMENTUM
    for head in (network.backbone.conv_head, network.backbone.bn1):
        head.requires_grad_(False)
    return network


def _machine(device: torch.device, *, pretrained: bool) -> str:
    threads = torch.get_num_threads()
    cpu = f"CPU, {threads} thread{'s' if threads > 1 else ''}"
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu
    return f"trained on {where}, {'from ImageNet weights' if pretrained else 'without ImageNet weights'}"
