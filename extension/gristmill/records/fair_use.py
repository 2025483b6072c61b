"""Fair use: what people and teams may use of the platform, what they have used, and what it costs.

Terms
-----
subject    whom limits are set for: everybody, which is each person by themselves; a team, which is all its members
           together; or one person. A person's own limits stand in place of everybody's, whole
asked      what the runs that are not over may still take: price and GPUs by their whole budget
used       what is metered: a run's time from its first claim to its end, in the month (UTC) in which it ends
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Account",
    "Allowance",
    "Asked",
    "Limit",
    "Limits",
    "Near",
    "Price",
    "Standing",
    "Subject",
    "Teammate",
    "Usage",
    "month_of",
]


class Subject(StrEnum):
    """Whom limits are set for, and usage is counted for; see the terms above."""

    EVERYBODY = "everybody"
    TEAM = "team"
    PERSON = "person"


class Limit(StrEnum):
    """What is limited; the names of the fields of Limits."""

    RUNS_AT_ONCE = "runs_at_once"
    QUEUED_RUNS = "queued_runs"
    GPU_HOURS = "gpu_hours"
    MONEY = "money"
    STORAGE = "storage"
    LARGEST_BUDGET = "largest_budget"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a subject may use; None is as much as they like."""

    kind: Subject
    name: str = ""  # a person's or a team's; none for everybody
    runs_at_once: int | None = None
    queued_runs: int | None = None
    gpu_hours: float | None = None  # a month
    money: float | None = None  # a month, in the installation's currency
    storage: int | None = None  # bytes
    largest_budget: float | None = None  # seconds of one training


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """That people were told that a subject has nearly used up what a limit gives it for a month."""

    kind: Subject
    name: str
    limit: Limit
    month: str  # 2026-01
    most: float  # that the limit was at


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What one subject has used in one project in one month."""

    id: str
    created_at: float  # when the first of it was metered
    kind: Subject  # person or team; what a team's member uses stands in both
    name: str
    project_id: str
    month: str  # 2026-01
    runs: int
    seconds: float
    gpu_seconds: float
    money: float
    bytes: int  # that its runs have left in the platform's own store


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What an hour of this host costs; 0 is nothing."""

    hourly: float = 0.0
    currency: str = ""

    def of(self, seconds: float) -> float:
        """What that many seconds cost."""
        return self.hourly * seconds / 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """How somebody stands with one limit."""

    kind: Subject  # whose usage is counted: the person's, or the team's
    name: str
    limit: Limit
    most: float | None  # None: no limit
    used: float
    asked: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What somebody may use and has used, by themselves and in each of their teams; and what an hour costs."""

    price: Price
    month: str
    allowances: tuple[Allowance, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Teammate:
    """A person in a team, as they last came."""

    person: str
    team: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an owner's runs that are not over may still take."""

    owner: str
    runs: int
    money: float
    gpu_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What one subject may use, has used, and has asked for, at one moment."""

    kind: Subject
    name: str
    limits: Limits
    month: str
    queued: int = 0
    running: int = 0
    asked_money: float = 0.0
    asked_gpu_seconds: float = 0.0
    money: float = 0.0
    gpu_seconds: float = 0.0
    bytes: int = 0


def month_of(at: float) -> str:
    """The month that a moment lies in, in UTC."""
    year, month = time.gmtime(at)[:2]
    return f"{year:04}-{month:02}"
