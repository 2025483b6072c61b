"""All charts of how well a model answers, as its answers' shape asks for."""

from __future__ import annotations

from gristmill.figures import classes, curves, numbers
from gristmill.figures.answers import Answers
from gristmill.figures.figure import Group

__all__ = ["performance"]


_TWO_CLASSES = (
    classes.confusion,
    curves.roc,
    curves.precision_recall,
    curves.calibration,
    curves.gain,
    curves.lift,
    classes.class_figures,
)
_MANY_CLASSES = (*_TWO_CLASSES[:-1], curves.surest, classes.class_figures)
_NUMBERS = (
    numbers.predicted_against_actual,
    numbers.residuals,
    numbers.residuals_by_prediction,
    numbers.error_by_range,
)


def performance(answers: Answers) -> Group:
    """For classes: confusion, curves, calibration, gain, lift, each class; for numbers: fit and errors."""
    charts = _NUMBERS if not answers.classes else _MANY_CLASSES if answers.positive is None else _TWO_CLASSES
    return Group(chart(answers) for chart in charts)
