"""Schedules: what is done again and again, when it was done, and what came of it.

Terms
-----
tick       one moment at which a schedule is due
challenger the model that a retraining has made
champion   the model of the same name that is in production

Tick outcomes
-------------
=========== =========================================================================================
outcome     means
=========== =========================================================================================
(none yet)  its run, or its comparison, is still to be made or to end
done        its run has succeeded, and there was nothing to decide
promoted    its run has made a model, and that is in production now
kept        its run has made a model, and the champion stays; `said` tells both scores
idle        there was nothing to do: nothing new to predict
missed      nobody was there at the time, and the schedule is told not to catch up
refused     it could not be asked for: `said` tells why
failed      its run has failed, or was cancelled
=========== =========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gristmill.records.people import Power

__all__ = ["Action", "CatchUp", "Outlook", "Schedule", "ScheduleRequest", "Tick", "TickOutcome", "Verdict"]


class Action(StrEnum):
    """What a schedule does."""

    RETRAIN = "retrain"  # the run `subject` again, on the newest version of its dataset
    BATCH = "batch"  # the model `subject`, or what has taken its place in production, on the newest file of a name


class CatchUp(StrEnum):
    """What becomes of ticks at which nobody was there."""

    NONE = "none"  # they are passed over
    ONCE = "once"  # one stands for all of them
    ALL = "all"  # each is made up for, the oldest first


class TickOutcome(StrEnum):
    """See the table at the top of this module."""

    DONE = "done"
    PROMOTED = "promoted"
    KEPT = "kept"
    IDLE = "idle"
    MISSED = "missed"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleRequest:
    """What a person asks to be done again and again."""

    cron: str  # minute, hour, day of the month, month, day of the week
    action: Action
    subject: str  # the id of a run to repeat, or of a model to ask
    zone: str = "UTC"  # the IANA name of the time zone that `cron` is meant in
    source: str = ""  # for a batch: the name of the datasets or uploaded files to predict
    catch_up: CatchUp = CatchUp.ONCE
    margin: float | None = None  # by how much better a new model must be to be promoted; None: none ever is
    name: str = ""
    settings: dict[str, Any] = field(default_factory=dict)  # of a batch


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Something that is done at fixed times, on behalf of its owner."""

    id: str
    project_id: str
    name: str
    cron: str
    zone: str
    action: Action
    subject: str
    source: str
    catch_up: CatchUp
    margin: float | None
    settings: dict[str, Any]
    created_at: float
    next_at: float  # when it is due next; it is moved on by whoever claims that tick
    last_at: float | None = None
    paused: bool = False
    owner: str = "local"
    teams: tuple[str, ...] = ()  # the owner's, and their powers, as they were when they last had a hand in it:
    powers: tuple[Power, ...] = ()  # only a request brings them, and at a tick there is none


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """One moment at which a schedule was due; there is one row for it, whoever sees it first."""

    schedule_id: str
    at: float
    claimed_at: float
    run_id: str  # settled with the claim, so that whoever carries it out makes the same run
    comparison_id: str
    by_hand: bool = False
    passed_over: int = 0  # earlier ticks that this one stands for
    outcome: TickOutcome | None = None
    said: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """A schedule with what it has done last, and when it is due next."""

    schedule: Schedule
    ticks: tuple[Tick, ...]  # the latest first
    due: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How two models did on the same rows; scores are in the metric, in its natural direction."""

    metric: str
    challenger: float
    champion: float
    rows: int  # that were compared on
    seen: int = 0  # that were left out, because the champion was trained on them
