"""How a file of rows is written: format, encoding, delimiter, header, and what is in each column.

The format is told by the file's bytes, all else by a sample: the head and places spread over the rest. The form that
comes out is what training and predictions read by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from pathlib import Path
from typing import Any

from gristmill.errors import DataRejected
from gristmill.records import TableForm
from gristmill.tables.dialect import Dialect, dialect_of, is_header
from gristmill.tables.files import rejecting
from gristmill.tables.kinds import Kinds, kinds_of
from gristmill.tables.reading import ReadError, format_of
from gristmill.tables.reading.layout import records, tidy
from gristmill.tables.reading.parquet import damaged, stored_names
from gristmill.tables.reading.workbook import open_workbook, sheet_rows
from gristmill.tables.sample import Sample, not_a_table

_ROWS = 5000  # sampled of a workbook, and of each place in a Parquet file
_PLACES = 5  # in a Parquet file
_MOST_KNOWN = 64  # forms that are kept: a hundred thousand of them would fill memory


_KNOWN: ContextVar[dict[Path, TableForm] | None] = ContextVar("known", default=None)


@contextmanager
def each_sniffed_once() -> Iterator[None]:
    """While it lasts no table changes, so that nobody needs to look a second time how one is written."""
    token = _KNOWN.set({})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def sniff(path: Path) -> TableForm:
    """The form of a table; DataRejected where the file is none."""
    known = _KNOWN.get()
    if known is None:
        return _sniff(path)
    if (form := known.get(path)) is None:
        form = _sniff(path)
        if len(known) < _MOST_KNOWN:
            known[path] = form
    return form


def _sniff(path: Path) -> TableForm:
    if not path.stat().st_size:
        raise DataRejected(f"{path.name} is empty.", cure="Upload a file with rows.", code="empty-file")
    ways = {"csv": _sniff_text, "excel": _sniff_workbook, "parquet": _sniff_parquet}
    kind = format_of(path)
    if kind not in ways:
        raise not_a_table(path)
    with rejecting():
        return ways[kind](path)


def _sniff_text(path: Path) -> TableForm:
    sample = Sample.of(path)
    dialect = dialect_of(sample, path)
    return TableForm(
        format="csv",
        encoding=sample.encoding,
        header=dialect.header,
        skip=dialect.skip,
        names=dialect.names,
        **vars(dialect.cut),
        **kinds_of(_columns(sample, dialect), dialect.cut.delimiter).fields(),
    )


def _columns(sample: Sample, dialect: Dialect) -> Mapping[str, Iterable[str]]:
    rows = list(dialect.rows)
    for piece in sample.pieces:
        rows += (cells for _, cells in records(piece, dialect.cut) if len(cells) == len(dialect.names))
    return dict(zip(dialect.names, zip(*rows, strict=True), strict=True))


def _sniff_workbook(path: Path) -> TableForm:
    """The first sheet that holds a table; titles above it are skipped."""
    book = open_workbook(path)
    for sheet in book.sheet_names:
        rows = list(islice(sheet_rows(book, sheet), _ROWS))
        filled = [sum(map(bool, row)) for row in rows]
        usual = max(filled[:200], default=0)
        first = next((at for at, count in enumerate(filled) if count >= max(2, usual / 2)), None)
        if first is None or sum(map(bool, filled[first:])) < 2:
            continue
        top, body = rows[first], [row for row in rows[first + 1 :] if any(row)]
        header = is_header(top, body)
        names = tidy(top if header else [""] * len(top), f"{path.name}, sheet {sheet}, row {first + 1}")
        values = body if header else [top, *body]
        kinds = kinds_of(dict(zip(names, zip(*values, strict=True), strict=True)), "\t")
        return TableForm(format="excel", sheet=sheet, header=header, skip=first, names=tuple(names), **kinds.fields())
    what = f"{path.name} has no sheet with a header, rows and more than one column."
    raise DataRejected(what, cure="Put the table into the first sheet.", code="no-rows")


def _sniff_parquet(path: Path) -> TableForm:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = stored_names(path, file)
            if len(names) < 2 or not file.metadata.num_rows:
                code, fault = ("one-column", "only one column") if file.metadata.num_rows else ("no-rows", "no rows")
                raise ReadError(code, f"{path.name} holds {fault}.", "Give a table with rows and several columns.")
            kinds = _stored_kinds(path, file, names)
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, error) from None
    return TableForm(format="parquet", names=tuple(names.values()), **kinds.fields())


def _stored_kinds(path: Path, file: Any, names: dict[str, str]) -> Kinds:
    """Kinds by the columns' types; those of text by their values."""
    import pyarrow as pa

    types = {name: file.schema_arrow.field(name).type for name in names}
    types = {name: kind.value_type if pa.types.is_dictionary(kind) else kind for name, kind in types.items()}
    texts = [name for name, kind in types.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)]
    sampled = _sampled(file, texts) if texts else {}
    kinds = kinds_of({names[name]: values for name, values in sampled.items()}, "\t")
    for name, kind in types.items():
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            what = f'{path.name}: the column "{name}" holds {kind}, not single values.'
            raise ReadError("nested-column", what, "Leave it out, or make a column of each of its parts.")
        shown = names[name]
        if pa.types.is_integer(kind):
            (kinds.numbers if _has_gaps(file, name) else kinds.integers).append(shown)
        elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            kinds.numbers.append(shown)
        elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            kinds.dates[shown] = "ISO8601"
        elif pa.types.is_boolean(kind):
            kinds.yes_no[shown] = ("False", "True")
    return kinds


def _sampled(file: Any, texts: list[str]) -> Mapping[str, list[str | None]]:
    import pyarrow as pa

    groups = file.metadata.num_row_groups
    places = sorted({groups * place // _PLACES for place in range(_PLACES)})
    tables = [
        pa.Table.from_batches([batch])
        for place in places
        for batch in islice(file.iter_batches(_ROWS, row_groups=[place], columns=texts), 1)
    ]
    return {name: values for name, values in pa.concat_tables(tables).to_pydict().items() if name in texts}


def _has_gaps(file: Any, name: str) -> bool:
    """Whether a column has missing values; where the file does not say, it may."""
    at = file.schema_arrow.names.index(name)
    groups = (file.metadata.row_group(number).column(at) for number in range(file.metadata.num_row_groups))
    return any(group.statistics is None or group.statistics.null_count for group in groups)
