"""A dataset's files, read once from end to end in bounded memory: what each column holds, and what is worth a word.

A batch of rows at a time passes through three kinds of counters: a tally for each column (tally.py), the hashes of
whole rows (hashing.py), and a draw of rows (sampling.py) from which quantiles and the look of texts are taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.intake.findings import findings
from gristmill.intake.layout import Found, Placed, place
from gristmill.records import Column, Notice, Profile, Role, Severity, Table, TableForm, replace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Survey", "columns_of", "profile", "profile_placed"]

FEWEST_ROWS = 20
_BATCH = 20_000  # rows
_REPEATS = 1_000_000  # hashes of different rows held: 16 MB, and as much again while they are merged
_SKETCHES = 2_000_000  # hashes of values held, over all columns: 16 MB
_SKETCH = 65_536  # distinct values counted exactly, where there are few columns
_NAMED = 20_000  # commonest values named, over all columns
_CLASSES = 100  # values always named, as they may be the target's classes


class Survey:
    """Counts the rows of one table, which may lie in several files, batch by batch."""

    def __init__(self, names: Sequence[str]) -> None:
        from gristmill.intake.hashing import RepeatCount
        from gristmill.intake.sampling import RowSample
        from gristmill.intake.tally import ColumnTally

        sketch = max(1_024, min(_SKETCH, _SKETCHES // len(names)))
        self._tallies = [ColumnTally(name, sketch=sketch) for name in names]
        self._repeats = RepeatCount(_REPEATS)
        self._sample = RowSample(len(names))
        self.rows = 0

    def add(self, rows: pd.DataFrame) -> None:
        """Take in the next rows."""
        import numpy as np
        import pyarrow as pa

        from gristmill.intake.hashing import combine

        hashes = np.zeros(len(rows), dtype=np.uint64)
        for tally in self._tallies:
            hashes = combine(hashes, tally.add(pa.Array.from_pandas(rows[tally.name])))
        self._repeats.add(hashes)
        self._sample.add(rows[[tally.name for tally in self._tallies]])
        self.rows += len(rows)

    @property
    def sample(self) -> pd.DataFrame:
        """A draw of the rows."""
        return self._sample.result()

    def columns(self) -> tuple[Column, ...]:
        """Every column as it is known by now."""
        from gristmill.intake.columns import describe

        sample, top = self.sample, max(_CLASSES, min(1_000, _NAMED // len(self._tallies)))
        return tuple(describe(tally, sample[tally.name], top) for tally in self._tallies)

    def duplicates(self) -> tuple[int, bool]:
        """How many rows repeat an earlier one, and whether that is exact."""
        return self._repeats.result(), self._repeats.is_exact


@dataclass(frozen=True, slots=True)
class _Read:
    """The files of one role, read."""

    tables: tuple[Table, ...]
    strays: Counter[str]
    sample: pd.DataFrame | None


def profile(
    folder: Path,
    files: Sequence[str],
    *,
    ignored: Sequence[str] = (),
    table: str | None = None,
    keep: Callable[[pd.DataFrame], None] | None = None,
) -> Profile:
    """What the files hold; `table` names the one to train on, `keep` is given a draw of the rows to train on."""
    from gristmill.tables import is_table

    found, too_narrow = _sniff(folder, [file for file in files if is_table(folder / file)])
    if not found:
        those = f"Its {len(files):,} files are" if len(files) > 1 else "Its one file is"
        raise DataRejected(
            "The upload holds no table.",
            cause=f"{those} neither CSV, Parquet nor Excel." if files else "It holds no file.",
            cure="Put a CSV, Parquet or Excel file with one row per case into it.",
            code="no-table",
        )
    placed = place(found, table)
    placed = replace(placed, notices=(*placed.notices, *too_narrow))
    return profile_placed(folder, files, placed, ignored=ignored, keep=keep)


def profile_placed(
    folder: Path,
    files: Sequence[str],
    placed: Placed,
    *,
    ignored: Sequence[str] = (),
    keep: Callable[[pd.DataFrame], None] | None = None,
) -> Profile:
    """What the files hold, where it is known which of them are tables and what for."""
    names = placed.train[0].form.names
    train = _read(folder, placed.train, Role.TRAIN, names)
    test = _read(folder, placed.test, Role.TEST, names)
    tables = [*train.tables, *test.tables]
    for other in placed.other:
        tables += _read(folder, (other,), Role.OTHER, other.form.names).tables
    whole = Profile(
        tables=tuple(tables),
        files=len(files),
        bytes=sum((folder / file).stat().st_size for file in files),
        ignored=tuple(ignored),
        notices=placed.notices,
    )
    _refuse(whole)
    if keep is not None and train.sample is not None:
        keep(train.sample)
    return replace(whole, notices=(*whole.notices, *findings(whole, train.strays + test.strays)))


def columns_of(path: Path, form: TableForm) -> tuple[tuple[Column, ...], Counter[str]]:
    """What each column of one file holds, read as the form says; how many values of each are not what it promises.

    Columns that the form does not know are read as they seem to be.
    """
    from gristmill.tables import batches, sniff

    strays: Counter[str] = Counter()
    try:
        own = sniff(path)
    except DataRejected:  # too little of it to tell
        own = form
    form = replace(
        form,
        integers=(*form.integers, *(name for name in own.integers if name not in form.names)),
        numbers=(*form.numbers, *(name for name in own.numbers if name not in form.names)),
        dates={name: way for name, way in own.dates.items() if name not in form.names} | form.dates,
    )
    survey: Survey | None = None
    for rows in _ahead(batches(path, form, _BATCH, strays=strays)):
        survey = survey or Survey([str(name) for name in rows.columns])
        survey.add(rows)
    return (survey.columns() if survey is not None else ()), strays


def _sniff(folder: Path, files: Sequence[str]) -> tuple[list[Found], list[Notice]]:
    """The tables' forms; equal forms are one object, so that a hundred thousand files take little memory.

    A list of words beside real tables is no reason to refuse them.
    """
    from gristmill.tables import sniff

    forms: dict[str, TableForm] = {}
    found: list[Found] = []
    narrow: list[DataRejected] = []
    for file in files:
        try:
            form = sniff(folder / file)
        except DataRejected as error:
            if error.failure.code != "one-column":
                raise
            narrow.append(error)
        else:
            found.append(Found(file, forms.setdefault(repr(form), form)))
    if narrow and not found:
        raise narrow[0]
    return found, [
        Notice(code="tables-unused", message=f"Not used: {error.failure.what}", severity=Severity.WARNING)
        for error in narrow[:8]
    ]


def _read(folder: Path, found: Sequence[Found], role: Role, names: Sequence[str]) -> _Read:
    """The tables of one role; the first holds the columns of all."""
    from gristmill.tables import batches

    strays: Counter[str] = Counter()
    if not found:
        return _Read((), strays, None)
    survey, counts = Survey(names), [0] * len(found)

    def every() -> Iterator[pd.DataFrame]:
        for at, one in enumerate(found):
            for rows in batches(folder / one.path, one.form, _BATCH, columns=names, strays=strays):
                counts[at] += len(rows)
                yield rows

    for rows in _ahead(_gathered(every())):
        survey.add(rows)
    tables = [
        Table(path=one.path, role=role, form=one.form, rows=count, columns=())
        for one, count in zip(found, counts, strict=True)
    ]
    duplicates, exact = survey.duplicates()
    tables[0] = replace(tables[0], columns=survey.columns(), duplicates=duplicates, duplicates_are_exact=exact)
    return _Read(tuple(tables), strays, survey.sample)


def _gathered(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Small batches of the same types as one: a hundred thousand files of ten rows are counted as quickly as one."""
    import pandas as pd

    held: list[pd.DataFrame] = []
    rows = 0
    for batch in batches:
        if held and (rows + len(batch) > _BATCH or not batch.dtypes.equals(held[0].dtypes)):
            yield pd.concat(held) if len(held) > 1 else held[0]
            held, rows = [], 0
        held.append(batch)
        rows += len(batch)
    if held:
        yield pd.concat(held) if len(held) > 1 else held[0]


def _ahead(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The batches, each read while the one before is counted: both spend their time outside of Python's lock."""
    with ThreadPoolExecutor(1) as reader:
        batch = next(batches, None)
        while batch is not None:
            following = reader.submit(next, batches, None)
            yield batch
            batch = following.result()


def _refuse(whole: Profile) -> None:
    """Nothing can be learned from a single column, nor from a handful of rows."""
    path, rows = whole.main.path, whole.rows
    if len(whole.main.columns) < 2:
        raise DataRejected(
            f"{path} has a single column, '{whole.main.columns[0].name}', so there is nothing to predict it from.",
            cure="Give at least one more column; if the file has more, check which sign sets them apart.",
            code="one-column",
        )
    if rows < FEWEST_ROWS:
        raise DataRejected(
            f"{path} has {rows:,} row{'' if rows == 1 else 's'}, too few to learn from and to test what was learned.",
            cure=f"Give at least {FEWEST_ROWS} rows; some hundreds are better.",
            code="too-few-rows",
        )
