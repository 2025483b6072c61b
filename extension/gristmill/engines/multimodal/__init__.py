"""Candidates for rows that hold texts or pictures beside other things, as models of AutoGluon's.

    SeenLinear    what an encoder and a network make of texts and pictures, all columns in one weighted sum: seconds
    SeenBoosted   the same under boosted trees: seconds
    MultiModal    AutoGluon's MultiModal: the encoder and the network themselves go on learning, together: minutes

MultiModal comes last, and only where the time left is enough for the steps that it needs (planning.py); it is loaded
only then. Terms: a step is one batch of rows learned from; a checkpoint is what a network starts from.

This folder knows itself, `texts`, `backbones`, `weights`, `pictures` and `picture_models` of gristmill alone: it is
copied into each model archive that answers with one of them. Imported lazily: it needs AutoGluon and torch.
"""

from __future__ import annotations

from .boosted import SeenBoosted
from .candidate import MultiModal
from .linear import SeenLinear
from .planning import Late, Seen, fine_tuning, told

__all__ = ["Late", "MultiModal", "Seen", "SeenBoosted", "SeenLinear", "fine_tuning", "told"]
