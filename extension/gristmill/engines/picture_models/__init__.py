"""Candidates that answer for pictures, as models of AutoGluon's: one leaderboard and one ensemble hold them all.

    SmallPictures     every picture made tiny, and a support vector machine: seconds
    FrozenLinear      what a pretrained network sees, and a straight line through it
    FrozenBoosted     the same, and boosted trees
    FineTuned         the network itself goes on learning

Cheap and strong ones come first. One that has not the time it needs says so instead of being half trained.

This folder knows itself, `pictures` and `backbones`, and nothing else of gristmill: it is copied into each model
archive whose model takes pictures. Imported lazily: it needs AutoGluon and torch.
"""

from __future__ import annotations

from .base import PictureModel
from .frozen import FrozenBoosted, FrozenLinear
from .small import SmallPictures
from .tuned import FineTuned

__all__ = ["CANDIDATES", "FineTuned", "FrozenBoosted", "FrozenLinear", "PictureModel", "SmallPictures"]

CANDIDATES = (SmallPictures, FrozenLinear, FrozenBoosted, FineTuned)  # in the order in which they are worth trying
