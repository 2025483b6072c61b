"""By what forecasts are judged, named as AutoGluon names it."""

from __future__ import annotations

from gristmill.tasks.base import Metric

__all__ = ["MASE", "METRICS"]

MASE = Metric(
    name="MASE",
    title="Mean absolute scaled error",
    explain="The size of an error, measured by how much the series changes from one season to the next: below 1 is "
    "better than repeating the last season was on the history.",
    greater_is_better=False,
    upper=None,
    aliases=("mase", "mean_absolute_scaled_error"),
)
WQL = Metric(
    name="WQL",
    title="Weighted quantile loss",
    explain="How far forecast and range are off, as a share of what there was; the one to take if the range matters.",
    greater_is_better=False,
    upper=None,
    aliases=("wql", "weighted_quantile_loss"),
)
WAPE = Metric(
    name="WAPE",
    title="Weighted absolute percentage error",
    explain="The sum of all errors as a share of the sum of all values.",
    greater_is_better=False,
    percent=True,
    upper=None,
    aliases=("wape", "weighted_absolute_percentage_error"),
)
SMAPE = Metric(
    name="SMAPE",
    title="Symmetric percentage error",
    explain="By how many percent a forecast is off, against the mean of forecast and truth: 2 is the worst.",
    greater_is_better=False,
    percent=True,
    upper=2.0,
    aliases=("smape",),
)
RMSE = Metric(
    name="RMSE",
    title="Root mean squared error",
    explain="The typical size of an error, in the target's own unit; large errors and large series count most.",
    greater_is_better=False,
    upper=None,
    aliases=("rmse", "root_mean_squared_error"),
)
MAE = Metric(
    name="MAE",
    title="Mean absolute error",
    explain="By how much a forecast is off on average, in the target's own unit.",
    greater_is_better=False,
    upper=None,
    aliases=("mae", "mean_absolute_error"),
)

METRICS = (MASE, WQL, WAPE, SMAPE, RMSE, MAE)
