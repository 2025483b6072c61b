"""Our errors: each says what failed, why, and what to do about it.

One class, one way out: `http` is the status that the API answers with, `exit_code` the code that the CLI ends with
(0 done, 2 usage, 3 data rejected, 4 run failed, 5 cancelled). `failure` is the record that rows and events keep.
"""

from __future__ import annotations

from typing import ClassVar

from gristmill.records import Failure, Notice

__all__ = [
    "BudgetTooSmall",
    "CatalogFailed",
    "Conflict",
    "DataRejected",
    "GristmillError",
    "HubAway",
    "LeaseLost",
    "NotAllowed",
    "NotConfirmed",
    "NotFound",
    "NotPossible",
    "NotSignedIn",
    "OverLimit",
    "RecipeInvalid",
    "RunCancelled",
    "RunFailed",
    "StoreFailed",
    "UsageError",
    "VersionsDiffer",
    "possible_budget",
]

_LEAST_BUDGET = 30.0  # seconds: below it, loading AutoGluon and saving a model leave no time to train
_MOST_BUDGET = 30 * 24 * 3600.0


class GristmillError(Exception):
    """Something failed that a person can understand: what, why, and what to do."""

    code: ClassVar[str] = "error"
    http: ClassVar[int] = 500
    exit_code: ClassVar[int] = 4

    def __init__(
        self, what: str, *, cause: str = "", cure: str = "", code: str | None = None, faults: tuple[Notice, ...] = ()
    ) -> None:
        self.failure = Failure(code=code or self.code, what=what, cause=cause, cure=cure, faults=faults)
        super().__init__(str(self.failure))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.failure))


def _rebuild(kind: type[GristmillError], failure: Failure) -> GristmillError:
    return kind(failure.what, cause=failure.cause, cure=failure.cure, code=failure.code, faults=failure.faults)


class UsageError(GristmillError):
    """The call itself is wrong: an unknown option, a value out of range."""

    code = "usage"
    http = 422
    exit_code = 2


class BudgetTooSmall(UsageError):
    """No honest run fits into the budget that was asked for."""

    code = "budget-too-small"


def possible_budget(seconds: float) -> float:
    """The seconds themselves; refused, before anything is sent, where no run can keep them."""
    if seconds < _LEAST_BUDGET:
        raise BudgetTooSmall(
            f"A budget of {seconds:g} seconds cannot be kept.",
            cause="Loading AutoGluon and saving a model take most of that.",
            cure=f"Give at least {_LEAST_BUDGET:g} seconds.",
        )
    if seconds > _MOST_BUDGET:
        raise UsageError(
            f"A budget of {seconds / 86400:.0f} days is more than a run may take.", cure="Give at most 30 days."
        )
    return float(seconds)


class DataRejected(GristmillError):
    """The data cannot be used as it is; the upload is kept. `code` names the fault, `what` the file and the line."""

    code = "data-rejected"
    http = 422
    exit_code = 3


class NotConfirmed(DataRejected):
    """The data can be used, but only if a person says yes to something first."""

    code = "not-confirmed"
    http = 409


class NotFound(GristmillError):
    """There is no such thing, or it is somebody else's: both look the same from outside."""

    code = "not-found"
    http = 404
    exit_code = 2


class NotAllowed(GristmillError):
    """Who asks may not do this: a link that was forged or has expired."""

    code = "not-allowed"
    http = 403
    exit_code = 2


class OverLimit(NotAllowed):
    """It would be more than who asks, or one of their teams, may use; `code` names the limit."""

    code = "over-limit"


class NotSignedIn(GristmillError):
    """Nobody knows who asks: there is no token, or one that is not valid here."""

    code = "not-signed-in"
    http = 401
    exit_code = 2


class Conflict(GristmillError):
    """The thing is not in a state in which this can be done."""

    code = "conflict"
    http = 409
    exit_code = 2


class LeaseLost(GristmillError):
    """Another worker has taken the run over; this one must write nothing more."""

    code = "lease-lost"
    http = 409


class RecipeInvalid(GristmillError):
    """A notebook cannot be run as a recipe."""

    code = "recipe-invalid"
    http = 422
    exit_code = 2


class RunFailed(GristmillError):
    """A run ended without a model."""

    code = "run-failed"
    exit_code = 4


class RunCancelled(GristmillError):
    """A run was cancelled before it had a model to give."""

    code = "cancelled"
    http = 409
    exit_code = 5


class StoreFailed(GristmillError):
    """The object store did not do what it was asked; nothing was claimed that is not so."""

    code = "store-failed"
    http = 503


class CatalogFailed(GristmillError):
    """The catalog's database did not do what it was asked: full, locked, unreachable, or not one this version reads."""

    code = "catalog-failed"
    http = 503


class NotPossible(GristmillError):
    """This installation lacks something: an extra, a program, memory. `cure` names the command that adds it."""

    code = "not-possible"
    http = 501


class HubAway(GristmillError):
    """The hub cannot be reached, or what answers at its address is not Gristmill."""

    code = "hub-away"
    http = 503


class VersionsDiffer(GristmillError):
    """The hub is so much older or newer than this client that they do not understand each other."""

    code = "versions-differ"
    http = 501
