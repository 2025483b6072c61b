"""Backbones: networks that have learned to see from a million photographs, and their weights.

    net = load("efficientnet-lite0")     # weights and all, or WeightsMissing with a sentence
    net.pooled(normal(pixels))           # one vector a picture, for telling classes apart
    net.stages(normal(pixels))           # maps at a half to a thirty-second of its size, for dense answers

Of gristmill this folder imports `weights` alone: both are copied into each model archive whose model sees. Imported
lazily: it needs torch.
"""

from __future__ import annotations

from .gaze import gaze
from .network import EfficientNetLite, folded, normal
from .weights import WEIGHTS, Weights, WeightsMissing, load, opened, usable

__all__ = [
    "WEIGHTS",
    "EfficientNetLite",
    "Weights",
    "WeightsMissing",
    "folded",
    "gaze",
    "load",
    "normal",
    "opened",
    "usable",
]
