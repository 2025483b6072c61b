"""What a person asks for in a notebook, as the platform takes it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gristmill.client import durations
from gristmill.errors import NotConfirmed, UsageError
from gristmill.records import Notice, Proposal, RunRequest, Severity

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["accepted_of", "plan_of", "seconds_of", "word_of", "written"]

Word = TypeVar("Word", bound=StrEnum)


def written(frame: pd.DataFrame, path: Path) -> Path:
    """The DataFrame as a file."""
    try:
        frame.reset_index(drop=True).rename(columns=str).to_parquet(path, index=False)
    except (ValueError, TypeError) as error:  # what Arrow raises among them
        raise UsageError(
            "The DataFrame cannot be sent.",
            cause=str(error).splitlines()[0][:200],
            cure="Give each column values of one kind: frame.astype({column: str}), for example.",
        ) from error
    return path


def seconds_of(length: str | float | None) -> float | None:
    return durations.seconds(length) if isinstance(length, str) else length


def word_of(kind: type[Word], word: str) -> Word:
    """One of a fixed set of words, such as a stage; UsageError for another."""
    try:
        return kind(word)
    except ValueError:
        raise UsageError(f"{word!r} is none of: {', '.join(kind)}.", cure="Choose one of them.") from None


def accepted_of(notices: Sequence[Notice], accept: Sequence[str] | bool) -> tuple[str, ...]:
    """The codes that are said yes to; NotConfirmed while a notice stands that is not among them."""
    codes = [notice.code for notice in notices if notice.severity is Severity.CONFIRM]
    said = codes if accept is True else [] if accept is False else [accept] if isinstance(accept, str) else list(accept)
    for notice in notices:
        if notice.severity is Severity.CONFIRM and notice.code not in said:
            raise NotConfirmed(
                notice.message, cause=notice.cure, cure=f"To go on all the same: accept=[{notice.code!r}]"
            )
    return tuple(dict.fromkeys(said))


def plan_of(proposal: Proposal, request: RunRequest) -> str:
    """What will be done, in a line, and what to beware of."""
    within = durations.clock(request.budget or proposal.budget)
    lines = [f"{proposal.target}: {proposal.task.replace('-', ' ')}, by {proposal.metric}, within {within}"]
    lines += [notice.message for notice in proposal.notices if notice.severity is not Severity.INFO]
    return "\n".join(lines)
