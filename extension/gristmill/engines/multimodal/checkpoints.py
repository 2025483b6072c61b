"""Our weights as the checkpoints that AutoGluon's MultiModal starts from, and its saved models so that they travel.

MultiModal asks a model hub for weights unless it is given a folder. A sentence encoder's package holds such a folder. A
picture network's weights are written into one under timm's names: both list the same tensors in the same order.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from gristmill.engines.backbones import EfficientNetLite, load
from gristmill.engines.texts.encoder import weights_of

__all__ = ["picture_checkpoint", "text_checkpoint", "tidy"]

_SCALES = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8))  # width and depth of Lite0 to Lite4
_LOGS = ("events.out.tfevents.*", "hparams.yaml", "*.ckpt.part", "last.ckpt")


def text_checkpoint(encoder: str) -> Path:
    """The folder of that sentence encoder; EncoderMissing where there is none."""
    return weights_of(encoder)


def picture_checkpoint(weights: str, folder: Path) -> Path:
    """Write the network of that name to `folder`; WeightsMissing where it is not to be had."""
    import timm  # type: ignore[import-untyped]

    network = load(weights)
    theirs = timm.create_model(_timms_name(network), pretrained=False, num_classes=0)
    theirs.load_state_dict(dict(zip(theirs.state_dict(), network.state_dict().values(), strict=True)))
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(theirs.state_dict(), folder / "pytorch_model.bin")
    known: dict[str, Any] = {
        "architecture": _timms_name(network),
        "num_classes": 0,
        "num_features": theirs.num_features,
        "pretrained_cfg": {
            key: value for key, value in theirs.default_cfg.items() if isinstance(value, int | float | str | tuple)
        },
    }
    (folder / "config.json").write_text(json.dumps(known), encoding="utf-8")
    return folder


def tidy(folder: Path) -> None:
    """Leave in a saved MultiModal model what answering needs, in half precision."""
    for pattern in _LOGS:
        for path in folder.glob(pattern):
            path.unlink()
    shutil.rmtree(folder / "lightning_logs", ignore_errors=True)
    path = folder / "model.ckpt"
    saved = torch.load(path, map_location="cpu", weights_only=True)
    saved["state_dict"] = {
        name: value.half() if value.dtype is torch.float32 else value for name, value in saved["state_dict"].items()
    }
    torch.save(saved, path)


def _timms_name(network: EfficientNetLite) -> str:
    return f"tf_efficientnet_lite{_SCALES.index((network.scale['width'], network.scale['depth']))}"
