"""What AutoGluon's neural networks need on a machine where torch is built for CPUs and torchvision is not.

Lightning imports torchvision where there is one; built for another torch, that fails over two operators that it
expects to be declared. Declared they suffice, as no forecast ever calls them. Where the two fit, nothing is done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any

_NEURAL = (
    *("TemporalFusionTransformer", "DeepAR", "PatchTST", "TiDE", "DLinear", "SimpleFeedForward", "WaveNet"),
    *("Chronos", "Toto"),
)
_EXPECTED = ("nms", "qnms")


def ready_for(names: Iterable[str]) -> None:
    """See to it that candidates of these names can be imported."""
    if any(name.startswith(_NEURAL) for name in names):
        _declared()


@cache
def _declared() -> Any:
    """The library that declares the operators, kept as long as the process; None where none was needed."""
    import torch

    try:
        import_module("torchvision")
    except ImportError:
        return None
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]  # half imported
        declare: Any = torch.library.Library
        library = declare("torchvision", "DEF")
        for operator in _EXPECTED:
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return library
    return None
