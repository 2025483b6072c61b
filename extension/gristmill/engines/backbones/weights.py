"""Pretrained weights put into a network: those of the registry (gristmill.weights), and files that somebody gives.

What is not there is said in a sentence, so that a recipe can go on without it.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from gristmill.weights import BUILT_IN, PICTURE, Weights, WeightsMissing, find, known

from .network import EfficientNetLite

__all__ = ["WEIGHTS", "Weights", "WeightsMissing", "load", "opened", "usable"]

WEIGHTS = tuple(one for one in BUILT_IN if one.kind == PICTURE)
_FILES = ("*.safetensors", "pytorch_model.bin", "*.pth", "*.pt", "*.bin")
_SCALES = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8))  # width and depth of Lite0 to Lite4
_THIN = ("conv_dw", "bn1", "conv_pw", "bn2")  # a block's layers in their order, by timm's names
_WIDE = ("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3")
_HEADS = ("_fc.", "fc.", "classifier.", "head.")  # what tells the classes that it was trained on


def usable(folders: Sequence[Path] = ()) -> list[Weights]:
    """The weights for pictures that are on this machine."""
    return [weights for weights in known(PICTURE) if weights.path(folders)]


def load(name: str = "efficientnet-lite0", folders: Sequence[Path] = ()) -> EfficientNetLite:
    """The network of that name with its weights, ready to answer; WeightsMissing where they are not to be had."""
    return opened(find(name, PICTURE).place(folders))


def opened(place: Path) -> EfficientNetLite:
    """The network whose weights lie at `place`, a file or a folder; WeightsMissing where they are none of ours.

    Which of the published sizes it is, its tensors tell. Names differ from publisher to publisher, the order does not.
    """
    file = _file_of(place)
    given = [
        value
        for key, value in _read(file).items()
        if not key.startswith(_HEADS) and not key.endswith("num_batches_tracked")
    ]
    for width, depth in _SCALES:
        with torch.device("meta"):
            wanted = EfficientNetLite(width=width, depth=depth).state_dict()
        names = [name for name in wanted if not name.endswith("num_batches_tracked")]
        if [wanted[name].shape for name in names] == [value.shape for value in given]:
            network = EfficientNetLite(width=width, depth=depth)
            network.load_state_dict(dict(zip(names, given, strict=True)), strict=False)
            return network.eval()
    raise WeightsMissing(f"{file.name} holds no EfficientNet-Lite (Lite0 to Lite4), the networks that are read here.")


def _file_of(place: Path) -> Path:
    if place.is_file():
        return place
    found = next((file for pattern in _FILES for file in sorted(place.glob(pattern))), None)
    if found is None:
        raise WeightsMissing(f"{place.name} holds no file of weights ({', '.join(_FILES)}).")
    return found


def _read(file: Path) -> dict[str, Any]:
    """A file's tensors in their order; nothing in it is executed."""
    try:
        if file.suffix == ".safetensors":
            from safetensors import safe_open

            with safe_open(file, framework="pt") as held:
                return {key: held.get_tensor(key) for key in _in_order(list(held.keys()))}
        published = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise WeightsMissing(f"{file.name} cannot be read as weights.") from error
    except Exception as error:  # safetensors has an error of its own, known only where it is installed
        if "Safetensor" not in type(error).__name__:
            raise
        raise WeightsMissing(f"{file.name} cannot be read as weights.") from error
    state = published.get("state_dict", published) if isinstance(published, dict) else None
    if not state or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsMissing(f"{file.name} holds no network's weights.")
    return dict(state)


def _in_order(keys: list[str]) -> list[str]:
    """Tensors in the order of the network: safetensors sorts them by name, in which bn1 comes before conv_pw."""
    return sorted(keys, key=_step)


def _step(key: str) -> tuple[tuple[int, ...], int]:
    """Where in the network a tensor of timm's comes: part, block, layer, and then as PyTorch orders a layer's own."""
    parts = key.split(".")
    last = {"weight": 0, "bias": 1, "running_mean": 2, "running_var": 3}.get(parts[-1], 4)
    if parts[0] == "blocks" and len(parts) >= 5:
        stage, block, layer = int(parts[1]), int(parts[2]), parts[3]
        thin = stage == 0  # its blocks do not widen first, and so lack the first convolution
        order = _THIN if thin else _WIDE
        return (1, stage, block, order.index(layer) if layer in order else len(order)), last
    ends = {"conv_stem": 0, "bn1": 0, "conv_head": 2, "bn2": 2}
    return (ends.get(parts[0], 3), 0, 0, int(parts[0].startswith("bn"))), last
