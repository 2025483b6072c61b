"""Tabular classification: to which class does a row belong?

A class with fewer than ten rows cannot be learned, and AutoGluon would silently drop it. So it is named (classes.py),
and its owner says what to do about it, in the setting `rare_classes`:

- `leave-out` (when accepted and nothing else is said): the rows are left out, and the model does not know the class,
- `keep`: the rows stay, for what they are worth,
- `merge`: all rare classes become one class, `other`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gristmill.errors import DataRejected, UsageError
from gristmill.records import Column, Notice, Profile
from gristmill.tasks import classes, holdout, metrics
from gristmill.tasks.base import LoadPlan, Metric
from gristmill.tasks.classes import RARE
from gristmill.tasks.readings import Reading
from gristmill.tasks.tabular import Tabular, test_tables

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

__all__ = ["TabularClassification"]

OTHER = "other"
TREATMENTS = ("leave-out", "keep", "merge")


class TabularClassification(Tabular):
    """Each row belongs to one of a few classes."""

    name = "tabular-classification"
    title = "Classification"
    summary = "which class a row belongs to"
    metrics = tuple(dict.fromkeys((*metrics.BINARY, *metrics.MULTICLASS)))

    def tiny_answer(self, one: int, odd: int) -> object:
        return "low" if (one + odd) % 2 else "high"

    def fitness(self, reading: Reading) -> float:
        return reading.classlike

    def classes_in(self, profile: Profile, target: str) -> Column | None:
        return profile.column(target)

    def metrics_for(self, profile: Profile, target: str) -> tuple[Metric, ...]:
        column = profile.column(target)
        if column.distinct <= 2:
            return metrics.BINARY
        first = metrics.BALANCED_ACCURACY if classes.is_lopsided(column) else metrics.ACCURACY
        return (first, *(metric for metric in metrics.MULTICLASS if metric is not first))

    def metric_reason(self, profile: Profile, target: str) -> str:
        column = profile.column(target)
        if column.distinct <= 2:
            return (
                f"With two classes, ROC AUC tells how well the model ranks {self.item}s of the one above those of the "
                "other, however many there are of each and wherever you later draw the line."
            )
        if classes.is_lopsided(column):
            return (
                "Some classes are much rarer than others: balanced accuracy counts each class the same, "
                "so that the rare ones cannot be ignored."
            )
        return (
            f"The classes have similar numbers of {self.item}s, so the plain share of right answers is fair to each of "
            "them."
        )

    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        notices, column = super().check(profile, target), profile.column(target)
        present = column.rows - column.missing
        if column.distinct < 2:
            raise DataRejected(
                f"The target '{target}' of {profile.main.path} has the same value in every {self.item}: "
                f"'{column.top[0][0]}'.",
                cure=f"Add {self.item}s of at least one other class, or choose another target.",
                code="one-class",
            )
        if column.distinct > present / 2:
            numbers = column.dtype in ("int64", "float64")
            raise DataRejected(
                f"The target '{target}' of {profile.main.path} has {column.distinct:,} classes in {present:,} "
                f"{self.item}s, fewer than two {self.item}s a class.",
                cure="Choose another target"
                + (", or the task tabular-regression, which predicts numbers." if numbers else "."),
                code="too-many-classes",
            )
        return (
            *notices,
            *classes.doubts(column),
            *classes.balance(column, self.item),
            *classes.rare(column, self.item),
            *classes.unknown_in_tests(column, test_tables(profile, target)),
        )

    def problem_type(self, target: Series) -> str:
        return "binary" if target.nunique() == 2 else "multiclass"

    def relabel(self, values: Series, learned: Series, plan: LoadPlan) -> Series:
        treatment = plan.settings.get("rare_classes", TREATMENTS[0])
        if treatment not in TREATMENTS:
            raise UsageError(
                f"The setting rare_classes cannot be {treatment!r}.",
                cure=f"Choose one of: {', '.join(TREATMENTS)}.",
                code="unknown-setting",
            )
        values, counts = _labels(values), _labels(learned).value_counts()
        rare = counts.index[counts < RARE]
        if treatment == "keep" or rare.empty or len(counts) == 2:
            return values
        if treatment == "merge":
            return values.astype(str).where(values.notna()).mask(values.isin(rare), OTHER)
        if len(counts) - len(rare) < 2:
            raise DataRejected(
                f"Without its rare classes the target '{plan.target}' has fewer than two classes left.",
                cure=f"Add rows, so that two classes have {RARE} or more, or set rare_classes=keep.",
                code="one-class",
            )
        return values.mask(values.isin(rare))

    def draw(self, target: Series, seed: int) -> NDArray[np.bool_]:
        return holdout.draw_by_class(target, seed)

    def judgeable(self, held: DataFrame, train: DataFrame, target: str) -> DataFrame:
        return held.loc[held[target].isin(train[target].unique())]


def _labels(values: Series) -> Series:
    """Class labels as people write them: 1 rather than 1.0 where a gap among whole numbers has made them floats."""
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if pd.api.types.is_float_dtype(values.dtype):
        present = values.dropna()
        if (present == present.round()).all():
            values = values.astype("Int64")
    labels = values.astype(object).where(values.notna())
    mixed = labels.dropna().map(type).nunique() > 1  # as in a sheet where some cells hold 1 and others '1'
    return labels.where(labels.isna(), labels.astype(str)) if mixed else labels
