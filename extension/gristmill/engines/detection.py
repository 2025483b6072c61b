"""Our DetectionPredictor, seen from the bench."""

from __future__ import annotations

from gristmill.engines.dense import DetectionPredictor
from gristmill.engines.passes import DenseEngine

__all__ = ["DetectionEngine"]


class DetectionEngine(DenseEngine):
    """Boxes for pictures."""

    predictor = DetectionPredictor
    script = "predict_boxes.py"
    explains = "gristmill.figures.explained:boxes"
