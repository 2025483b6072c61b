"""What a pretrained network sees in pictures, one vector each; looked at once, and remembered for later candidates.

Looking is what takes the time. So a vector is kept in memory under its picture, the network and the size, for as long
as the process lives: the second candidate on the same vectors costs nothing but its own fit.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gristmill import pictures
from gristmill.engines.backbones import EfficientNetLite, folded, gaze, load, normal

__all__ = ["LEAST_SIDE", "SIDES", "Eye", "device", "squares"]

SIDES = (48, 64, 96, 128, 160, 224)  # pixels
LEAST_SIDE = 64  # smaller ones tell too little of a photograph
_BATCH = 32
_MOST = 100_000  # vectors remembered, 4.5 MB a thousand

_Key = tuple[str, int, str, int]  # path, when it was written, network, side
_REMEMBERED: OrderedDict[_Key, NDArray[np.float16]] = OrderedDict()
_NETWORKS: dict[str, EfficientNetLite] = {}


def device() -> str:
    """Where networks compute."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def _workers() -> int:
    return max(1, torch.get_num_threads()) if device() == "cpu" else 1


def squares(paths: Sequence[Path], side: int) -> NDArray[np.uint8]:
    """The pictures as one array of equal squares; several are opened at a time."""
    with ThreadPoolExecutor(4) as pool:
        return np.stack(list(pool.map(lambda path: pictures.pixels(path, side), paths)))


class Eye:
    """A pretrained network that is not trained any further. It carries its weights along, in half precision."""

    def __init__(self, name: str) -> None:
        network = load(name)
        self.name = name
        self.scale = network.scale
        self.state = {key: value.half() for key, value in network.state_dict().items() if value.is_floating_point()}

    def vectors(self, paths: Sequence[Path], side: int) -> NDArray[np.float32]:
        """What the network sees in each picture at `side` pixels."""
        keys = [self._key(path, side) for path in paths]
        fresh = {key: path for key, path in zip(keys, paths, strict=True) if key not in _REMEMBERED}
        size = _BATCH if device() == "cpu" else 8 * _BATCH
        shares = [list(fresh.items())[start : start + size] for start in range(0, len(fresh), size)]
        for share, seen in zip(shares, self._see_all(shares, side), strict=True):
            _REMEMBERED.update(zip((key for key, _ in share), seen, strict=True))
        found = np.stack([_REMEMBERED[key] for key in keys]).astype(np.float32)
        while len(_REMEMBERED) > _MOST:
            _REMEMBERED.popitem(last=False)
        return found

    def affordable(self, paths: Sequence[Path], side: int, seconds: float) -> tuple[int, int]:
        """The side, at most `side`, for which there is time, and how many of the pictures, the first ones, it allows.

        Smaller pictures are taken before fewer of them, down to `LEAST_SIDE`. The pace is measured once, and goes about
        with the area.
        """
        until = time.monotonic() + seconds
        fresh = [path for path in paths if self._key(path, side) not in _REMEMBERED]
        tried = _BATCH * _workers()
        if len(fresh) <= 2 * tried:
            return side, len(paths)
        self.vectors(fresh[:tried], side)  # the first batches are slower than those that follow
        before = time.monotonic()
        self.vectors(fresh[tried : 2 * tried], side)
        pace = (time.monotonic() - before) / tried
        left = max(0.0, until - time.monotonic())
        if pace * (len(fresh) - 2 * tried) <= left:
            return side, len(paths)
        smaller, quicker = side, pace
        for smaller in (one for one in reversed(SIDES) if LEAST_SIDE <= one < side):
            quicker = pace * max(0.2, (smaller / side) ** 2)
            fresh = [path for path in paths if self._key(path, smaller) not in _REMEMBERED]
            if quicker * len(fresh) <= left:
                return smaller, len(paths)
        return smaller, len(paths) - len(fresh) + min(len(fresh), int(left / quicker))

    def network(self) -> EfficientNetLite:
        """The network that this one's weights make."""
        if self.name not in _NETWORKS:
            with torch.device("meta"):  # no time goes into numbers that are replaced at once
                network = EfficientNetLite(**self.scale)
            state = {key: value.float() for key, value in self.state.items()}
            network.load_state_dict(state, strict=False, assign=True)  # how often norms were updated is of no use
            _NETWORKS[self.name] = folded(network).to(device())
        return _NETWORKS[self.name]

    def gaze(self, paths: Sequence[Path], side: int, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Where the network sees what a row of `weights` for each picture's vector asks for."""
        network, wanted = self.network(), torch.tensor(weights).to(device())
        x = normal(squares(paths, side), device())
        return gaze(network, x, lambda stages: (network.seen_of(stages) * wanted).sum(dim=1))

    def _see_all(self, shares: Sequence[Sequence[tuple[_Key, Path]]], side: int) -> Iterator[NDArray[np.float16]]:
        """Each share by a thread of its own: threads that work on one batch wait for one another most of the time.

        On two busy cores that was 20 pictures a second for two threads on a batch, and 120 for one.
        """
        self.network()
        threads = torch.get_num_threads()
        with ThreadPoolExecutor(_workers(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from pool.map(lambda share: self._see(squares([path for _, path in share], side)), shares)
        torch.set_num_threads(threads)

    def _see(self, pixels: NDArray[np.uint8]) -> NDArray[np.float16]:
        place = device()
        with torch.inference_mode(), torch.autocast(place, enabled=place == "cuda"):
            seen: NDArray[np.float16] = self.network().seen(normal(pixels, place)).half().cpu().numpy()
        return seen

    def _key(self, path: Path, side: int) -> _Key:
        return str(path), path.stat().st_mtime_ns, self.name, side
