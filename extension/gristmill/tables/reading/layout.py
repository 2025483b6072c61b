"""Where in a text the header is, and where the rows begin."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

from .faults import LINE_LIMIT, ReadError, quoted, raise_field_limit
from .formats import encoding_of

if TYPE_CHECKING:
    import pyarrow as pa

Block: TypeAlias = "tuple[Any, pa.Table]"  # rows, and the form that they turn out to be in
SEARCHED = 30  # records among which the header is looked for


@dataclass(frozen=True)
class Layout:
    """How one file is written."""

    form: Any  # the form, with this file's own encoding, delimiter and decimal sign
    names: list[str]
    skip: int  # lines before the first row, header included


def layout_of(path: Path, form: Any, columns: Sequence[str] | None) -> Layout:
    """Looks for the header where the form has it, then elsewhere; the place where most names fit wins."""
    with path.open("rb") as file:
        head = file.read(LINE_LIMIT)
    encoding = encoding_of(head, form.encoding)
    text = head.decode(encoding, errors="replace").lstrip("\ufeff")
    if not form.header:
        return _headless(path, _with(form, encoding=encoding), text, columns)
    known, best = set(form.names), (-1, 0, [""], form)
    for delimiter in dict.fromkeys([form.delimiter, ",", ";", "\t", "|"]):
        tried = _with(form, encoding=encoding, delimiter=delimiter)
        if delimiter != form.delimiter and delimiter == form.decimal:
            tried = _with(tried, decimal=".", thousands=None)
        start = 0
        for line, record in islice(records(text, tried), SEARCHED + form.skip):
            # Where as many names fit, the form's own place wins, and after it whatever came first.
            fit = 2 * len(known.intersection(name.strip() for name in record))
            fit += delimiter == form.delimiter and start == form.skip
            if fit > best[0]:
                best = (fit, line, record, tried)
            start = line
    _, line, header, found = best
    rows = [record for end, record in islice(records(text, found), SEARCHED + form.skip) if end > line]
    return Layout(found, tidy(widened(header, rows[:10]) or header, f"{path.name}, line {line}"), line)


def _with(form: Any, **changed: Any) -> SimpleNamespace:
    return SimpleNamespace(**{**vars(form), **changed})


def _headless(path: Path, form: Any, text: str, columns: Sequence[str] | None) -> Layout:
    """Without a header only the number of values tells which columns these are."""
    first = next((record for line, record in records(text, form) if line > form.skip and any(record)), [])
    for names in (form.names, columns or ()):
        if len(names) == len(first) or not first:
            return Layout(form, list(names), form.skip)
    raise ReadError(
        "columns-differ",
        f"{path.name}, line {form.skip + 1}: {len(first)} values where training had {len(form.names)} columns.",
        "Give the same columns in the same order, or a file with a header.",
    )


def records(text: str, form: Any) -> Iterator[tuple[int, list[str]]]:
    """The records of a text, each with the number of the line on which it ends, up to one that has no sane end."""
    lines: Iterable[str] = io.StringIO(text, newline="")
    if form.delimiter == " ":
        lines = (re.sub(r"[ \t]+", " ", line.strip(" \t\r\n")) for line in lines)
    reader = csv.reader(
        lines,
        delimiter=form.delimiter,
        quotechar=form.quote or None,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        doublequote=not form.escape,
        escapechar=form.escape,
    )
    raise_field_limit()
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error:
        return


def tidy(header: Sequence[str], where: str) -> list[str]:
    """A header as column names: stripped, on one line, never empty, never twice the same."""
    names = [re.sub(r"\s*[\r\n]+\s*", " ", name.strip("\ufeff \t\r\n\xa0")) for name in header]
    names = [name or f"column {number}" for number, name in enumerate(names, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ReadError(
            "duplicate-headers",
            f"{where}: more than one column is named {quoted(twice)}.",
            "Give each column a name of its own.",
        )
    return names


def widened(header: list[str], rows: Sequence[Sequence[str]]) -> list[str] | None:
    """The header of a table whose rows are one value longer: R's row names, or a delimiter after the last value."""
    rows = [row for row in rows if any(row)]
    if not rows or any(len(row) != len(header) + 1 for row in rows):
        return None
    if not any(row[-1].strip() for row in rows):
        return [*header, ""]
    return ["", *header] if len({row[0] for row in rows}) == len(rows) else None
