"""Whether somebody may have what they ask for.

A run is counted with its whole budget, though it may take less: what is left of a limit is never promised twice. How
long a batch takes nobody knows before, so it is refused only where nothing is left, and metered all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gristmill.amounts import amount
from gristmill.errors import OverLimit
from gristmill.records import LOCAL, Account, Limit, Price, Run, RunKind, Subject, Who

__all__ = ["decide_question", "decide_run", "decide_upload", "is_limited"]

_ROUNDING = 1e-9
_WAYS = {
    Limit.QUEUED_RUNS: "Wait until one has begun, or cancel one",
    Limit.GPU_HOURS: "Give a smaller budget, or wait for the next month",
    Limit.MONEY: "Give a smaller budget, or wait for the next month",
    Limit.STORAGE: "Send less",
    Limit.LARGEST_BUDGET: "Give a smaller budget",
}


class _Question(NamedTuple):
    """One limit: how much of it is taken, and how much more it would be."""

    limit: Limit
    most: float | None
    used: float
    more: float


def is_limited(who: Who) -> bool:
    """Whether there can be limits for them."""
    return who.name != LOCAL.name


def decide_run(run: Run, accounts: Sequence[Account], price: Price, *, stored_here: bool = True) -> None:
    """OverLimit unless the run may be queued on these accounts; if `stored_here`, what it leaves takes storage."""
    trains = run.kind is RunKind.TRAIN
    money, gpu_hours = run.price * run.budget / 3600, run.gpus * run.budget / 3600
    for account in accounts:
        limits = account.limits
        spent = account.money + account.asked_money
        taken = (account.gpu_seconds + account.asked_gpu_seconds) / 3600
        questions = [_Question(limit=Limit.QUEUED_RUNS, most=limits.queued_runs, used=account.queued, more=1)]
        if stored_here:
            questions.append(_Question(limit=Limit.STORAGE, most=limits.storage, used=account.bytes, more=0))
        if trains:
            questions += [
                _Question(limit=Limit.LARGEST_BUDGET, most=limits.largest_budget, used=0.0, more=run.budget),
                _Question(limit=Limit.MONEY, most=limits.money, used=spent, more=money),
                _Question(limit=Limit.GPU_HOURS, most=limits.gpu_hours, used=taken, more=gpu_hours),
            ]
        else:
            questions += [
                _Question(limit=Limit.MONEY, most=limits.money, used=spent, more=_least(run.price)),
                _Question(limit=Limit.GPU_HOURS, most=limits.gpu_hours, used=taken, more=_least(run.gpus)),
            ]
        _answer(account, questions, price)


def decide_question(accounts: Sequence[Account], price: Price, gpus: int) -> None:
    """OverLimit where nothing is left of what a model takes that answers a question."""
    for account in accounts:
        limits, spent = account.limits, account.money + account.asked_money
        taken = (account.gpu_seconds + account.asked_gpu_seconds) / 3600
        questions = [
            _Question(limit=Limit.MONEY, most=limits.money, used=spent, more=_least(price.hourly)),
            _Question(limit=Limit.GPU_HOURS, most=limits.gpu_hours, used=taken, more=_least(gpus)),
        ]
        _answer(account, questions, price)


def decide_upload(size: int, accounts: Sequence[Account], price: Price) -> None:
    """OverLimit unless that many bytes more may be stored on these accounts."""
    for account in accounts:
        question = _Question(limit=Limit.STORAGE, most=account.limits.storage, used=account.bytes, more=size)
        _answer(account, [question], price)


def _least(rate: float) -> float:
    """The least that a run takes of what costs that much an hour: something, or nothing where it costs nothing."""
    return rate and 2 * _ROUNDING


def _answer(account: Account, questions: Sequence[_Question], price: Price) -> None:
    for question in questions:
        # Nothing more is never too much, so that who has used up their money may still do what is free.
        if question.most is None or (not question.more and question.limit is not Limit.STORAGE):
            continue
        if question.used + question.more > question.most + _ROUNDING:
            raise _refused(account, question, question.most, price)


def _refused(account: Account, question: _Question, most: float, price: Price) -> OverLimit:
    limit, whose = question.limit, _whose(account)
    if limit is Limit.LARGEST_BUDGET:
        what = f"A budget of {amount(limit, question.more, price)} is more than {whose} may give a run."
        cause = f"The largest budget is {amount(limit, most, price)}."
    else:
        what = f"This is more than {whose} may use: {_called(limit)}."
        asks = f" and this asks for {amount(limit, question.more, price)} more" if question.more > 2 * _ROUNDING else ""
        cause = f"{amount(limit, question.used, price)} of {amount(limit, most, price)} are used or asked for{asks}."
    cure = f"{_WAYS[limit]}; an admin of this platform can raise the limit."
    return OverLimit(what, cause=cause, cure=cure, code=f"over-limit-{limit.value.replace('_', '-')}")


def _called(limit: Limit) -> str:
    return {
        Limit.QUEUED_RUNS: "runs that wait",
        Limit.GPU_HOURS: "GPU hours this month",
        Limit.MONEY: "money this month",
        Limit.STORAGE: "storage",
    }[limit]


def _whose(account: Account) -> str:
    return f"the team {account.name}" if account.kind is Subject.TEAM else account.name
