"""The values that cross borders: frozen, plain, and the same in process, in JSON and over HTTP.

Terms
-----
Every word here is defined once, in docs/design.md (project, dataset, task, recipe, run, budget, model, report,
bench, sandbox). Times are seconds since the epoch (UTC) as floats; durations are seconds; sizes are bytes.

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

import secrets
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

__all__ = [
    "Artifact",
    "Column",
    "ColumnKind",
    "Dataset",
    "DatasetEntry",
    "Event",
    "EventKind",
    "Failure",
    "LeaderboardRow",
    "Model",
    "Notice",
    "Profile",
    "Project",
    "Proposal",
    "Resources",
    "Role",
    "Run",
    "RunRequest",
    "RunStatus",
    "Severity",
    "Stage",
    "Table",
    "TableForm",
    "Upload",
    "UploadStatus",
    "Wanted",
    "WeightsEntry",
    "decode",
    "encode",
    "new_id",
    "replace",
    "to_plain",
]

Record = TypeVar("Record")

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letter that reads like a digit


def new_id(kind: str) -> str:
    """An id that cannot be guessed: `kind`, a dash, and 80 random bits in sixteen characters."""
    return f"{kind}-" + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def encode(record: object) -> bytes:
    """Any record, or a container of records, as JSON."""
    return msgspec.json.encode(record)


def decode(raw: bytes | str, kind: type[Record]) -> Record:
    """The record that `encode` wrote; unknown fields are ignored, so that newer writers can be read."""
    return msgspec.json.decode(raw, type=kind)


def to_plain(record: object) -> Any:
    """Any record as dicts, lists, strings and numbers."""
    return msgspec.to_builtins(record)


# --- data ------------------------------------------------------------------------------------------------------------


class ColumnKind(StrEnum):
    """What a person would call a column."""

    NUMBER = "number"
    INTEGER = "integer"
    YES_NO = "yes/no"
    CATEGORY = "category"
    TEXT = "text"
    DATE = "date"
    IDENTIFIER = "identifier"
    PICTURE = "picture"  # the path of a picture among the dataset's files
    BOXES = "boxes"  # JSON: [{"category": …, "bbox": [x, y, width, height]}, …]
    CONSTANT = "constant"
    EMPTY = "empty"


class Severity(StrEnum):
    """How much a notice matters: `confirm` stops a run until its owner has said yes to the notice's code."""

    INFO = "info"
    DOUBT = "doubt"
    WARNING = "warning"
    CONFIRM = "confirm"


class Role(StrEnum):
    """What a table of a dataset is for."""

    TRAIN = "train"
    TEST = "test"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something about the data that a person should know, with its cure; `code` is stable, for machines."""

    code: str
    message: str
    severity: Severity = Severity.INFO
    cure: str = ""
    column: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TableForm:
    """How a file of rows is written, so that the next file from the same source is read in the same way."""

    format: str  # csv, parquet or excel
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str | None = None
    header: bool = True
    sheet: str | None = None
    names: tuple[str, ...] = ()  # the columns' names as they are used: unique, stripped, never empty
    dates: dict[str, str] = field(default_factory=dict)  # column -> strptime format, "ISO8601" or "mixed"
    strings: tuple[str, ...] = ()  # columns that look like numbers but are codes: leading zeros, long digits
    missing: tuple[str, ...] = ()  # words beyond pandas' own that stand for "no value", such as "?" or "-"
    skip: int = 0  # lines of preamble before the header, or before the first row where there is no header
    escape: str | None = None  # the character before a quote inside a quoted value, where it is not doubled
    integers: tuple[str, ...] = ()  # columns of whole numbers without a gap; of the rest, those of other numbers:
    numbers: tuple[str, ...] = ()  # what is in neither, nor in dates, is read as words
    yes_no: dict[str, tuple[str, str]] = field(default_factory=dict)  # column -> its words for false and true
    doubtful: tuple[str, ...] = ()  # date columns that make sense with day and month exchanged, too


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """What intake found in one column."""

    name: str
    kind: ColumnKind
    dtype: str
    rows: int
    missing: int = 0
    distinct: int = 0
    distinct_is_exact: bool = True
    minimum: float | str | None = None
    maximum: float | str | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[float, ...] = ()  # 1 %, 25 %, 50 %, 75 %, 99 %
    top: tuple[tuple[str, int], ...] = ()  # the commonest values with their counts, commonest first
    histogram: tuple[tuple[float, float, int], ...] = ()  # (from, to, count)
    examples: tuple[str, ...] = ()
    order: str = ""  # "rising" or "falling" where the rows stand in the order of this column
    sampled: bool = False  # quantiles and histogram are of a draw of the rows, not of all


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One file of rows in a dataset.

    Where several files make up the rows to train on, the first one's columns and duplicates speak for all of them, and
    the others hold no columns.
    """

    path: str  # relative to the dataset's folder, with forward slashes
    role: Role
    form: TableForm
    rows: int
    columns: tuple[Column, ...]
    duplicates: int = 0  # rows that repeat an earlier row
    duplicates_are_exact: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What intake found in a dataset: files, tables, and what a person should know about them."""

    tables: tuple[Table, ...]
    files: int
    bytes: int
    ignored: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    item: str = "row"  # what one of them is: a row, or the picture or the text that it stands for
    arranged: str = ""  # the task that made these tables of files that are none: folders of pictures, of texts
    facts: dict[str, str] = field(default_factory=dict)  # what that task keeps for itself

    @property
    def main(self) -> Table:
        """The first table to train on."""
        return next(table for table in self.tables if table.role is Role.TRAIN)

    @property
    def rows(self) -> int:
        """Rows to train on, over all training tables."""
        return sum(table.rows for table in self.tables if table.role is Role.TRAIN)

    def column(self, name: str) -> Column:
        """The main table's column of that name; KeyError if there is none."""
        for column in self.main.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What the platform suggests to do with a dataset, each part with its reason in a sentence."""

    task: str
    target: str
    metric: str
    budget: float
    reasons: dict[str, str]  # task, target, metric, budget -> a sentence
    notices: tuple[Notice, ...] = ()  # about this task and target: doubts, leakage, rare classes
    targets: tuple[str, ...] = ()  # other columns that could be the target, likeliest first
    order: str | None = None  # a date column by which the held-out rows should be the latest


# --- people's work ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A named piece of work that holds datasets, runs and models."""

    id: str
    name: str
    created_at: float


