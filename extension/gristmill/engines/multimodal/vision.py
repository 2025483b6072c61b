"""Has torchvision import where its build does not fit torch's: the registry's CUDA build beside a CPU build of torch.

Such a torchvision cannot load its compiled operators, and then fails to import, though transforms, all that AutoGluon's
MultiModal takes of it, need none. So the two operators that it only looks up are declared, with plain torch behind
them, and it is imported again. Where the builds fit, nothing of this happens.
"""

from __future__ import annotations

import sys
from functools import cache

import torch
from torch import Tensor

__all__ = ["ready_torchvision"]

_MISSING = "operator torchvision::"  # how the error of such a torchvision begins


def ready_torchvision() -> bool:
    """Import torchvision, with help where it cannot do without; whether it was helped."""
    try:
        import torchvision  # type: ignore[import-untyped]
    except RuntimeError as error:
        if not str(error).startswith(_MISSING):
            raise
    else:
        return _operators.cache_info().currsize > 0
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # half imported
    _operators()
    import torchvision  # noqa: F401

    return True


@cache
def _operators() -> torch.library.Library:
    """The declared operators; they last as long as what is returned."""
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        of_two = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        library.define(of_two)  # type: ignore[no-untyped-call]
        library.impl(name, _apart, "CPU")  # type: ignore[no-untyped-call]
    return library


def _apart(boxes: Tensor, scores: Tensor, most: float) -> Tensor:
    """The boxes, best first, of which none overlaps a better one by more than `most`."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left, kept = scores.argsort(descending=True), []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        low = torch.maximum(boxes[best, :2], boxes[left, :2])
        high = torch.minimum(boxes[best, 2:], boxes[left, 2:])
        shared = (high - low).clamp(min=0).prod(dim=1)
        left = left[shared <= most * (areas[best] + areas[left] - shared)]
    return torch.stack(kept) if kept else torch.empty(0, dtype=torch.int64)
