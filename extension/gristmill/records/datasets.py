"""How datasets stay right: edits that make another version, what people say about them, what a project asks of all.

Terms
-----
edit        one step that changes rows or columns: drop, rename, kind, keep.
revision    the steps that lead from an upload's tables to another version of them. The upload stays as it is; the steps
            are done again wherever the version's rows are wanted.
about       what people say about a dataset: for all versions of one name, and never part of a version.
schema      what a project asks of the tables that are put into it: a rule for each column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gristmill.records.data import ColumnKind, Table

__all__ = ["About", "AboutChange", "DatasetNote", "Edit", "EditKind", "Revision", "Rule", "Schema", "SchemaChange"]


class EditKind(StrEnum):
    """`drop` and `rename` columns, read one as another `kind`, `keep` the rows that a condition fits."""

    DROP = "drop"
    RENAME = "rename"
    KIND = "kind"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One step; which of the other fields count, `act` says."""

    act: EditKind
    columns: tuple[str, ...] = ()  # drop: those that go; rename, kind: the one that is meant
    to: str = ""  # rename: what it is called from then on
    kind: ColumnKind | None = None
    format: str = ""  # kind date: how the words are written, for strptime; found out where it is left open
    where: str = ""  # keep: a condition, see gristmill.tables.conditions


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """What makes a version of another: the tables as they were uploaded, without their columns, and every step."""

    tables: tuple[Table, ...]
    edits: tuple[Edit, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetNote:
    """Something that somebody wrote down about one version."""

    version: int
    who: str
    created_at: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What people say about the datasets of one name in a project."""

    project_id: str
    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)  # column -> what it means
    notes: tuple[DatasetNote, ...] = ()  # oldest first
    updated_at: float | None = None
    updated_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AboutChange:
    """What is to be said from now on; None leaves it as it is. A column's empty description is taken away."""

    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    columns: dict[str, str] = field(default_factory=dict)
    note: str = ""  # is added


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What a project asks of one column."""

    column: str
    kind: ColumnKind | None = None  # None: whatever it is
    required: bool = True  # the column has to be there
    gaps: bool = True  # values may be missing
    minimum: float | str | None = None  # a number, or a date as 2024-01-31
    maximum: float | str | None = None
    allowed: tuple[str, ...] = ()  # the only values; empty: any


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """What a project asks of every table that is put into it."""

    project_id: str
    rules: tuple[Rule, ...]
    others: bool = True  # columns without a rule may be there
    updated_at: float = 0.0
    updated_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaChange:
    """A project's schema to be: these rules, or those that one of its datasets fits."""

    rules: tuple[Rule, ...] = ()
    others: bool = True
    dataset_id: str | None = None
