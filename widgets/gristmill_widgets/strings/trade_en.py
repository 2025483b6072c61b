"""What tasks, metrics and words of the trade are called, in English."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["Trade"]


class Trade:
    """Names of the platform's own, as people know them, and what they mean."""

    tasks: ClassVar = {
        "tabular-classification": ("Which group?", "Each row gets one of the groups that are in the column."),
        "tabular-regression": ("How much?", "Each row gets a number."),
        "time-series": ("What comes next?", "The numbers go on over time."),
        "text-classification": ("Which group of texts?", "Each text gets one of the groups."),
        "image-classification": ("What is in the picture?", "Each picture gets one of the groups."),
        "image-segmentation": ("Which pixels are what?", "Each pixel gets one of the groups."),
        "object-detection": ("Where are the things?", "Things in pictures get a name and a box around them."),
    }
    metrics: ClassVar = {
        "accuracy": ("share of right answers", "100% is always right."),
        "balanced_accuracy": ("share of right answers, each group counting the same", "100% is always right."),
        "roc_auc": (
            "ranking",
            "How often one of the group sought is ranked above one that is not: 1 is always, 0.5 is guessing.",
        ),
        "roc_auc_ovr_macro": (
            "ranking",
            "How often one of a group is ranked above all others: 1 is always, 0.5 is guessing.",
        ),
        "average_precision": ("purity at the top", "How few wrong ones stand among those ranked highest: 1 is none."),
        "f1": ("found and right", "Balances how many are found against how many of the found are right: 1 is best."),
        "f1_macro": ("found and right, each group counting the same", "1 is best."),
        "precision": ("right among the found", "100% is no false alarm."),
        "recall": ("found of those there are", "100% misses none."),
        "log_loss": ("how sure and right", "Being sure and wrong costs most: 0 is perfect."),
        "mcc": ("agreement", "1 is perfect, 0 is guessing."),
        "quadratic_kappa": ("agreement in order", "Far misses count more than near ones: 1 is perfect."),
        "root_mean_squared_error": (
            "typical error",
            "In the column’s own unit; large errors count more. 0 is perfect.",
        ),
        "mean_absolute_error": ("average error", "In the column’s own unit. 0 is perfect."),
        "median_absolute_error": ("middle error", "Half of all errors are smaller. 0 is perfect."),
        "mean_absolute_percentage_error": ("average error in percent", "0% is perfect."),
        "r2": ("share explained", "How much of the ups and downs is explained: 1 is all of it."),
        "spearmanr": ("same order", "1 is the same order throughout."),
        "MASE": ("error beside a simple guess", "Below 1 is better than repeating the last season."),
        "WQL": ("error of the whole range", "How far the range that is forecast lies from what came: 0 is perfect."),
        "WAPE": ("error in percent of the total", "0% is perfect."),
        "SMAPE": ("error in percent", "0% is perfect."),
        "RMSE": ("typical error", "In the column’s own unit; large errors count more. 0 is perfect."),
        "MAE": ("average error", "In the column’s own unit. 0 is perfect."),
        "mean_iou": ("overlap", "How well found and true areas cover each other: 100% is fully."),
        "dice": ("overlap, small areas too", "100% is fully."),
        "pixel_accuracy": ("share of right pixels", "100% is every one."),
        "map_50": ("boxes found, roughly placed", "How many things are found, half of the box right: 100% is all."),
        "map_75": ("boxes found, closely placed", "How many things are found, most of the box right: 100% is all."),
        "map": ("boxes found", "How many things are found, in the right place: 100% is all."),
    }
    # words of the trade: as the platform writes them, as they are called here, and what they mean
    terms_title = "What do these words mean?"
    terms: ClassVar = {
        "95% interval": (
            "95% interval",
            "Measured on other data of this kind, the score would lie within it 95 times in 100.",
        ),
        "ROC AUC": (
            "ROC AUC",
            "How often one of the group sought is ranked above one that is not: 1 is always, 0.5 is guessing.",
        ),
        "balanced accuracy": (
            "balanced accuracy",
            "The share of right answers, each group counting the same, however rare it is.",
        ),
        "accuracy": ("accuracy", "The share of right answers."),
        "log loss": (
            "log loss",
            "How far the probabilities are from the truth. Being sure and wrong costs most; 0 is perfect.",
        ),
        "F1": ("F1", "Balances how many of those sought are found against how many of the found are right; 1 is best."),
        "average precision": ("average precision", "How few wrong ones stand among those ranked highest; 1 is none."),
        "precision": ("precision", "Of those said to be of the group sought, the share that is."),
        "recall": ("recall", "Of those that are of the group sought, the share that is found."),
        "Matthews correlation": (
            "Matthews correlation",
            "How well answers and truth go together; 1 is perfectly, 0 is guessing.",
        ),
        "quadratic kappa": ("quadratic kappa", "Agreement with the truth, far misses counting more; 1 is perfect."),
        "RMSE": ("RMSE", "The typical size of an error, in the column’s own unit; large errors count more."),
        "MAE": ("MAE", "By how much an answer is off on average, in the column’s own unit."),
        "median error": ("median error", "Half of all errors are smaller than this."),
        "R²": ("R²", "The share of the ups and downs that is explained; 1 is all of it."),
        "Spearman's rank correlation": (
            "Spearman's rank correlation",
            "How well the answers put the rows in order; 1 is perfectly.",
        ),
        "MASE": ("MASE", "The error, measured by that of repeating the last season; below 1 is better."),
        "WQL": ("WQL", "How far the range that is forecast lies from what came; 0 is perfect."),
        "MAPE": ("MAPE", "By how many percent an answer is off on average."),
        "WAPE": ("WAPE", "All errors together, as a share of all values together."),
        "SMAPE": ("SMAPE", "The error in percent of forecast and truth; 0% is perfect."),
        "mAP": ("mAP", "How many of the things are found, and how well their boxes fit; 1 is perfect."),
        "IoU": ("IoU", "By how much found and true areas cover each other; 1 is fully."),
        "Dice": ("Dice", "By how much found and true areas cover each other, kinder to small ones; 1 is fully."),
        "validation": ("validation", "Data that was set aside while learning, to see which candidate does best."),
        "ensemble": ("ensemble", "Several models that answer together, each with its weight."),
        "fold": ("fold", "One of several parts of the data; each in turn is left out of learning and tested on."),
        "epoch": ("epoch", "One pass through all of the training data."),
        "hyperparameter": ("hyperparameter", "A setting of how a model learns, which it does not learn by itself."),
        "overfitting": ("overfitting", "Learning the training data by heart instead of what holds for new data, too."),
    }
    in_percent: ClassVar = frozenset({
        "accuracy", "balanced_accuracy", "pixel_accuracy", "precision", "recall", "mean_absolute_percentage_error", "WAPE", "SMAPE",
        "mean_iou", "dice", "map", "map_50", "map_75",
    })  # fmt: skip
    lower_is_better: ClassVar = frozenset({
        "log_loss", "root_mean_squared_error", "mean_absolute_error", "median_absolute_error",
        "mean_absolute_percentage_error", "MASE", "WQL", "WAPE", "SMAPE", "RMSE", "MAE",
    })  # fmt: skip
