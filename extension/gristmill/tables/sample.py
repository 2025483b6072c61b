"""Some of a text file: its head, and pieces from the rest of it, with the encoding that all of it is in.

One pass over the whole file at the speed of the disk makes sure of what a sample cannot tell: that every byte is valid
in the encoding, that no byte is zero and that no line is too long to be one. So bad files are named within seconds,
with the line, before anything is parsed.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.errors import DataRejected
from gristmill.tables.reading.faults import LINE_LIMIT, undecodable
from gristmill.tables.reading.formats import decodes, encoding_of, format_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = 1 << 19
_PIECE = 32 << 10
_PIECES = 16
_CHUNK = 1 << 18
_WESTERN = 0.3  # the share of marked letters, in lines that have any, up to which a text is in Latin letters
# Polish as Windows' Western encoding shows it: signs for money and powers between letters.
_POLISH = re.compile("[a-z\u00c0-\u00ff][\u00b3\u00b9\u00bf\u00be\u00bc][a-z]|[\u00a3\u00af][a-z\u00c0-\u00ff]")


@dataclass(frozen=True)
class Sample:
    """Text of a file: whole lines, apart from a quoted value that a piece may begin in."""

    head: str
    pieces: tuple[str, ...]
    encoding: str
    is_whole: bool  # the head is all there is

    @classmethod
    def of(cls, path: Path, *, head_only: bool = False) -> Sample:
        """Takes the sample; DataRejected where the file cannot be a table of text."""
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD + _PIECE * _PIECES)
        if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
            raise DataRejected(f"{path.name} is empty.", cure="Upload a file with rows.", code="empty-file")
        if format_of(path) != "csv":
            raise not_a_table(path)
        is_whole = len(head) == size
        encoding = _encoding(path, head, head_only=head_only)
        text = (head if is_whole else head[:_HEAD]).decode(encoding, errors="ignore").lstrip("\ufeff")
        if text.lstrip()[:1] in ("{", "<") or text.lstrip().startswith("[{"):
            raise not_a_table(path)
        pieces = () if is_whole or head_only else tuple(_pieces(path, size, encoding))
        return cls(text if is_whole else text[: _last_line(text)], pieces, encoding, is_whole)


def not_a_table(path: Path) -> DataRejected:
    """The file's name promises a table, its bytes are something else."""
    what = f"{path.name} is not a table of text, whatever its name says."
    return DataRejected(what, cure="Save the table as CSV, Parquet or Excel.", code="not-a-table")


def _last_line(text: str) -> int:
    return max(text.rfind("\n"), text.rfind("\r")) + 1 or len(text)


def _pieces(path: Path, size: int, encoding: str) -> Iterator[str]:
    """Whole lines from places spread evenly over what follows the head."""
    wide = {"utf-16": 2, "utf-16-le": 2, "utf-16-be": 2, "utf-32": 4}.get(encoding, 1)
    with path.open("rb") as file:
        mark = file.read(4)
        if encoding in ("utf-16", "utf-32"):  # a piece has no mark of its own
            encoding += "-le" if mark[0] == 0xFF else "-be"
        for number in range(_PIECES):
            at = _HEAD + (size - _HEAD - _PIECE) * number // (_PIECES - 1)
            file.seek(max(0, at - at % wide))
            text = file.read(_PIECE).decode(encoding, errors="ignore")
            first = text.find("\n") + 1 or text.find("\r") + 1
            yield text[first : _last_line(text)]


def _encoding(path: Path, head: bytes, *, head_only: bool) -> str:
    """The encoding of the whole file; DataRejected where no single one fits it."""
    encoding = encoding_of(head[: _HEAD + _PIECE])
    if encoding.startswith(("utf-16", "utf-32")):
        if not decodes(head, encoding):
            raise not_a_table(path)
        return encoding
    if head_only:
        return encoding
    bad = _scan(path, codecs.getincrementaldecoder("utf-8")())
    return encoding if bad is None else _otherwise(path, *bad)


def _otherwise(path: Path, offset: int, line: int) -> str:
    """The encoding of a file with bytes that are not UTF-8; ReadError if the rest of it speaks for UTF-8."""
    _scan(path, None)
    with path.open("rb") as file:
        start = file.read(_PIECE)
        file.seek(max(0, offset - _PIECE))
        near = start + b"\n" + file.read(2 * _PIECE)
    read = near.decode("utf-8", errors="replace")
    right = sum(sign > "\x7f" for sign in read) - read.count("\ufffd")
    if right > 2 * read.count("\ufffd"):  # in other encodings marked letters hardly ever come in UTF-8's groups
        raise undecodable(path, "UTF-8", line)
    if _decodes_throughout(path, guess := _one_byte(near)):
        return guess
    return "cp1252" if _decodes_throughout(path, "cp1252") else "latin-1"


def _one_byte(text: bytes) -> str:
    """Windows' Western encoding, or its Central European one, where few letters are marked; else the likeliest."""
    from charset_normalizer import from_bytes

    marked = [line for line in text.split(b"\n") if not line.isascii()]
    text = b"\n".join(marked)[:_PIECE]
    if _POLISH.search(text.decode("cp1252", errors="replace")):
        return "cp1250"
    high = sum(byte > 127 for byte in text)
    letters = high + sum(chr(byte).isalpha() for byte in text if byte < 128)
    if high > 8 and high > _WESTERN * letters:
        best = from_bytes(text).best()
        return "cp1252" if best is None else str(best.encoding)
    mess = {match.encoding: match.chaos for match in from_bytes(text, cp_isolation=["cp1252", "cp1250"])}
    return "cp1250" if mess.get("cp1252", 0) > mess.get("cp1250", 1) + 0.1 else "cp1252"


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_CHUNK), b"")


def _scan(path: Path, decoder: Any) -> tuple[int, int] | None:
    """Walks the file, refusing zeros and endless lines; offset and line of the first byte the decoder refuses."""
    lines, offset, open_line = 1, 0, 0
    for chunk in _chunks(path):
        if b"\0" in chunk:
            line = lines + chunk.count(b"\n", 0, chunk.index(b"\0"))
            what = f"{path.name}, line {line}: there is a zero byte, which no text has."
            raise DataRejected(what, cure="Save the table again as CSV.", code="nul-byte")
        first = chunk.find(b"\n") if b"\n" in chunk else chunk.find(b"\r")
        open_line += len(chunk) if first < 0 else first
        if open_line > LINE_LIMIT:
            what = f"{path.name}, line {lines}: the line is longer than {LINE_LIMIT >> 20} MiB."
            cure = "Check the line breaks; put long texts into files of their own."
            raise DataRejected(what, cure=cure, code="line-too-long")
        if decoder is not None:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                at = max(0, error.start)
                return offset + at, lines + chunk.count(b"\n", 0, at)
        lines += chunk.count(b"\n")
        offset += len(chunk)
        if first >= 0:
            open_line = len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
    return None


def _decodes_throughout(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True
