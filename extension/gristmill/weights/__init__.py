"""Pretrained weights: which there are, where each lies, what it weighs and under what licence.

    find("efficientnet-lite0").place()     # the file or folder, or WeightsMissing with a sentence
    known(TEXT)                            # all for texts, at hand or not

Terms
-----
weights    what a network has learned beforehand, under the name that recipes use: `--set weights=NAME`
kind       what the network looks at: `picture`, `text`
source     `package`: an installed package brings them; `folder`: a person added a folder of theirs; `hub`: a model hub
           has them, and they lie in a folder once they were fetched
shelf      the folder in which those that no package brings are kept, one folder each, with an about.json

This folder imports nothing of gristmill, no library, and knows itself by relative imports only: it is copied into each
model archive whose model needs weights. Nothing here asks a network while a run waits.
"""

from __future__ import annotations

from .fetching import fetched
from .registry import BUILT_IN, PICTURE, TEXT, Weights, WeightsMissing, find, known, shelf
from .shelving import ABOUT, SHELF, describe, put

__all__ = [
    "ABOUT",
    "BUILT_IN",
    "PICTURE",
    "SHELF",
    "TEXT",
    "Weights",
    "WeightsMissing",
    "describe",
    "fetched",
    "find",
    "known",
    "put",
    "shelf",
]
