"""Files of rows as the rest of the platform reads them: whatever is wrong with one is DataRejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.records import TableForm
from gristmill.tables import reading
from gristmill.tables.dialect import dialect_of
from gristmill.tables.reading import ReadError, format_of
from gristmill.tables.sample import Sample

if TYPE_CHECKING:
    import pandas as pd

_TABLES = frozenset([".csv", ".tsv", ".tab", ".parquet", ".pq", ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods"])
_PERHAPS = frozenset(["", ".txt", ".data", ".dat", ".all-data", ".train", ".test"])


@contextmanager
def rejecting() -> Iterator[None]:
    """What the reader refuses is bad data."""
    try:
        yield
    except ReadError as error:
        raise DataRejected(error.what, cure=error.cure, code=error.code) from None


def read(path: Path, form: TableForm, *, columns: Sequence[str] | None = None, rows: int | None = None) -> pd.DataFrame:
    """All rows as one frame, or the first `rows`; `columns` are the ones wanted, in that order."""
    with rejecting():
        return reading.read(path, form, columns=columns, rows=rows)


def batches(
    path: Path,
    form: TableForm,
    rows: int = 50_000,
    *,
    columns: Sequence[str] | None = None,
    strays: Counter[str] | None = None,
) -> Iterator[pd.DataFrame]:
    """The rows in frames of `rows`, fewer where they are very wide.

    `strays` counts, for each column, the values that are not what the form promises and are read as missing.
    """
    with rejecting():
        yield from reading.batches(path, form, rows, columns=columns, strays=strays)


def is_table(path: Path) -> bool:
    """Whether a file of a dataset is meant as a table: by its name, and where that says little by its text."""
    suffix = path.suffix.lower()
    if suffix in _TABLES:
        return True
    if suffix not in _PERHAPS or format_of(path) != "csv":
        return False
    try:
        with rejecting():
            return dialect_of(Sample.of(path, head_only=True), path).is_sure
    except DataRejected:
        return False
