"""What a file is, and how its text is encoded: told by its bytes, never by its name."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with UTF-16's own mark: must be asked first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Excel before 2007, and protected workbooks
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_DIRECTORY = 1 << 20  # bytes; a workbook's is a few KiB
_WORKBOOK = re.compile(rb"PK\x01\x02.{42}xl/workbook\.(xml|bin)", re.DOTALL)  # an entry of that name there
# Formats that are neither text nor ours, though some of them could pass for text at a glance.
_FOREIGN = (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"%PDF", b"SQLite ", b"\x89")


def format_of(path: Path | str) -> str | None:
    """parquet, excel, zip, or csv for any text; None for what is none of these."""
    path = Path(path)
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(_OLE):
        return "excel"
    if head.startswith(_ZIP):
        return "excel" if _is_workbook(path, head) else "zip"
    if head.startswith(_FOREIGN):
        return None
    if head.startswith(tuple(mark for mark, _ in _MARKS)) or _is_wide(head):
        return "csv"
    controls = sum(byte < 32 and byte not in b"\0\x01\t\n\f\r\x1a\x1b" for byte in head)
    return None if controls + max(0, head.count(0) - 8) > len(head) // 50 else "csv"


def _is_workbook(path: Path, head: bytes) -> bool:
    """Whether a ZIP is one that Excel or a like program wrote: its directory, at its end, lists a workbook."""
    if b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in head[:200]:
        return True
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _DIRECTORY))
        tail = file.read()
    return _WORKBOOK.search(tail) is not None


def _is_wide(head: bytes) -> bool:
    """Whether bytes look like UTF-16 without a mark: nearly every other one is zero, and never two in a row."""
    return len(head) > 8 and max(head[::2].count(0), head[1::2].count(0)) > len(head) * 0.4 and b"\0\0" not in head


def encoding_of(head: bytes, hint: str = "utf-8") -> str:
    """A text's encoding: its mark, else UTF-8 if it is valid, else the hint, else Windows' Western one."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if _is_wide(head[:4096]):
        return "utf-16-be" if head[:4096:2].count(0) > head[1:4096:2].count(0) else "utf-16-le"
    is_wide = hint.startswith(("utf-16", "utf-32"))
    if decodes(head, "utf-8"):
        return "utf-8" if is_wide or not head.isascii() else hint.removesuffix("-sig")
    for encoding in (() if is_wide else (hint,)) + ("cp1252",):
        if decodes(head, encoding):
            return encoding
    return "latin-1"


def decodes(head: bytes, encoding: str) -> bool:
    """Whether bytes are text in that encoding, apart from a last character that may be cut."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True
