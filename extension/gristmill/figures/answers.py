"""What a model answered for rows it had not seen, beside the truth: all that most figures need.

Classes are kept as codes into `classes`, so that every figure counts with integers and names are looked up only to be
shown. A label that the model never saw in training gets a code of its own, and probability zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gristmill.wording import plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Answers", "class_looked_for"]

# Metrics that ask about AutoGluon's positive class, and names of classes that leave no doubt which one is meant.
_ONE_SIDED = frozenset({"f1", "precision", "recall", "average_precision"})
_AFFIRMATIVE = frozenset({"1", "1.0", "true", "yes", "y", "positive"})


def class_looked_for(predictor: Any, truth: pd.Series) -> Any:
    """Of two classes, the one that charts are about; None if there are more, or none.

    AutoGluon's positive class is merely the last by name. Where the metric does not depend on it and the name does not
    say yes, people look for the rarer one: the late delivery, not the one on time.
    """
    if predictor.problem_type != "binary":
        return None
    positive = predictor.positive_class
    if predictor.eval_metric.name in _ONE_SIDED or str(positive).lower() in _AFFIRMATIVE:
        return positive
    return min(predictor.class_labels, key=lambda label: int((truth == label).sum()))


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The truth and the model's answers, row by row; `classes` is empty where the answers are numbers."""

    target: str
    metric: str
    truth: NDArray[Any]
    prediction: NDArray[Any]
    rows: NDArray[Any]  # each row's position in the table it came from
    probabilities: NDArray[np.float64] | None = None  # one column a class
    classes: tuple[str, ...] = ()
    positive: int | None = None  # which class is looked for, where there are two
    scorer: Any = None  # AutoGluon's, for a metric that scores.py does not know
    item: str = "row"  # what one of them is called: a row, a text, a picture

    @classmethod
    def of(cls, predictor: Any, test: pd.DataFrame, *, item: str = "row") -> Answers:
        """Ask a TabularPredictor about every row of `test` that has a truth, once; `item` is what a row stands for."""
        test = test.reset_index(drop=True)
        test = test[test[predictor.label].notna()]
        base = cls(
            target=str(predictor.label),
            metric=str(predictor.eval_metric.name),
            truth=np.empty(0),
            prediction=np.empty(0),
            rows=test.index.to_numpy(),
            scorer=predictor.eval_metric,
            item=item,
        )
        truth = test[predictor.label]
        if predictor.problem_type in ("binary", "multiclass"):
            probabilities = predictor.predict_proba(test)
            prediction = predictor.predict_from_proba(probabilities)
            return base.with_classes(truth, prediction, probabilities, class_looked_for(predictor, truth))
        return replace(
            base, truth=truth.to_numpy(dtype=float), prediction=predictor.predict(test).to_numpy(dtype=float)
        )

    @classmethod
    def of_numbers(cls, target: str, metric: str, truth: Any, prediction: Any) -> Answers:
        """From numbers predicted by anything at all."""
        truth = np.asarray(truth, dtype=float)
        answers = np.asarray(prediction, dtype=float)
        return cls(target=target, metric=metric, truth=truth, prediction=answers, rows=np.arange(len(truth)))

    @classmethod
    def of_classes(
        cls, target: str, metric: str, truth: pd.Series, probabilities: pd.DataFrame, positive: Any = None
    ) -> Answers:
        """From the probabilities of anything at all: one column a class, named as the class."""
        rows = np.arange(len(truth))
        base = cls(target=target, metric=metric, truth=np.empty(0), prediction=np.empty(0), rows=rows)
        return base.with_classes(truth, probabilities.idxmax(axis=1), probabilities, positive)

    def with_classes(
        self, truth: pd.Series, prediction: pd.Series, probabilities: pd.DataFrame, positive: Any
    ) -> Answers:
        """The same, with labels turned to codes."""
        labels = list(probabilities.columns)
        known = set(labels)
        labels += [label for label in truth.unique() if label not in known]
        code = {label: index for index, label in enumerate(labels)}
        shares = np.zeros((len(truth), len(labels)))
        shares[:, : probabilities.shape[1]] = probabilities.to_numpy(dtype=float)
        return replace(
            self,
            truth=truth.map(code).to_numpy(dtype=int),
            prediction=prediction.map(code).to_numpy(dtype=int),
            probabilities=shares,
            classes=tuple(str(label) for label in labels),
            positive=code[positive] if positive is not None else None,
        )

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def items(self) -> str:
        """What several of them are called."""
        return plural(2, self.item)

    @property
    def looked_for(self) -> str:
        """The name of the positive class."""
        return self.classes[self.positive] if self.positive is not None else ""

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each class."""
        return np.bincount(self.truth, minlength=len(self.classes))

    def take(self, index: NDArray[np.integer]) -> Answers:
        """Some of the rows, in the order asked for, and as often."""
        probabilities = None if self.probabilities is None else self.probabilities[index]
        return replace(
            self,
            truth=self.truth[index],
            prediction=self.prediction[index],
            rows=self.rows[index],
            probabilities=probabilities,
        )

    def sample(self, most: int, seed: int = 0) -> Answers:
        """At most `most` rows, picked at random but in their order."""
        if len(self) <= most:
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False)))

    def of_class(self, index: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Which rows are of one class, and how likely the model holds it for each."""
        if self.probabilities is None:
            raise ValueError("these answers are numbers: there are no classes to look at")
        return self.truth == index, self.probabilities[:, index]

    def shown_classes(self, most: int) -> list[int]:
        """The classes that a chart shows: the one looked for, or the commonest."""
        if self.positive is not None:
            return [self.positive]
        order = np.argsort(-self.counts, kind="stable")
        return [int(index) for index in order[:most] if self.counts[index]]