class UploadStatus(StrEnum):
    """`open`: parts may come. `received`: whole and in the store. `accepted`: a dataset. `rejected`: see failure."""

    OPEN = "open"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why something did not work: what failed, the cause, and the cure. Never a traceback, never a secret."""

    code: str
    what: str
    cause: str = ""
    cure: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.cause, self.cure) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """Bytes on their way into the store, or kept there after they were rejected."""

    id: str
    project_id: str
    name: str  # the file's own name
    key: str
    size: int
    status: UploadStatus
    created_at: float
    sha256: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """One immutable upload with its profile."""

    id: str
    project_id: str
    upload_id: str
    name: str
    version: int
    key: str
    filename: str
    size: int
    sha256: str
    profile: Profile
    proposal: Proposal | None
    created_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetEntry:
    """A dataset as a list shows it: all but the profile and the proposal, which may be long."""

    id: str
    project_id: str
    upload_id: str
    name: str
    version: int
    key: str
    filename: str
    size: int
    sha256: str
    created_at: float


# --- runs ------------------------------------------------------------------------------------------------------------


class RunStatus(StrEnum):
    """See the table at the top of this module."""

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

    name: str  # model, report, notebook, log, results or checkpoint
    key: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One execution of a recipe on a dataset within a budget."""

    id: str
    project_id: str
    dataset_id: str
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
    model_id: str | None = None
    failure: Failure | None = None

    @property
    def deadline(self) -> float | None:
        """When the budget ends; None before the first claim."""
        return None if self.claimed_at is None else self.claimed_at + self.budget

    def artifact(self, name: str) -> Artifact | None:
        """The artifact of that name, if the run left one."""
        return next((artifact for artifact in self.artifacts if artifact.name == name), None)


class EventKind(StrEnum):
    """What an event tells: `body` holds `phase`, `text` (log lines), `rows` (a leaderboard), or a notice's fields."""

    PHASE = "phase"
    LOG = "log"
    LEADERBOARD = "leaderboard"
    NOTICE = "notice"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened in a run; `seq` rises by one within a run, so that a reader can go on where it left."""

    run_id: str
    seq: int
    at: float
    kind: EventKind
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedRecipe:
    """One version of somebody's own recipe; who is not in its project may use it if it is public."""

    id: str
    project_id: str
    name: str
    version: int
    task: str
    public: bool
    key: str  # the notebook in the store
    sha256: str
    created_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RecipeEntry:
    """A recipe as lists show it; one that is built in has no project."""

    name: str
    version: str
    tasks: tuple[str, ...]
    project: str | None = None
    public: bool = True
    created_at: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsEntry:
    """Pretrained weights as lists show them; `path` is where they lie, None where they are not at hand."""

    name: str
    kind: str  # picture, text
    megabytes: int
    licence: str
    source: str  # package, folder, hub
    origin: str  # the package, or the hub's repository
    path: str | None = None
    cure: str = ""  # how to get them, where they are not at hand


class Stage(StrEnum):
    """A model's place in its project."""

    CANDIDATE = "candidate"
    PRODUCTION = "production"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """What a run that succeeded leaves, registered with all that is needed to use it and to make it again."""

    id: str
    project_id: str
    run_id: str
    name: str
    version: int
    task: str
    target: str
    metric: str
    score: float
    stage: Stage
    key: str  # the archive in the store
    size: int
    sha256: str
    schema: dict[str, Any]  # columns in, prediction out, the training file's form
    metrics: dict[str, Any]
    lineage: dict[str, Any]  # dataset id and hash, recipe and hash, seed, versions
    created_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What a sandbox may use."""

    cpus: int
    memory: int  # bytes
    gpus: int = 0
