"""The metrics of tabular tasks in NumPy, each in its natural direction and with the words that say what it means.

AutoGluon's scorers give the same numbers (a test compares them), but a bootstrap needs a metric hundreds of times, and
these take microseconds. A metric that is not listed is asked of AutoGluon's scorer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gristmill.figures.answers import Answers
from gristmill.wording import Form, alike, number, share

__all__ = ["Measure", "area_under_curve", "average_precision", "measure_named", "measure_of"]


@dataclass(frozen=True)
class Measure:
    """A metric in its natural direction: what it is called, which way is better, and what it says in words."""

    title: str
    score: Callable[[Answers], float]
    says: str  # a clause; {score}, {target}, {positive}, {item} and {items} are filled in
    greater_is_better: bool = True
    form: Form = share
    by_probability: bool = False  # asks how likely classes are held, not which one is named
    by_row: bool = False  # the share of rows that are right
    said: Form | None = None  # how {score} is written in the clause, if not as the score itself

    @property
    def perfect(self) -> float:
        """The best score there is."""
        return 1.0 if self.greater_is_better else 0.0

    def skill(self, score: float, naive: float) -> float:
        """How far `score` is on the way from guessing (0) to perfect (1); negative if it is worse than guessing."""
        way = self.perfect - naive
        return (score - naive) / way if way else 0.0

    def column(self, scores: Iterable[float], digits: int = 3) -> Form:
        """How scores are written one under another, in the metric's own way."""
        if self.form is not share:
            return alike(scores, digits)
        percent = alike([100 * score for score in scores], digits)
        return lambda score: f"{percent(100 * score)}%"


def measure_of(answers: Answers) -> Measure:
    """What the answers' own metric is."""
    kind = "regression" if not answers.classes else "binary" if answers.positive is not None else "multiclass"
    return measure_named(answers.metric, kind, answers.scorer)


def measure_named(metric: str, kind: str | None = None, scorer: Any = None) -> Measure:
    """What a metric is; AutoGluon's scorer stands in for one that is not known here."""
    known = _MEASURES.get(_SHORT.get(metric, metric))
    if known is not None:
        return known
    asked = scorer or _autogluon_scorer(metric, kind)
    greater = bool(asked.greater_is_better_internal)  # the other flag is True for every scorer
    title = metric.replace("_", " ")
    return Measure(title, lambda some: _asked(asked, some), f"the model reaches {{score}} in {title}", greater, number)


def area_under_curve(hit: NDArray[np.bool_], confidence: NDArray[np.float64]) -> float:
    """The chance that a row of the class is ranked above one that is not; ties count half."""
    positives = int(hit.sum())
    negatives = len(hit) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = _shared_ranks(confidence)
    return float((ranks[hit].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(hit: NDArray[np.bool_], confidence: NDArray[np.float64]) -> float:
    """Precision averaged over recall, at every threshold that changes anything."""
    if not hit.any():
        return float("nan")
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True])
    found = np.cumsum(hit[order])[last]
    return float(np.sum(np.diff(np.r_[0, found]) * found / (last + 1)) / hit.sum())


def _shared_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; tied values share the mean of theirs."""
    order = np.argsort(values, kind="stable")
    sorted_values = values[order]
    starts = np.flatnonzero(np.r_[True, sorted_values[1:] != sorted_values[:-1]])
    ends = np.r_[starts[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranks


def _asked(scorer: Any, answers: Answers) -> float:
    """One score by AutoGluon's scorer, in its natural direction."""
    truth, prediction = answers.truth, answers.prediction
    by_probability = scorer.needs_proba or scorer.needs_threshold
    if answers.positive is not None:
        truth = (truth == answers.positive).astype(int)
        prediction = (prediction == answers.positive).astype(int)
        if by_probability:
            prediction = answers.of_class(answers.positive)[1]
    elif by_probability and answers.probabilities is not None:
        prediction = answers.probabilities
    return float(scorer.convert_score_to_original(scorer(truth, prediction)))


def _autogluon_scorer(metric: str, kind: str | None) -> Any:
    from autogluon.core.metrics import get_metric

    return get_metric(metric, problem_type=kind)


# --- classes ---------------------------------------------------------------------------------------------------------


def _matrix(answers: Answers) -> NDArray[np.float64]:
    kinds = len(answers.classes)
    cells = np.bincount(answers.truth * kinds + answers.prediction, minlength=kinds * kinds)
    return cells.reshape(kinds, kinds).astype(float)


def _share_right(answers: Answers) -> float:
    return float(np.mean(answers.truth == answers.prediction))


