"""All charts of how well a model answers, as its answers' shape asks for."""

from __future__ import annotations

from gristmill.figures import classes, curves, numbers
from gristmill.figures.answers import Answers
from gristmill.figures.figure import Group

__all__ = ["performance"]


def performance(answers: Answers) -> Group:
    """For classes: confusion, ROC, precision-recall, calibration, gain, lift, each class; for numbers: fit and errors."""
    charts = (
        (
            classes.confusion,
            curves.roc,
            curves.precision_recall,
            curves.calibration,
            curves.gain,
            curves.lift,
            classes.class_figures,
        )
        if answers.classes
        else (
            numbers.predicted_against_actual,
            numbers.residuals,
            numbers.residuals_by_prediction,
            numbers.error_by_range,
        )
    )
    return Group(chart(answers) for chart in charts)
