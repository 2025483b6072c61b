"""Why something did not work, in words."""

from __future__ import annotations

from dataclasses import dataclass

from gristmill.records.data import Notice

__all__ = ["Failure"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why something did not work: what failed, the cause, and the cure. Never a traceback, never a secret."""

    code: str
    what: str
    cause: str = ""
    cure: str = ""
    faults: tuple[Notice, ...] = ()  # each of them, where there are several: data that does not fit a schema

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.cause, self.cure) if part)
