"""Text whose values are set apart by a delimiter: CSV and its kin, as blocks of text columns."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .faults import LINE_LIMIT, ReadError, line_of, ragged, unclosed, undecodable
from .layout import Layout, layout_of
from .values import MISSING

if TYPE_CHECKING:
    from .layout import Block

_AHEAD = 6  # blocks
_PATIENCE = 0.5  # seconds


def delimited_blocks(path: Path, form: Any, columns: Sequence[str] | None) -> Iterator[Block]:
    """The rows, first none of them and then block by block."""
    import pyarrow as pa

    layout, misfits = layout_of(path, form, columns), []

    def on_misfit(row: Any) -> str:
        if not row.text.strip(" \t\r\n\x1a"):
            return "skip"
        misfits.append(row)
        return "error"

    last = pa.table({name: pa.array([], pa.string()) for name in layout.names})
    yield layout.form, last
    with path.open("rb") as opened:
        file = _Paced(_Blanks(opened) if layout.form.delimiter == " " else opened)
        try:
            for batch in _open(file, layout, on_misfit):
                file.taken()
                last = pa.Table.from_batches([batch])
                yield layout.form, last
        except pa.ArrowInvalid as error:
            if "Empty CSV file" not in str(error):
                raise _explained(path, layout, str(error), misfits) from None
        except UnicodeError:
            raise undecodable(path, layout.form.encoding) from None
    if last.num_rows and _is_open_ended(path, layout.form, last.column(last.num_columns - 1)[-1].as_py()):
        raise unclosed(path, layout.form)


def _open(file: Any, layout: Layout, on_misfit: Any) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    form = layout.form
    return csv.open_csv(
        file,
        csv.ReadOptions(
            use_threads=False,  # as fast where all is text, and only so are misfits numbered
            block_size=LINE_LIMIT,
            skip_rows=layout.skip,
            column_names=layout.names,
            encoding="utf-8" if form.encoding == "utf-8-sig" else form.encoding,
        ),
        csv.ParseOptions(
            delimiter=form.delimiter,
            quote_char=form.quote or False,
            double_quote=not form.escape,
            escape_char=form.escape or False,
            newlines_in_values=bool(form.quote),
            invalid_row_handler=on_misfit,
        ),
        csv.ConvertOptions(
            column_types={name: pa.string() for name in layout.names},
            strings_can_be_null=True,
            null_values=sorted(MISSING.union(form.missing)),
        ),
    )


class _Paced(io.RawIOBase):
    """A file that is read a few blocks ahead of what is taken of it; by itself Arrow reads 32 ahead."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._ahead = threading.Semaphore(_AHEAD)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._ahead.acquire(timeout=_PATIENCE)  # a block of which nothing can be taken must not stop the reading
        found: bytes = self._file.read(size)
        return found

    def taken(self) -> None:
        """Say that a block's rows have been taken."""
        self._ahead.release()


class _Blanks(io.RawIOBase):
    """A file whose values are set apart by runs of blanks, as one whose values are set apart by single blanks."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        # Whole lines only, and never more bytes than were asked for.
        lines = self._file.read(size // 2) + self._file.readline() if size > 0 else self._file.read()
        return re.sub(rb"[ \t]+", b" ", re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", lines))


def _explained(path: Path, layout: Layout, error: str, misfits: list[Any]) -> ReadError:
    if misfits:
        row = misfits[0]
        line = line_of(path, layout.form.encoding, row.text)
        return ragged(path, line or f"row {row.number}", row.actual_columns, row.expected_columns)
    if "straddling" in error:
        return unclosed(path, layout.form)
    if "UTF8" in error:
        return undecodable(path, layout.form.encoding)
    return ReadError("not-a-table", f"{path.name} cannot be read as rows.", "Save it again as CSV.")


def _is_open_ended(path: Path, form: Any, value: str | None) -> bool:
    """A value with a line break must be in quotes: where it is the file's last, the file must end with a quote."""
    if not form.quote or value is None or ("\n" not in value and "\r" not in value):
        return False
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 64))
        tail = file.read().replace(b"\0", b"").rstrip(b" \t\r\n\x1a")
    return not tail.endswith(form.quote.encode())
