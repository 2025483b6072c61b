"""Dense answers to pictures, in plain torch: a class for every pixel.

    lessons.py    what is learned from and what is judged on, at one size and in memory
    unet.py       a U-Net on a backbone
    network.py    training one against the clock
    forest.py     trees that tell a pixel's class by colours around it: what can be had in seconds
    scores.py     counts of pixels by true and given class, and what is read from them
    segmenter.py  the predictor: fit, predict, evaluate, leaderboard, save and load, as AutoGluon's have them

The package goes into each model archive as it is, with pictures/, masks/ and backbones/ beside it, so it needs nothing
else of gristmill. Imported lazily: it needs torch.
"""

from __future__ import annotations

from .segmenter import CANDIDATES, Progress, SegmentationPredictor, Tried

__all__ = ["CANDIDATES", "Progress", "SegmentationPredictor", "Tried"]
