"""Where a table begins in a text, what its columns are called, and whether all of its lines are whole.

A preamble (a title, a date, comments) is what comes before the first line of full width. A first line of full width is
the header, unless it looks like a row: numbers where its column has numbers, words that its column repeats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gristmill.errors import DataRejected
from gristmill.tables.cutting import Cut, Trial, best_cut
from gristmill.tables.kinds import is_missing, looks_like_value
from gristmill.tables.reading.faults import ragged, unclosed
from gristmill.tables.reading.layout import records, tidy, widened
from gristmill.tables.sample import Sample, not_a_table

_SURE = 0.9  # the share of even lines from which a text is surely a table
_TABLE = 0.4  # and below which it is none
_PREAMBLE = 30  # lines
_COMPARED = 200  # rows below a header that it is compared with
_DATE = re.compile(r"\d{4}[-/]\d{1,2}|\d{1,2}/\d{4}|\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}")


@dataclass(frozen=True)
class Dialect:
    """How a text is cut, and what is found at the table's beginning."""

    cut: Cut
    header: bool
    skip: int  # lines before the header, or before the first row where there is none
    names: tuple[str, ...]
    rows: list[list[str]]  # of the sample's head
    is_sure: bool


class _Record(NamedTuple):
    line: int  # on which it begins
    end: int  # on which it ends
    cells: list[str]


def dialect_of(sample: Sample, path: Path) -> Dialect:
    """The dialect of a file by its sample; ReadError or DataRejected where its lines make no table."""
    told = re.match(r"sep=(.)\r?\n", sample.head, re.IGNORECASE)
    trial = best_cut(sample.head[told.end() :] if told else sample.head, told[1] if told else None)
    if trial.width < 2:
        what = f"{path.name}, line 1: there is only one column, or no delimiter that cuts the lines alike."
        cure = "Give a table with a column to predict and at least one to predict it from."
        raise DataRejected(what, cure=cure, code="one-column")
    if trial.even < _TABLE:
        raise not_a_table(path)
    found, end = [], 0
    for line, cells in records(sample.head, trial.cut):
        if any(cell.strip() for cell in cells) and not (told and line == 1):
            found.append(_Record(end + 1, line, cells))
        end = line
    return _framed(found, trial, sample, path)


def _framed(found: list[_Record], trial: Trial, sample: Sample, path: Path) -> Dialect:
    full = (number for number, record in enumerate(found) if len(record.cells) == trial.width)
    first = next((number for number in full if not _is_title(found[number].cells)), 0)
    top, body = found[first], found[first + 1 :]
    names, header = top.cells, is_header(top.cells, [record.cells for record in body])
    if first == 1:
        wide = _header_above(found[0].cells, [record.cells for record in found[1:20]], header=header)
        if wide is not None:
            first, top, body, names, header = 0, found[0], found[1:], wide, True
    _check_preamble(found[:first], trial, path, header=header)
    _check_lines(body, trial, sample, path)
    rows = [record.cells for record in (body if header else found[first:]) if len(record.cells) == trial.width]
    if not rows:
        raise DataRejected(f"{path.name} holds a header and no rows.", cure="Upload the rows, too.", code="no-rows")
    return Dialect(
        cut=trial.cut,
        header=header,
        skip=top.line - 1,
        names=tuple(tidy(names, f"{path.name}, line {top.line}") if header else tidy([""] * trial.width, path.name)),
        rows=rows,
        is_sure=trial.even >= _SURE and len(rows) > 1,
    )


def _is_title(cells: list[str]) -> bool:
    """A title that a spreadsheet has filled up with empty cells to full width."""
    return len(cells) > 2 and bool(cells[0].strip()) and not any(cell.strip() for cell in cells[1:])


def _header_above(top: list[str], rows: list[list[str]], *, header: bool) -> list[str] | None:
    """The header of full width, where a first line that is one value short is a header and no title."""
    wide = widened(top, rows) if len(top) == len(rows[0]) - 1 else None
    is_numbered = [row[0].strip() for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    return wide if wide and (wide[0] or is_numbered or not header) else None


def _check_preamble(before: list[_Record], trial: Trial, path: Path, *, header: bool) -> None:
    """Lines before the table are titles or comments; what has values of its own is a line cut short."""
    for record in before:
        filled = sum(bool(cell.strip()) for cell in record.cells)
        is_comment = record.cells[0].lstrip().startswith(("#", "%", "//"))
        if len(before) > _PREAMBLE or (filled > 1 and not header and not is_comment) or len(record.cells) > trial.width:
            raise ragged(path, record.line, len(record.cells), trial.width)


def _check_lines(body: list[_Record], trial: Trial, sample: Sample, path: Path) -> None:
    """Every line of the head has as many values as there are columns, and no quote is left open."""
    form = _Form(trial.cut.delimiter, trial.cut.quote, sample.encoding)
    last = body[-1] if body else None
    if last is not None and sample.is_whole and trial.cut.quote and last.end > last.line:
        is_closed = sample.head.rstrip().endswith(trial.cut.quote)
        if len(last.cells) != trial.width or ("\n" in last.cells[-1] and not is_closed):
            raise unclosed(path, form)
    for record in body:
        if record.end > record.line and any(_has_swallowed(cell, trial) for cell in record.cells):
            raise unclosed(path, form, record.line)
        if len(record.cells) == trial.width or (record is last and not sample.is_whole):
            continue
        if record is last and not "".join(record.cells).strip("\x1a \t"):
            continue
        raise ragged(path, record.line, len(record.cells), trial.width)


def _has_swallowed(cell: str, trial: Trial) -> bool:
    """Whether a value holds whole lines of the table: the quote before it was never closed."""
    inner = cell.splitlines()[1:-1]
    is_telling = len(inner) >= (1 if trial.width > 2 else 3)
    return is_telling and all(line.count(trial.cut.delimiter) == trial.width - 1 for line in inner)


@dataclass(frozen=True)
class _Form:
    delimiter: str
    quote: str
    encoding: str


def is_header(top: list[str], rows: list[list[str]]) -> bool:
    """Whether a line names the columns below it, rather than being the first of the rows."""
    columns = list(zip(*(row for row in rows[:_COMPARED] if len(row) == len(top)), strict=True))
    if not columns:
        return not any(looks_like_value(cell) for cell in top)
    said = [[word for word in column if not is_missing(word)] for column in columns]
    typed = [bool(words) and all(looks_like_value(word) for word in words) for words in said]
    told = [cell for cell, is_typed in zip(top, typed, strict=True) if is_typed and not is_missing(cell)]
    if told:
        values = [cell for cell in told if looks_like_value(cell)]
        return len(values) < len(told) / 2 or _are_years(values) or _are_dates(values, rows[0])
    repeated = sum(cell in column for cell, column in zip(top, columns, strict=True) if cell.strip())
    return repeated < max(1, len(top) / 2)


def _are_dates(cells: list[str], first: list[str]) -> bool:
    """So do dates, if nothing below them is one: shop, 2024-01-31, 2024-02-29."""
    dates = {cell for cell in cells if _DATE.fullmatch(cell.strip())}
    return len(dates) == len(cells) > 2 and not any(_DATE.fullmatch(cell.strip()) for cell in first)


def _are_years(cells: list[str]) -> bool:
    """Years make headers, too: country, 2019, 2020."""
    years = [int(cell) for cell in cells if re.fullmatch(r"\s*(19|20)\d\d\s*", cell)]
    return len(years) == len(cells) > 1 and years == sorted(set(years))