def _recalls(answers: Answers) -> NDArray[np.float64]:
    """Of each class that occurs, the share that was found."""
    matrix = _matrix(answers)
    occurring = matrix.sum(axis=1) > 0
    recalls: NDArray[np.float64] = matrix.diagonal()[occurring] / matrix.sum(axis=1)[occurring]
    return recalls


def _f1(answers: Answers) -> NDArray[np.float64]:
    """F1 of each class that occurs in truth or answer."""
    matrix = _matrix(answers)
    total = matrix.sum(axis=0) + matrix.sum(axis=1)
    scores: NDArray[np.float64] = 2 * matrix.diagonal() / np.where(total > 0, total, np.nan)
    return scores


def _positive_rates(answers: Answers) -> tuple[float, float, float]:
    """Precision, recall and F1 of the class looked for."""
    if answers.positive is None:
        return float("nan"), float("nan"), float("nan")
    hit, called = answers.truth == answers.positive, answers.prediction == answers.positive
    right = float(np.sum(hit & called))
    precision = right / max(1, int(called.sum()))
    recall = right / max(1, int(hit.sum()))
    return precision, recall, 2 * right / max(1, int(called.sum()) + int(hit.sum()))


def _log_loss(answers: Answers) -> float:
    if answers.probabilities is None:
        return float("nan")
    held = answers.probabilities[np.arange(len(answers)), answers.truth]
    return float(-np.mean(np.log(np.clip(held, np.finfo(np.float32).eps, 1))))


def _matthews(answers: Answers) -> float:
    matrix = _matrix(answers)
    total, right = matrix.sum(), matrix.diagonal().sum()
    actual, called = matrix.sum(axis=1), matrix.sum(axis=0)
    spread = np.sqrt((total**2 - (called**2).sum()) * (total**2 - (actual**2).sum()))
    return float((right * total - (actual * called).sum()) / spread) if spread else 0.0


def _kappa(answers: Answers) -> float:
    """Agreement beyond chance, a miss counting with the square of its distance."""
    matrix = _matrix(answers)
    places = np.arange(len(matrix))
    cost = (places[:, None] - places[None, :]) ** 2
    chance = np.outer(matrix.sum(axis=1), matrix.sum(axis=0)) / matrix.sum()
    worst = float((cost * chance).sum())
    return 1 - float((cost * matrix).sum()) / worst if worst else float("nan")


def _ranking(answers: Answers) -> float:
    return area_under_curve(*answers.of_class(answers.positive or 0))


def _precision_average(answers: Answers) -> float:
    return average_precision(*answers.of_class(answers.positive or 0))


# --- numbers ---------------------------------------------------------------------------------------------------------


def _errors(answers: Answers) -> NDArray[np.float64]:
    errors: NDArray[np.float64] = np.abs(answers.prediction - answers.truth)
    return errors


def _relative(answers: Answers) -> float:
    return float(np.mean(_errors(answers) / np.maximum(np.abs(answers.truth), np.finfo(float).eps)))


def _explained(answers: Answers) -> float:
    variation = float(np.sum((answers.truth - answers.truth.mean()) ** 2))
    return 1 - float(np.sum(_errors(answers) ** 2)) / variation if variation else float("nan")


def _rank_correlation(answers: Answers) -> float:
    ranks = [_shared_ranks(values) for values in (answers.truth, answers.prediction)]
    first, second = (rank - rank.mean() for rank in ranks)
    spread = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / spread if spread else 0.0


def _of_series(answers: Answers) -> float:
    raise ValueError(f"{answers.metric} is a score of series, not of rows")


def _of_pictures(answers: Answers) -> float:
    raise ValueError(f"{answers.metric} is a score of pictures, not of rows")


_SHORT = {
    "root_mean_squared_error": "rmse",
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "median_absolute_error": "median_ae",
    "mean_absolute_percentage_error": "mape",
    "acc": "accuracy",
    "nll": "log_loss",
}

