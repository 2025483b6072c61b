"""Runs, what they leave, and what happens in them.

Run kinds
---------
======== ============================================================ ===========================================
kind     what it does                                                 what it has
======== ============================================================ ===========================================
train    makes a model of a dataset                                   dataset; model, once it has succeeded
batch    has a model answer the rows of an upload                     model, and upload unless series only go on
compare  has two models answer the rows that neither was trained on   dataset, model, and the other in `settings`
explain  explains candidates that a training has kept               dataset; the rest is in `settings`
explore  draws what to know of a table before training               dataset, or upload
======== ============================================================ ===========================================

What the others say of task, target and metric is that of the model that they ask, or of the training that `settings`
names; what an exploration says of them was proposed.

Run statuses
------------
=========== ============================== ==========================================================
status      set by                         what follows
=========== ============================== ==========================================================
queued      Mill, when a run is asked for  a worker claims it
running     the worker that claimed it     its lease is renewed until it finishes; a run whose lease
                                           has lapsed may be claimed again, under a higher fence
succeeded   the worker, compare-and-set    never changes; model and report are in the store
failed      the worker or the reconciler   never changes; `failure` says what, why and the cure
cancelled   the worker, or Mill if queued  never changes; what was trained stays for `resume`
=========== ============================== ==========================================================

A run's `wanted` is what its owner asks of it while it is queued or running: to finish, to stop now and keep the best
model so far, or to be cancelled. Workers read it each time they renew their lease.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gristmill.records.failure import Failure

__all__ = [
    "Artifact",
    "Event",
    "EventKind",
    "LeaderboardRow",
    "Resources",
    "Run",
    "RunKind",
    "RunRequest",
    "RunStatus",
    "Wanted",
]


class RunKind(StrEnum):
    """See the first table at the top of this module."""

    TRAIN = "train"
    BATCH = "batch"
    COMPARE = "compare"
    EXPLAIN = "explain"
    EXPLORE = "explore"


class RunStatus(StrEnum):
    """See the second table at the top of this module."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED)


class Wanted(StrEnum):
    """What a run's owner asks of it."""

    FINISH = "finish"
    STOP = "stop"  # stop training now, keep the best model so far
    CANCEL = "cancel"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRequest:
    """What a person asks for; empty fields are filled from the dataset's proposal."""

    dataset_id: str
    task: str | None = None
    target: str | None = None
    metric: str | None = None
    budget: float | None = None
    recipe: str | None = None
    name: str | None = None
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()  # codes of the `confirm` notices that the person has said yes to
    notebook: str = ""  # the text of a notebook to train with; `recipe` is then what to call it


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaderboardRow:
    """One candidate as it stands on the leaderboard; scores are in the run's metric, in its natural direction."""

    model: str
    score: float | None  # on validation rows
    test_score: float | None = None  # on the held-out rows
    fit_seconds: float | None = None
    predict_seconds: float | None = None
    bytes: int | None = None
    level: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """One thing a run left in the store."""

    name: str  # model, report, notebook, log, results, checkpoint or predictions
    key: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One execution of a notebook within a budget: it trains, or it asks a model."""

    id: str
    project_id: str
    dataset_id: str | None
    name: str
    recipe: str
    task: str
    target: str
    metric: str
    budget: float
    seed: int
    settings: dict[str, Any]
    accepted: tuple[str, ...]
    status: RunStatus
    wanted: Wanted
    created_at: float
    claimed_at: float | None = None  # the first claim: the budget counts from here
    finished_at: float | None = None
    fence: int = 0  # counts claims; a worker may write only under the fence it was given
    worker: str | None = None
    lease_until: float | None = None
    resumed_from: str | None = None
    salvaged: bool = False
    score: float | None = None
    leaderboard: tuple[LeaderboardRow, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)  # phase -> seconds, and "total"
    artifacts: tuple[Artifact, ...] = ()
    model_id: str | None = None  # the model that a training has made, or that another kind of run asks
    failure: Failure | None = None
    owner: str = "local"  # who asked for it
    kind: RunKind = RunKind.TRAIN
    upload_id: str | None = None  # what a batch is to answer
    rows: int | None = None  # that a batch has answered so far
    price: float = 0.0  # what an hour of it costs, as it was when it was asked for
    gpus: int = 0  # of the host that it was asked for
    store_id: str | None = None  # where its papers and artifacts lie; None for the platform's own store

    @property
    def deadline(self) -> float | None:
        """When the budget ends; None before the first claim."""
        return None if self.claimed_at is None else self.claimed_at + self.budget

    def artifact(self, name: str) -> Artifact | None:
        """The artifact of that name, if the run left one."""
        return next((artifact for artifact in self.artifacts if artifact.name == name), None)


class EventKind(StrEnum):
    """What an event tells: `body` holds `phase`, `text` (log lines), `rows` (a leaderboard), or a notice's fields.

    A progress holds in `rows` how many a batch has answered.
    """

    PHASE = "phase"
    LOG = "log"
    LEADERBOARD = "leaderboard"
    NOTICE = "notice"
    PROGRESS = "progress"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened in a run; `seq` rises by one within a run, so that a reader can go on where it left."""

    run_id: str
    seq: int
    at: float
    kind: EventKind
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What a sandbox may use."""

    cpus: int
    memory: int  # bytes
    gpus: int = 0
