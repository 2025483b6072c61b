"""What intake finds: columns, tables, notices, profiles, proposals."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Column", "ColumnKind", "Notice", "Profile", "Proposal", "Role", "Severity", "Table", "TableForm"]


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
