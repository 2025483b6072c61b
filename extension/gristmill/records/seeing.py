"""What somebody sees who watches the platform from outside: its workers, and how its runs ended."""

from __future__ import annotations

from dataclasses import dataclass

from gristmill.records.failure import Failure
from gristmill.records.runs import RunStatus

__all__ = ["Alive", "Ended"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alive:
    """A worker, and when it was last heard of; both by the catalog's clock."""

    name: str
    started_at: float
    seen_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What the figures need of a run that has ended."""

    id: str
    task: str
    status: RunStatus
    created_at: float
    claimed_at: float | None
    finished_at: float
    salvaged: bool
    failure: Failure | None
