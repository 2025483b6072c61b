"""What only the service has to say: uploads under way, answers kept for who asks again, runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gristmill.records.runs import Run
from gristmill.records.work import DatasetEntry, Model, Upload

__all__ = ["Answer", "ArrivedPart", "CommonText", "Comparison", "Lineage", "MissingPart", "Paper", "Transfer"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingPart:
    """A part of an upload that has not arrived, and the URL that takes exactly its bytes by PUT, with these headers.

    The URL is empty where nobody serves the store: there, the bytes are handed to `send_part`.
    """

    number: int
    url: str
    size: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArrivedPart:
    """A part of an upload that lies in the store."""

    number: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """An upload under way: where it stands, and where the rest goes.

    Part n holds the bytes from (n - 1) * part_size on. Parts may be sent in any order, several at a time, and again.
    """

    upload: Upload
    part_size: int
    parts: tuple[MissingPart, ...] = ()
    arrived: tuple[ArrivedPart, ...] = ()
    expires_at: float | None = None
    dataset_id: str | None = None  # what the upload has become
    at_work: bool = False  # somebody looks at it just now, to make it a dataset


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Runs side by side."""

    runs: tuple[Run, ...]
    differs: tuple[str, ...]  # the fields of what was asked for in which they are not the same
    comparable: bool  # same task, target and metric: their scores mean the same
    best: str | None = None  # the id of the run with the best score, where they are comparable


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """Where a model comes from: the data, the runs (the one that made it first, then those it went on from)."""

    model: Model
    dataset: DatasetEntry
    runs: tuple[Run, ...]
    recipe: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """Something that a run was asked with: a notebook, a proposal; `key` is its place in the store."""

    run_id: str
    key: str
    text: str  # empty where it is a text that many runs are asked with
    digest: str | None = None  # names that text


@dataclass(frozen=True, kw_only=True, slots=True)
class CommonText:
    """A text that many runs are asked with, such as a built-in recipe: kept once, and never changed or removed."""

    digest: str  # sha256 of the text
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What was answered to a question that carried a key; `status` is None while it is being answered."""

    who: str
    key: str
    digest: str  # sha256 of the question
    created_at: float
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
