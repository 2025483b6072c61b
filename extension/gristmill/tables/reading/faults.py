"""What can be wrong with a file of rows, and on which line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

LINE_LIMIT = 1 << 20  # bytes; also what is parsed at a time, and Arrow reads some thirty times as much ahead


class ReadError(ValueError):
    """A file cannot be read as rows: what is wrong and where, and what to do about it."""

    def __init__(self, code: str, what: str, cure: str) -> None:
        super().__init__(f"{what} {cure}")
        self.code, self.what, self.cure = code, what, cure


def quoted(names: Sequence[str]) -> str:
    """Up to five names as they are shown in a sentence."""
    return ", ".join(f'"{name}"' for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def ragged(path: Path, line: int | str, values: int, columns: int) -> ReadError:
    """A line has more or fewer values than the table has columns."""
    place = f"line {line}" if isinstance(line, int) else line
    return ReadError(
        "ragged-line",
        f"{path.name}, {place}: {values} value{'s' * (values != 1)} where the table has {columns} columns.",
        "Correct that line; put quotes around values that contain the delimiter.",
    )


def undecodable(path: Path, encoding: str, line: int | None = None) -> ReadError:
    """Some bytes are not in the encoding that the rest of the file is in."""
    place = f", line {line}" if line else ""
    return ReadError(
        "bad-encoding", f"{path.name}{place}: not everything in it is {encoding}.", "Save the file again as UTF-8."
    )


def unclosed(path: Path, form: Any, line: int | None = None) -> ReadError:
    """A quote is never closed; where the line is not known, it is that of the last record, or of one without end."""
    if line is None:
        line = _endless(path, form)
    return ReadError(
        "unclosed-quote",
        f"{path.name}, line {line}: a quote that opens there is never closed.",
        "Close the quote, or double it where it belongs to the value.",
    )


def _endless(path: Path, form: Any) -> int:
    start = end = 0
    raise_field_limit()
    try:
        with path.open(encoding=form.encoding, errors="replace", newline="") as lines:
            reader = csv.reader(lines, delimiter=form.delimiter, quotechar=form.quote or None)
            for _ in reader:
                start, end = end + 1, reader.line_num
    except csv.Error:
        start = end + 1
    return start


def raise_field_limit() -> None:
    """Values may be as long as a line may; the limit is the whole process's, so it is only ever raised."""
    if csv.field_size_limit() < LINE_LIMIT:
        csv.field_size_limit(LINE_LIMIT)


def line_of(path: Path, encoding: str, row: str) -> int | None:
    """The number of the first line that holds exactly this row."""
    encoding = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    feed, back = "\n".encode(encoding), "\r".encode(encoding)
    wanted = row.strip("\r\n").encode(encoding, errors="replace")
    line, carry, keep = 1, feed, len(wanted) + 3 * len(feed)
    with path.open("rb") as file:
        for chunk in chain(iter(lambda: file.read(LINE_LIMIT), b""), [feed]):
            carry += chunk
            for end in (feed, back):
                at = carry.find(feed + wanted + end)
                if at >= 0:
                    return line + carry.count(feed, 0, at)
            line += carry.count(feed, 0, max(0, len(carry) - keep))
            carry = carry[-keep:]
    return None
