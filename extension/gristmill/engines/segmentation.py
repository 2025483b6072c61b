"""Our SegmentationPredictor, seen from the bench."""

from __future__ import annotations

from gristmill.engines.dense import SegmentationPredictor
from gristmill.engines.passes import DenseEngine

__all__ = ["SegmentationEngine"]


class SegmentationEngine(DenseEngine):
    """Masks for pictures."""

    predictor = SegmentationPredictor
    script = "predict_masks.py"
    explains = "gristmill.figures.explained:masks"
