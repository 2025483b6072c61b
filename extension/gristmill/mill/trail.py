"""The audit trail: each use case that changes or hands out something leaves a line, whatever comes of it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from gristmill.errors import GristmillError
from gristmill.records import Deed, Limits, new_id

if TYPE_CHECKING:
    from gristmill.mill.parts import UseCases

__all__ = ["DONE", "audited"]

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
Cases = TypeVar("Cases", bound="UseCases")

DONE = "done"
_LONGEST = 200  # letters of an id that somebody made up


def audited(
    action: str,
) -> Callable[[Callable[Concatenate[Cases, Arguments], Answer]], Callable[Concatenate[Cases, Arguments], Answer]]:
    """Has a use case written down as `action`, on what it made or on what its first argument names."""

    def decorate(
        method: Callable[Concatenate[Cases, Arguments], Answer],
    ) -> Callable[Concatenate[Cases, Arguments], Answer]:
        @functools.wraps(method)
        def called(cases: Cases, /, *args: Arguments.args, **named: Arguments.kwargs) -> Answer:
            try:
                answer = method(cases, *args, **named)
            except BaseException as error:
                outcome = error.failure.code if isinstance(error, GristmillError) else "error"
                cases.note(action, None, args, outcome)
                raise
            cases.note(action, answer, args, DONE)
            return answer

        return called

    return decorate


def deed(who: Any, action: str, answer: Any, args: tuple[Any, ...], outcome: str) -> Deed:
    """The line to be written."""
    first = args[0] if args else ""
    if isinstance(first, Limits):
        first = f"{first.kind} {first.name}".strip()
    thing = getattr(answer, "id", None) or getattr(first, "dataset_id", None) or first
    return Deed(
        id=new_id("deed"),
        created_at=time.time(),
        who=who.name,
        address=who.address,
        action=action,
        thing=str(thing)[:_LONGEST],
        project_id=getattr(answer, "project_id", None),
        outcome=outcome,
    )
