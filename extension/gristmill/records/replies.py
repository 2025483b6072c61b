"""What a model says to a person who waits for it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Effect", "Reply"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """By how much one value of a row has moved the answer.

    `by` is the answer less what it would be if this column alone had its usual value: of the chance of the class that
    was answered, or of the number. Columns work together, so effects need not add up to anything.
    """

    column: str
    value: str
    usual: str
    by: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A model's answer to a small question: the file that `predict` would have written."""

    model_id: str
    name: str  # answers.csv, answers.json or answers.zip
    content: bytes
    count: int  # of rows, or pictures
    warm: bool  # whether the model is held open for the next question; if not, it was started anew for this one
    told: tuple[str, ...] = ()  # what could not be answered, a sentence each
    effects: tuple[Effect, ...] = ()  # of the values of a single row of a table, the largest first
