"""Dense answers to pictures, in plain torch: a class for every pixel, boxes round things.

    predictor.py  what predictors share: candidates, the folder they are kept in, the leaderboard
    fitting.py    one fit: the time shared out among the candidates
    network.py    one network: how it begins, is kept, and answers
    training.py   its training against the clock
    feeding.py    what it is fed with
    unet.py       what networks share behind their backbone, and the U-Net
    scores.py     counts of pixels by true and given class, and what is read from them
    shelf.py      pictures and masks at one size and in memory

    segmenter.py  a class for every pixel: fit, predict, evaluate, leaderboard, save and load, as AutoGluon's have them
    lessons.py    what it learns from and is judged on
    masking.py    its networks: U-Nets
    forest.py     trees that tell a pixel's class by colours around it: what can be had in seconds

    detector.py   boxes round things: the same
    findings.py   what it learns from and is judged on
    boxes.py      boxes, and COCO's figures for them
    centers.py    its networks: they find things by their centers

The package goes into each model archive as it is, with pictures/, masks/ and backbones/ beside it, so it needs nothing
else of gristmill. Imported lazily: it needs torch.
"""

from __future__ import annotations

from .detector import DetectionPredictor
from .predictor import DensePredictor, Progress, Tried
from .segmenter import SegmentationPredictor

__all__ = ["DensePredictor", "DetectionPredictor", "Progress", "SegmentationPredictor", "Tried"]
