"""What networks are fed with: batches of pictures and what is to be said of them.

A frozen backbone sees the same in a picture each time. So its features are remembered, of the picture and of its mirror
image, and only what lies behind them is trained: a pass then takes a fraction of the time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..backbones import EfficientNetLite, normal

__all__ = ["Feed", "Remembered", "ahead"]

T = TypeVar("T")
Draw = tuple[int, bool]  # the place of a picture, and whether it is shown in a mirror


class Feed(ABC):
    """Batches of pictures, in a new order and changed anew in each pass; at most `most` of the `count` pictures.

    Unless the settings say how many pictures go into a batch, it is a twelfth of them within bounds: `largest` can be
    raised where there is memory for more.
    """

    largest = 16

    def __init__(self, count: int, settings: Mapping[str, Any], seed: int) -> None:
        self.count = min(count, settings["most"] or count)
        self.is_strong = settings["augment"] == "strong"
        self.random = np.random.default_rng(seed)
        self._wanted: int = settings["batch"]
        self._places = self.random.permutation(count)[: self.count]

    @property
    def batch(self) -> int:
        """Pictures in a batch."""
        return self._wanted or min(self.largest, max(2, self.count // 12))

    def __len__(self) -> int:
        return max(1, self.count // self.batch)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for draws in self.draws():
            lessons = [self.lesson(place, mirrored=mirrored) for place, mirrored in draws]
            pictures = normal(np.stack([picture for picture, _ in lessons]))
            yield self.changed(pictures, torch.from_numpy(np.stack([truth for _, truth in lessons])))

    def draws(self) -> Iterator[list[Draw]]:
        """What is shown in each batch of a pass."""
        order = self.random.permutation(self._places)
        mirrored = self.random.random(len(order)) < 0.5
        for start in range(0, len(self) * self.batch, self.batch):
            chosen = slice(start, start + self.batch)
            yield [(int(place), bool(turned)) for place, turned in zip(order[chosen], mirrored[chosen], strict=True)]

    @abstractmethod
    def lesson(self, place: int, *, mirrored: bool) -> tuple[NDArray[np.uint8], NDArray[Any]]:
        """A picture at the working size, and what is to be said of it."""

    def changed(self, pictures: Tensor, truths: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures as they might have been taken in another light."""
        count = len(pictures)
        contrast = torch.from_numpy(self.random.uniform(0.8, 1.25, (count, 1, 1, 1))).float()
        light = torch.from_numpy(self.random.uniform(-0.15, 0.15, (count, 3, 1, 1))).float()
        return pictures.mul_(contrast).add_(light), truths


def ahead(batches: Iterable[T], depth: int = 4) -> Iterator[T]:
    """The batches, each made by a thread while those before it are learned from."""
    source, waiting = iter(batches), deque[Future[T | None]]()
    with ThreadPoolExecutor(1) as pool:
        while True:
            while len(waiting) < depth:
                waiting.append(pool.submit(next, source, None))
            batch = waiting.popleft().result()
            if batch is None:
                return
            yield batch


class Remembered:
    """The batches of a feed as a frozen backbone sees them; as many stay in memory as `room` bytes hold."""

    def __init__(self, feed: Feed, backbone: EfficientNetLite, device: torch.device, room: float) -> None:
        self._feed = feed
        self._backbone = backbone
        self._device = device
        self._room = room
        self._known: dict[Draw, tuple[list[Tensor], Tensor]] = {}

    def __len__(self) -> int:
        return len(self._feed)

    def __iter__(self) -> Iterator[tuple[list[Tensor], Tensor]]:
        for draws in self._feed.draws():
            looked = self._looked([draw for draw in draws if draw not in self._known])
            chosen = [self._known.get(draw) or looked[draw] for draw in draws]
            stages = [
                torch.stack(parts).float().contiguous(memory_format=torch.channels_last)
                for parts in zip(*(stages for stages, _ in chosen), strict=True)
            ]
            yield stages, torch.stack([truth for _, truth in chosen])

    def _looked(self, draws: list[Draw]) -> dict[Draw, tuple[list[Tensor], Tensor]]:
        if not draws:
            return {}
        lessons = [self._feed.lesson(place, mirrored=mirrored) for place, mirrored in draws]
        pictures = normal(np.stack([picture for picture, _ in lessons])).to(self._device)
        with torch.no_grad():
            stages = [stage.half() for stage in self._backbone.stages(pictures)]
        found = {
            draw: ([stage[at].clone() for stage in stages], torch.from_numpy(np.array(truth)))
            for at, (draw, (_, truth)) in enumerate(zip(draws, lessons, strict=True))
        }
        for draw, (seen, truth) in found.items():
            bytes_ = sum(part.nbytes for part in (*seen, truth))
            if bytes_ <= self._room:
                self._room -= bytes_
                self._known[draw] = seen, truth
        return found
