"""Tabular regression: which number does a row get?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.records import Notice, Profile, Severity
from gristmill.tasks import holdout, metrics
from gristmill.tasks.base import LoadPlan, Metric
from gristmill.tasks.readings import Reading, read_answers
from gristmill.tasks.tabular import Tabular

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import Series

__all__ = ["TabularRegression"]


class TabularRegression(Tabular):
    """Each row gets a number."""

    name = "tabular-regression"
    title = "Regression"
    summary = "which number a row gets"
    metrics = metrics.REGRESSION

    def tiny_answer(self, one: int, odd: int) -> object:
        return one * 3.5 + odd

    def fitness(self, reading: Reading) -> float:
        return 1.0 - reading.classlike

    def metrics_for(self, profile: Profile, target: str) -> tuple[Metric, ...]:
        del profile, target
        return self.metrics

    def metric_reason(self, profile: Profile, target: str) -> str:
        del profile
        return (
            f"The root mean squared error is the typical size of a miss in the unit of '{target}'; large misses count "
            "more, as they mostly hurt more. R², the share that is explained, is shown beside it."
        )

    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        notices, column = super().check(profile, target), profile.column(target)
        if column.dtype not in ("int64", "float64"):
            raise DataRejected(
                f"The target '{target}' of {profile.main.path} holds words, such as '{column.examples[0]}'.",
                cure="Choose the task tabular-classification, or another target.",
                code="not-a-number",
            )
        if column.distinct < 2:
            raise DataRejected(
                f"The target '{target}' of {profile.main.path} is {column.examples[0]} in every row.",
                cure="Choose another target.",
                code="one-value",
            )
        reading = read_answers(column)
        if not reading.doubt and not reading.is_classes:
            return notices
        return (
            *notices,
            Notice(
                code="doubtful-numbers",
                message=f"'{target}' {reading.doubt or 'has just two values'}, and is taken as a number: a 3 where a 2 "
                "is right counts as nearly right, and an answer may be a fraction.",
                severity=Severity.DOUBT,
                cure="If each value stands for a class of its own, choose the task tabular-classification.",
                column=target,
            ),
        )

    def problem_type(self, target: Series) -> str:
        del target
        return "regression"

    def relabel(self, values: Series, learned: Series, plan: LoadPlan) -> Series:
        del learned, plan
        import numpy as np
        import pandas as pd

        return pd.to_numeric(values).replace([np.inf, -np.inf], np.nan)

    def draw(self, target: Series, seed: int) -> NDArray[np.bool_]:
        return holdout.draw(len(target), seed)
