"""Another version of a dataset: the steps of a revision, done to the tables of its upload.

The tables pass through block by block and come out as one Parquet file for the rows to train on and one for those to
test on, in place of what was uploaded. What a column's values are is settled by the form, as ever (tables/reading): a
column whose kind was changed is read as the words that stand in the file, so that 1.10 is 1.10 again once it is no
number any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill import tasks
from gristmill.errors import DataRejected
from gristmill.intake.layout import Found, Placed
from gristmill.intake.profile import profile_placed
from gristmill.intake.steps import FILES, first_form, form_after, renamed_in, without
from gristmill.records import (
    Column,
    ColumnKind,
    Edit,
    EditKind,
    Notice,
    Profile,
    Revision,
    Role,
    Severity,
    Table,
    TableForm,
    replace,
)
from gristmill.tables.conditions import parse

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["edit", "revised"]

_LOOKED_AT = 5_000  # rows, to find out how dates are written
_BATCH = 50_000


def edit(folder: Path, revision: Revision, strays: Counter[str] | None = None) -> None:
    """Do the steps to the tables in `folder`; the edited ones take the place of those that were uploaded.

    `strays` counts, for each column, the values that are not of the kind that was set, and so are missing.
    """
    for role, name in FILES.items():
        tables = [table for table in revision.tables if table.role is role]
        if not tables:
            continue
        counted: Counter[str] = Counter()
        try:
            _write(folder, tables, revision, _Written(folder / name, whole=True), counted)
        except _NotWhole:  # one value beyond what was sampled: the whole numbers are none
            counted.clear()
            _write(folder, tables, revision, _Written(folder / name, whole=False), counted)
        if strays is not None:
            strays.update(counted)
    for table in revision.tables:
        (folder / table.path).unlink(missing_ok=True)


def revised(folder: Path, revision: Revision, keep: Any) -> tuple[Revision, Profile]:
    """The revision with what it left open found out, and the profile of what it makes of the tables in `folder`."""
    revision = _settled(folder, revision)
    strays: Counter[str] = Counter()
    edit(folder, revision, strays)
    form = replace(form_after(first_form(revision), revision.edits), format="parquet")
    found = {role: [Found(name, form)] for role, name in FILES.items() if (folder / name).exists()}
    placed = Placed(train=tuple(found[Role.TRAIN]), test=tuple(found.get(Role.TEST, ())))
    files = [name for name in FILES.values() if (folder / name).exists()]
    profile = profile_placed(folder, files, placed, keep=keep)
    kinds = _kinds(revision.edits)
    tables = tuple(
        replace(table, columns=tuple(_told(column, kinds) for column in table.columns)) for table in profile.tables
    )
    notices = tuple(_stray(name, count) for name, count in strays.items())
    profile = replace(profile, tables=tables, notices=(*notices, *profile.notices))
    return revision, _with_facts(folder, files, profile)


@dataclass(frozen=True, slots=True)
class _Written:
    """Where the rows go, and whether what should be whole numbers has to be."""

    path: Path
    whole: bool


class _NotWhole(Exception):
    """A column of whole numbers has others."""


def _write(folder: Path, tables: Sequence[Table], revision: Revision, to: _Written, strays: Counter[str]) -> None:
    from pyarrow import ArrowInvalid, parquet

    first = first_form(revision)
    schema, changing = _schema(form_after(first, revision.edits), whole=to.whole), _changing(revision.edits)
    with parquet.ParquetWriter(to.path, schema) as writer:
        for table in tables:
            for rows in _blocks(folder / table.path, table.form, first.names, changing):
                block = _done(rows, table.form, revision.edits, strays)
                try:
                    writer.write_table(block.select(schema.names).cast(schema))
                except ArrowInvalid:
                    if not to.whole:
                        raise
                    raise _NotWhole from None


def _schema(form: TableForm, *, whole: bool) -> pa.Schema:
    import pyarrow as pa

    def kind(name: str) -> Any:
        if name in form.integers and whole:
            return pa.int64()
        if name in form.integers or name in form.numbers:
            return pa.float64()
        return pa.timestamp("ns") if name in form.dates else pa.string()

    return pa.schema([(name, kind(name)) for name in form.names])


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some rows as they are by now, and for the columns whose kind changes the words that stand in the file."""

    table: pa.Table
    words: pa.Table


def _blocks(path: Path, form: TableForm, names: Sequence[str], changing: set[str]) -> Iterator[_Rows]:
    """The rows as the form has them; beside them, the words of what will change its kind."""
    import pyarrow as pa

    from gristmill.tables import batches

    for frame in batches(path, without(form, tuple(changing)), _BATCH, columns=names):
        table = _straight(pa.Table.from_pandas(frame, preserve_index=False), without(form, tuple(changing)))
        words = table.select([name for name in names if name in changing])
        for name, column in _typed(words, form).items():
            table = table.set_column(table.schema.get_field_index(name), name, column)
        yield _Rows(table, words)


def _straight(table: pa.Table, form: TableForm) -> pa.Table:
    """The rows in Arrow's plain types, also where a block holds no value of a column."""
    import pyarrow as pa

    fields = []
    for field in table.schema:
        kind = pa.string()
        if field.name in (*form.integers, *form.numbers):
            kind = pa.int64() if pa.types.is_integer(field.type) else pa.float64()
        elif field.name in form.dates:
            kind = pa.timestamp("ns")
        fields.append((field.name, kind))
    return table.cast(pa.schema(fields))