_MEASURES = {
    "accuracy": Measure("accuracy", _share_right, "the model gets {score} of unseen {items} right", by_row=True),
    "balanced_accuracy": Measure(
        "balanced accuracy",
        lambda a: float(np.mean(_recalls(a))),
        "the model finds {score} of the {items} of a class, averaged over the classes",
    ),
    "log_loss": Measure(
        "log loss",
        _log_loss,
        "the model's probabilities have a log loss of {score}",
        False,
        number,
        by_probability=True,
    ),
    "f1": Measure(
        "F1", lambda a: _positive_rates(a)[2], "the model reaches an F1 of {score} for {positive}", form=number
    ),
    "f1_macro": Measure(
        "macro F1",
        lambda a: float(np.nanmean(_f1(a))),
        "the model's F1 is {score}, averaged over the classes",
        form=number,
    ),
    "f1_micro": Measure("micro F1", _share_right, "the model gets {score} of unseen {items} right", by_row=True),
    "f1_weighted": Measure(
        "weighted F1",
        lambda a: float(np.nansum(_f1(a) * a.counts) / len(a)),
        "the model's F1 is {score}, averaged over the {items}",
        form=number,
    ),
    "precision": Measure(
        "precision", lambda a: _positive_rates(a)[0], "when the model says {positive}, it is right {score} of the time"
    ),
    "recall": Measure("recall", lambda a: _positive_rates(a)[1], "the model finds {score} of all {positive}"),
    "mcc": Measure(
        "Matthews correlation", _matthews, "the model's answers correlate {score} with the truth", form=number
    ),
    "roc_auc": Measure(
        "ROC AUC",
        _ranking,
        "shown one {item} that is {positive} and one that is not, the model tells which is which {score} of the time",
        form=number,
        by_probability=True,
        said=share,
    ),
    "roc_auc_ovr_macro": Measure(
        "ROC AUC, each class against the rest",
        lambda a: float(np.mean([area_under_curve(*a.of_class(index)) for index in range(len(a.classes))])),
        "shown one {item} of a class and one of another, the model tells which is which {score} of the time",
        form=number,
        by_probability=True,
        said=share,
    ),
    "quadratic_kappa": Measure(
        "quadratic kappa", _kappa, "the model's answers agree {score} with the truth (quadratic kappa)", form=number
    ),
    "average_precision": Measure(
        "average precision",
        _precision_average,
        "the model's average precision in finding {positive} is {score}",
        form=number,
        by_probability=True,
    ),
    "rmse": Measure(
        "RMSE",
        lambda a: float(np.sqrt(np.mean(_errors(a) ** 2))),
        "the model's typical error in {target} is {score}",
        False,
        number,
    ),
    "mse": Measure(
        "MSE", lambda a: float(np.mean(_errors(a) ** 2)), "the mean squared error in {target} is {score}", False, number
    ),
    "mae": Measure(
        "MAE", lambda a: float(np.mean(_errors(a))), "the model is off by {score} in {target} on average", False, number
    ),
    "median_ae": Measure(
        "median error",
        lambda a: float(np.median(_errors(a))),
        "half of the model's answers for {target} are within {score}",
        False,
        number,
    ),
    "mape": Measure("MAPE", _relative, "the model is off by {score} of {target} on average", False),
    "r2": Measure("R²", _explained, "the model explains {score} of the variation in {target}", form=number, said=share),
    "spearmanr": Measure(
        "Spearman's rank correlation",
        _rank_correlation,
        "the model's order of the {items} correlates {score} with their true order",
        form=number,
    ),
    # Of series: forecasts.py computes them, step by step.
    "MASE": Measure("MASE", _of_series, "the forecasts' scaled error is {score}", False, number),
    "WQL": Measure("WQL", _of_series, "the forecasts' quantile loss is {score}", False, number),
    "WAPE": Measure("WAPE", _of_series, "the forecasts are off by {score} in all", False),
    "SMAPE": Measure("SMAPE", _of_series, "the forecasts are off by {score} on average", False),
    "RMSE": Measure("RMSE", _of_series, "the forecasts' typical error is {score}", False, number),
    "MAE": Measure("MAE", _of_series, "the forecasts are off by {score} on average", False, number),
    # Of pixels: masks.py computes them, picture by picture.
    "mean_iou": Measure("mean IoU", _of_pictures, "drawn and true areas overlap by {score}, averaged over the classes"),
    "dice": Measure("Dice", _of_pictures, "drawn and true areas agree by {score} (Dice), averaged over the classes"),
    "pixel_accuracy": Measure(
        "pixel accuracy", _of_pictures, "the model gets the class of {score} of the pixels right"
    ),
    # Of boxes: boxes.py computes them, over all pictures.
    "map": Measure("mAP", _of_pictures, "the model reaches a mean average precision of {score}"),
    "map_50": Measure(
        "mAP at 0.5", _of_pictures, "the model reaches a mean average precision of {score}, roughly placed"
    ),
    "map_75": Measure(
        "mAP at 0.75", _of_pictures, "the model reaches a mean average precision of {score}, well placed"
    ),
}
