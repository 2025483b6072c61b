"""A network trained against the clock.

The learning rate follows the share of the time that is used up, so that a fit comes to its end when its time does, on
a quick machine as on a slow one. After passes over the pictures the validation pictures are judged, and the best
network so far is handed out. Where judging takes long, it is done less often than after each pass.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from .feeding import ahead
from .unet import Joined

__all__ = ["BUSY", "Clock", "Pass", "Training"]

BUSY = 0.9  # processes that want to run, by processor
_WARM_UP = 0.05  # of the time
_PATIENCE = 25  # judgements without a better score
_LONGEST, _SHARE = 20.0, 0.08  # seconds, and of the time: so often at least is the network judged and kept
_JUDGING = 0.25  # of the time, at most, as far as that goes
_AMPLE = 25  # passes that a network should have, before others get time


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


class Batches(Protocol):
    """Batches of one pass; as many as its length says."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[Any, Tensor]]: ...


class Training:
    """The training of one network, whose backbone is frozen where none of its weights can be changed."""

    def __init__(
        self,
        network: Joined,
        feed: Batches,
        clock: Clock,
        *,
        settings: Mapping[str, Any],
        loss: Callable[[Tensor, Tensor], Tensor],
    ) -> None:
        self._network = network
        self._feed = feed
        self._clock = clock
        self._passes: int = settings["passes"]
        self._loss = loss
        self._device = next(network.parameters()).device
        self._is_frozen = not any(weight.requires_grad for weight in network.backbone.parameters())
        self._optimizer = _optimizer(network, settings["learning_rate"])
        self._rates = [group["lr"] for group in self._optimizer.param_groups]
        self._begun = time.time()
        self._until = clock.until
        self._threads = _Threads(clock.cpus)

    def all(self, judge: Callable[[], float], passed: Callable[[Pass, bool], bool]) -> bool:
        """Train to the end of the time; whether there was nothing more to gain."""
        best, waited, number, judging, judged_at = self._clock.best, 0, 0, 0.0, self._begun
        while True:
            number += 1
            loss, taken = self._pass(number)
            if number == 1:
                ample = self._begun + _AMPLE * (time.time() - self._begun)
                self._until = max(self._until, min(self._clock.at_most, ample))
            is_last = number >= self._passes or time.time() + 0.6 * taken > self._until  # hardly half a pass would fit
            since = time.time() - judged_at
            if not is_last and judging > _JUDGING * since and since < _LONGEST:
                continue
            begun = time.time()
            score = judge()
            judged_at = time.time()
            judging = judged_at - begun
            is_best = score > best
            best, waited = (score, 0) if is_best else (best, waited + 1)
            stops = passed(Pass(number, judged_at - self._begun, loss, score), is_best)
            is_done = waited >= _PATIENCE or number >= self._passes
            if stops or is_done or is_last or time.time() + 0.6 * taken > self._until:
                return is_done

    def _pass(self, number: int) -> tuple[float, float]:
        """One pass, or as much of it as is done between two judgements; the mean loss, and the seconds it took."""
        self._network.train()
        self._network.backbone.train(not self._is_frozen)
        losses, begun = [], time.time()
        batches = ahead(self._feed) if self._device.type == "cuda" and not self._is_frozen else self._feed
        for step, (given, truth) in enumerate(batches):
            done = max(
                (time.time() - self._begun) / max(self._until - self._begun, 1e-3),
                (number - 1 + step / len(self._feed)) / self._passes,
            )
            losses.append(self._step(given, truth, _share(min(done, 1.0))))
            if time.time() > (self._until if number > 1 else self._clock.at_most):
                break
            if time.time() - begun > max(_LONGEST, _SHARE * (self._until - self._begun)):
                break
        self._network.eval()
        return float(np.mean(losses)), time.time() - begun

    def _step(self, given: Any, truth: Tensor, share: float) -> float:
        self._threads.step()
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * share
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._device.type == "cuda"):
            if self._is_frozen:
                found = self._network.decoded(given)
            else:
                found = self._network(given.to(self._device, memory_format=torch.channels_last))
        loss = self._loss(found.float(), truth.to(self._device))
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimizer.step()
        return float(loss.detach())


class _Threads:
    """Finds out whether many threads are quicker than one: where others use the machine, too, they wait for each other.

    One is tried first, and many not at all where the machine is busy: a single step could take them seconds.
    """

    _TRIED = 3  # steps with each; the first of one is slow for other reasons

    def __init__(self, cpus: int) -> None:
        self._many = cpus if cpus > 1 and os.getloadavg()[0] < BUSY * cpus else 1
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


def _optimizer(network: Joined, rate: float) -> torch.optim.Optimizer:
    """The backbone knows a lot already, and learns more slowly."""
    weights = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    backbone = [weight for name, weight in weights if name.startswith("backbone.")]
    rest = [weight for name, weight in weights if not name.startswith("backbone.")]
    groups = [{"params": backbone, "lr": rate / 3}] if backbone else []
    return torch.optim.AdamW([*groups, {"params": rest, "lr": rate}], weight_decay=1e-2, fused=True)


def _share(done: float) -> float:
    """Of the learning rate: up quickly, then down along half a cosine."""
    if done < _WARM_UP:
        return 0.1 + 0.9 * done / _WARM_UP
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP)))
