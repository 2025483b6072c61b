"""Excel workbooks, and those of like programs, as blocks of text columns: as the sheet would stand in a CSV file.

calamine (Rust) reads a sheet some ten times faster than openpyxl and knows the old formats; it loads a sheet as a
whole, so the size of the workbook is bounded.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .faults import ReadError
from .layout import SEARCHED, tidy

if TYPE_CHECKING:
    from .layout import Block

_UNPACKED = 1 << 30  # bytes of a workbook's inside
_DIRECTORY = 1 << 20  # bytes of the ZIP's directory
_ROWS = 5000  # in a block


def workbook_blocks(path: Path, form: Any, columns: Sequence[str] | None) -> Iterator[Block]:
    """The rows, first none of them and then block by block; rows without any value are left out."""
    import pyarrow as pa

    rows = sheet_rows(open_workbook(path), form.sheet, form.decimal)
    head = list(islice(rows, SEARCHED + form.skip))
    names, skip = list(form.names), form.skip
    if form.header and head:
        known = set(names)
        fits = [2 * len(known.intersection(cell.strip() for cell in row)) + (at == skip) for at, row in enumerate(head)]
        skip = fits.index(max(fits)) + 1
        names = tidy(head[skip - 1], f"{path.name}, row {skip}")
    elif columns is not None and head and len(head[0]) == len(columns):
        names = list(columns)
    yield form, pa.table({name: pa.array([], pa.string()) for name in names})
    body = (row for row in chain(head[skip:], rows) if any(row))
    while block := list(islice(body, _ROWS)):
        if len(block[0]) != len(names):
            raise ReadError(
                "columns-differ",
                f"{path.name} has {len(block[0])} columns where the training file had {len(names)}.",
                "Give the same columns in the same order, or a file with a header.",
            )
        yield form, pa.table([pa.array(cells, pa.string()) for cells in zip(*block, strict=True)], names)


def open_workbook(path: Path) -> Any:
    """The workbook; refused where it would not fit into memory."""
    from python_calamine import CalamineError, CalamineWorkbook

    if _is_too_large(path):
        raise ReadError("workbook-too-large", f"{path.name} is too large a workbook.", "Save the sheet as CSV.")
    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError, ValueError) as error:
        locked = "assword" in str(error) or "ncrypted" in str(error)
        what = "is protected by a password" if locked else "is not a workbook that can be read"
        raise ReadError("damaged-file", f"{path.name} {what}.", "Save it again, without protection.") from None


def _is_too_large(path: Path) -> bool:
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            return False
        file.seek(max(0, path.stat().st_size - 0xFFFF))
        tail = file.read()
    # zipfile loads the whole directory: its length is looked up first.
    if int.from_bytes(tail[(at := tail.rfind(b"PK\x05\x06") + 12) : at + 4], "little") > _DIRECTORY:
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist()) > _UNPACKED
    except zipfile.BadZipFile:
        return False  # and calamine says what is wrong


def sheet_rows(book: Any, sheet: str | None, decimal: str = ".") -> Iterator[list[str]]:
    """The rows of one sheet, of the first where there is none of that name; numbers with that decimal sign."""
    names = book.sheet_names
    name = sheet if sheet in names else names[0]
    return ([_text(value, decimal) for value in row] for row in book.get_sheet_by_name(name).iter_rows())


def _text(value: Any, decimal: str) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value).replace(".", decimal)
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
