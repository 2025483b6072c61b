"""From a profile to a proposal: what to predict, as what kind of answer, judged how, and in how much time.

Every part comes with its reason in a sentence for people with no statistics. What a person has already chosen is taken
as it is, checked, and the rest is proposed around it.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.records import ColumnKind, Notice, Profile, Proposal, Severity
from gristmill.tasks import Candidate, LoadPlan, TaskKind, all_kinds, find
from gristmill.tasks.tabular import left_out
from gristmill.tasks.targets import words_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["propose"]

_CLEAR = 0.3  # likelihood by which the first must lead the second
_OTHERS = 5

# cells (rows by columns) up to which a budget in seconds is ample, and what such data is called
_BUDGETS = (
    (100_000, 120.0, "small"),
    (1_000_000, 300.0, "of middling size"),
    (10_000_000, 900.0, "rather large"),
    (100_000_000, 3_600.0, "large"),
)
_LARGEST = (7_200.0, "very large")
_BIRTH = frozenset(words_of("birth born birthday birthdate dob death died expiry expires expiration due valid until"))


def propose(
    profile: Profile,
    *,
    task: str | None = None,
    target: str | None = None,
    metric: str | None = None,
    sample: pd.DataFrame | None = None,
) -> Proposal:
    """What to do with the data; with a `sample` of its rows, columns that give the target away are found, too."""
    if target is not None:
        _must_exist(profile, target)
    kind, candidate, others = _choose(profile, task, target)
    checked = kind.check(profile, candidate.target)
    chosen = kind.metric_for(profile, candidate.target, metric)
    budget, size = _budget(profile)
    order, order_reason = _order(profile, candidate.target)
    reasons = {
        "task": "You chose it." if task else candidate.task_reason,
        "target": "You chose it." if target else candidate.target_reason,
        "metric": f"You chose it. {chosen.explain}" if metric else kind.metric_reason(profile, candidate.target),
        "budget": size,
    }
    if order:
        reasons["order"] = order_reason
    notices = [notice for notice in checked if not (task and notice.code.startswith("doubtful-"))]
    if target is None:
        notices = [*_guessed(candidate, others), *notices]
    if sample is not None:
        notices += _leaks(profile, kind, candidate.target, sample)
    return Proposal(
        task=kind.name,
        target=candidate.target,
        metric=chosen.name,
        budget=budget,
        reasons=reasons,
        notices=tuple(notices),
        targets=tuple(other.target for other in others[:_OTHERS]),
        order=order,
    )


def _must_exist(profile: Profile, target: str) -> None:
    names = profile.main.form.names
    if target in names:
        return
    folded = {name.casefold(): name for name in reversed(names)}
    near = [folded[name] for name in get_close_matches(target.casefold(), folded, n=3, cutoff=0.5)]
    listed = ", ".join(f"'{name}'" for name in (near or names[:8]))
    raise DataRejected(
        f"{profile.main.path} has no column '{target}'.",
        cause=f"Its nearest {'names are' if len(near) > 1 else 'name is'} {listed}." if near else "",
        cure="Choose one of its columns as the target." if near else f"Choose one of its columns: {listed}.",
        code="target-missing",
    )


def _choose(
    profile: Profile, task: str | None, target: str | None
) -> tuple[TaskKind, Candidate, tuple[Candidate, ...]]:
    """The likeliest task and target of those that are left open, and the other targets, likeliest first."""
    kinds = all_kinds() if task is None else (find(task),)
    pairs = [(kind, candidate) for kind in kinds for candidate in kind.candidates(profile, target)]
    if not pairs:
        raise DataRejected(
            f"No column of {profile.main.path} lends itself to being predicted.",
            cause="They all only tell the rows apart, hold dates or free text, or are the same in every row.",
            cure="Name the target yourself.",
            code="no-target",
        )
    kind, chosen = max(pairs, key=lambda pair: pair[1].likelihood)
    open_pairs = pairs if target is None else [(one, other) for one in kinds for other in one.candidates(profile)]
    best: dict[str, Candidate] = {}
    for _, other in sorted(open_pairs, key=lambda pair: -pair[1].likelihood):
        best.setdefault(other.target, other)
    best.pop(chosen.target, None)
    return kind, chosen, tuple(best.values())


def _guessed(chosen: Candidate, others: tuple[Candidate, ...]) -> list[Notice]:
    """A doubt, where nothing but its place speaks for the target, or another one is as likely."""
    if chosen.sure and (not others or chosen.likelihood - others[0].likelihood >= _CLEAR):
        return []
    why = "" if chosen.sure else ", by little more than its place"
    message = f"That '{chosen.target}' is what you want to predict is a guess{why}"
    if others:
        listed = ", ".join(f"'{other.target}'" for other in others[:_OTHERS])
        message += f"; it could as well be one of: {listed}" if len(others) > 1 else f"; it could as well be {listed}"
    return [
        Notice(
            code="doubtful-target",
            message=f"{message}.",
            severity=Severity.DOUBT,
            cure="Name the target if it is another.",
            column=chosen.target,
        )
    ]


def _budget(profile: Profile) -> tuple[float, str]:
    """Seconds, by rows times columns; free text counts ten columns, for its words become columns."""
    columns = len(profile.main.columns)
    texts = sum(column.kind is ColumnKind.TEXT for column in profile.main.columns)
    cells = profile.rows * (columns + 9 * texts)
    seconds, size = next(((seconds, size) for most, seconds, size in _BUDGETS if cells <= most), _LARGEST)
    minutes = f"{seconds / 60:.0f} minutes" if seconds < 7_200 else f"{seconds / 3600:.0f} hours"
    of = f" of {columns:,} columns" if profile.item == "row" else ""
    return seconds, (
        f"{profile.rows:,} {profile.item}s{of} are {size}: {minutes} let every kind of model have a try; "
        "more time may improve the result a little."
    )


def _order(profile: Profile, target: str) -> tuple[str | None, str]:
    """The date column by which the rows stand, if they are events in time, and the reason to respect it."""
    for column in profile.main.columns:
        if column.kind is not ColumnKind.DATE or not column.order or column.name == target:
            continue
        if column.distinct < 20 or _BIRTH & set(words_of(column.name)):
            continue
        return column.name, (
            f"The rows stand in the order of '{column.name}', so they seem to be events in time: the model is tested "
            "on the latest ones, as it will be used on later ones still."
        )
    return None, ""


def _leaks(profile: Profile, kind: TaskKind, target: str, sample: pd.DataFrame) -> list[Notice]:
    """Columns that give the target away, among those that a model would see."""
    from gristmill.intake.leakage import leaks

    unseen = [name for name in left_out(profile, LoadPlan(target=target)) if name in sample.columns]
    are_classes = kind.problem_type(sample[target].dropna()) != "regression"
    return list(leaks(sample.drop(columns=unseen), target, are_classes=are_classes))