def _changing(edits: Sequence[Edit]) -> set[str]:
    """The columns, as the upload calls them, whose kind is set at some time."""
    names: dict[str, str] = {}  # what it is called by now -> in the upload
    found = set()
    for one in edits:
        if one.act is EditKind.RENAME:
            names[one.to] = names.pop(one.columns[0], one.columns[0])
        elif one.act is EditKind.KIND:
            found.add(names.get(one.columns[0], one.columns[0]))
    return found


def _typed(words: pa.Table, form: TableForm) -> dict[str, Any]:
    from gristmill.tables.reading.values import typed

    if not words.num_columns:
        return {}
    table, _ = typed(words.combine_chunks(), form)
    return {name: table.column(name) for name in table.column_names}


def _done(rows: _Rows, form: TableForm, edits: Sequence[Edit], strays: Counter[str]) -> pa.Table:
    """The rows after the steps."""
    table, words = rows.table, rows.words
    for one in edits:
        form = form_after(form, (one,))
        if one.act is EditKind.DROP:
            table = table.drop_columns(list(one.columns))
            words = words.drop_columns([name for name in one.columns if name in words.column_names])
        elif one.act is EditKind.RENAME:
            swap = {one.columns[0]: one.to}
            table, words = (part.rename_columns(renamed_in(part.column_names, swap)) for part in (table, words))
        elif one.act is EditKind.KEEP:
            mask = parse(one.where).mask(table)
            table, words = table.filter(mask), words.filter(mask)
        else:
            name = one.columns[0]
            column = _as_kind(words.select([name]), form, one, strays)
            table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _as_kind(words: pa.Table, form: TableForm, step: Edit, strays: Counter[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    (name,) = words.column_names
    column = _typed(words, form)[name]
    if step.kind is ColumnKind.INTEGER and pa.types.is_floating(column.type):
        column = pc.if_else(pc.equal(pc.round(column), column), column, None)
    lost = column.null_count - words.column(name).null_count
    if lost > 0:
        strays[name] += lost
    return column


# --- what is found out beside ----------------------------------------------------------------------------------------


def _settled(folder: Path, revision: Revision) -> Revision:
    """The revision with the form of every date; DataRejected where there is none."""
    form, edits = first_form(revision), list(revision.edits)
    names = {name: name for name in form.names}
    for at, one in enumerate(edits):
        if one.act is EditKind.RENAME:
            names[one.to] = names.pop(one.columns[0])
        if one.act is EditKind.KIND and one.kind is ColumnKind.DATE and not one.format:
            edits[at] = replace(one, format=_date_format(folder, revision, names[one.columns[0]]))
    return replace(revision, edits=tuple(edits))


def _date_format(folder: Path, revision: Revision, name: str) -> str:
    from gristmill.tables import read
    from gristmill.tables.dates import date_format

    table = next(table for table in revision.tables if table.role is Role.TRAIN)
    form = without(table.form, (name,))
    frame: pd.DataFrame = read(folder / table.path, form, columns=[name], rows=_LOOKED_AT)
    said = {str(word) for word in islice(frame[name].dropna(), _LOOKED_AT)}
    found = date_format(said, name, day_first=form.decimal == ",") if said else None
    if found is None:
        raise DataRejected(
            f"'{name}' cannot be read as dates.",
            cause=f"It holds, for example, {sorted(said)[0][:60]!r}." if said else "It holds no value.",
            cure="Say how its dates are written, such as %d.%m.%Y.",
            code="no-date",
        )
    return found.written


def _kinds(edits: Sequence[Edit]) -> dict[str, ColumnKind]:
    """What columns were made, under their latest names."""
    kinds: dict[str, ColumnKind] = {}
    for one in edits:
        if one.act is EditKind.KIND and one.kind is not None:
            kinds[one.columns[0]] = one.kind
        elif one.act is EditKind.RENAME and one.columns[0] in kinds:
            kinds[one.to] = kinds.pop(one.columns[0])
        elif one.act is EditKind.DROP:
            kinds = {name: kind for name, kind in kinds.items() if name not in one.columns}
    return kinds


def _told(column: Column, kinds: dict[str, ColumnKind]) -> Column:
    kind = kinds.get(column.name)
    if kind is None or column.kind is ColumnKind.EMPTY:
        return column
    if kind is ColumnKind.YES_NO and column.distinct > 2:
        raise DataRejected(
            f"'{column.name}' is no yes or no: it has {column.distinct:,} different values.",
            cure="Make it a category, or keep only the rows with two of them.",
            code="not-yes-no",
        )
    return replace(column, kind=kind)


def _stray(name: str, count: int) -> Notice:
    return Notice(
        code="stray-values",
        message=f"{count:,} value{'' if count == 1 else 's'} of '{name}' cannot be read as its new kind and count as "
        "missing.",
        severity=Severity.WARNING,
        cure="Keep the column as words if they matter.",
        column=name,
    )


def _with_facts(folder: Path, files: Sequence[str], profile: Profile) -> Profile:
    """The profile with what a task keeps for itself of such a table."""
    listings = [listing for kind in tasks.all_kinds() if (listing := kind.arrange(folder, files))]
    best = max(listings, key=lambda listing: listing.likelihood, default=None)
    if best is None or best.rows is not None:
        return profile
    return replace(profile, facts=best.facts, notices=(*best.notices, *profile.notices))
