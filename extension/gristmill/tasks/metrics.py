"""The metrics of tabular tasks, each explained as one would to somebody with no statistics."""

from __future__ import annotations

from gristmill.tasks.base import Metric

__all__ = ["BINARY", "MULTICLASS", "REGRESSION"]

ACCURACY = Metric(
    name="accuracy",
    title="Accuracy",
    explain="The share of rows whose class is predicted correctly.",
    percent=True,
    aliases=("acc",),
)
BALANCED_ACCURACY = Metric(
    name="balanced_accuracy",
    title="Balanced accuracy",
    explain="The share of rows predicted correctly, each class counting the same however rare it is.",
    percent=True,
    aliases=("bacc",),
)
ROC_AUC = Metric(
    name="roc_auc",
    title="ROC AUC",
    explain="How often a row of the one class is ranked above a row of the other: 1 is always, 0.5 is guessing.",
    aliases=("auc", "rocauc"),
)
AVERAGE_PRECISION = Metric(
    name="average_precision",
    title="Average precision",
    explain="How pure the top of the ranking is; the one to watch when the class sought is rare.",
    aliases=("pr_auc", "ap"),
)
F1 = Metric(
    name="f1",
    title="F1",
    explain="Balances how many of the sought rows are found against how many of the found ones are right.",
)
PRECISION = Metric(
    name="precision",
    title="Precision",
    explain="Of the rows said to be of the sought class, the share that is.",
    percent=True,
)
RECALL = Metric(
    name="recall",
    title="Recall",
    explain="Of the rows of the sought class, the share that is found.",
    percent=True,
)
LOG_LOSS = Metric(
    name="log_loss",
    title="Log loss",
    explain="How far the predicted probabilities are from the truth; being sure and wrong costs most. 0 is perfect.",
    greater_is_better=False,
    upper=None,
    aliases=("nll", "logloss", "cross_entropy"),
)
MCC = Metric(
    name="mcc",
    title="Matthews correlation",
    explain="How well predicted and true classes go together, whatever their shares: 1 is perfectly, 0 not at all.",
    lower=-1.0,
)
F1_MACRO = Metric(
    name="f1_macro",
    title="F1, mean over classes",
    explain="F1 of each class by itself, averaged so that rare classes count as much as common ones.",
)
ROC_AUC_OVR = Metric(
    name="roc_auc_ovr_macro",
    title="ROC AUC, each class against the rest",
    explain="How well rows of a class are ranked above all others, averaged over the classes; 0.5 is guessing.",
    aliases=("roc_auc", "auc", "roc_auc_ovr"),
)
KAPPA = Metric(
    name="quadratic_kappa",
    title="Quadratic kappa",
    explain="For classes that stand in an order: agreement with the truth, far misses counting more than near ones.",
    lower=-1.0,
    aliases=("qwk",),
)

RMSE = Metric(
    name="root_mean_squared_error",
    title="Root mean squared error",
    explain="The typical size of an error, in the target's own unit; large errors count more than small ones.",
    greater_is_better=False,
    upper=None,
    aliases=("rmse",),
)
R2 = Metric(
    name="r2",
    title="R²",
    explain="The share of the target's ups and downs that the model explains: 1 is all, 0 no more than the mean does.",
    lower=None,
    aliases=("r_squared",),
)
MAE = Metric(
    name="mean_absolute_error",
    title="Mean absolute error",
    explain="By how much a prediction is off on average, in the target's own unit.",
    greater_is_better=False,
    upper=None,
    aliases=("mae",),
)
MEDIAN_ERROR = Metric(
    name="median_absolute_error",
    title="Median absolute error",
    explain="Half of the predictions are off by less than this, in the target's own unit.",
    greater_is_better=False,
    upper=None,
    aliases=("medae",),
)
MAPE = Metric(
    name="mean_absolute_percentage_error",
    title="Mean absolute percentage error",
    explain="By how many percent a prediction is off on average; of no use where the target can be zero.",
    greater_is_better=False,
    percent=True,
    upper=None,
    aliases=("mape",),
)
SPEARMAN = Metric(
    name="spearmanr",
    title="Spearman's rank correlation",
    explain="How well the predictions put the rows in order: 1 is perfectly, 0 not at all.",
    lower=-1.0,
    aliases=("spearman",),
)

BINARY = (
    ROC_AUC, ACCURACY, BALANCED_ACCURACY, AVERAGE_PRECISION, F1, PRECISION, RECALL, LOG_LOSS, MCC,
)  # fmt: skip
MULTICLASS = (ACCURACY, BALANCED_ACCURACY, LOG_LOSS, F1_MACRO, ROC_AUC_OVR, MCC, KAPPA)
REGRESSION = (RMSE, R2, MAE, MEDIAN_ERROR, MAPE, SPEARMAN)
