"""What somebody sees who watches over the platform: its settings, its people, its workers, and how its runs ended."""

from __future__ import annotations

from dataclasses import dataclass

from gristmill.records.failure import Failure
from gristmill.records.runs import RunStatus

__all__ = ["Alive", "Ended", "Person", "Setting"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Alive:
    """A worker, and when it was last heard of; both by the catalog's clock."""

    name: str
    started_at: float
    seen_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody as the platform knows them; what a hub knows of them is the hub's."""

    name: str
    teams: tuple[str, ...] = ()  # as they were when they last asked for something
    owner: int = 0  # of how many projects, and so on
    editor: int = 0
    viewer: int = 0
    seen_at: float | None = None  # when they last changed or fetched something, by the audit trail


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What a platform was started with; secrets are left out of the value, and nothing is said where nothing is set."""

    name: str
    value: str
    is_given: bool  # by the environment; else it is the default
