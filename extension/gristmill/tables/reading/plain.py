"""Plain text files, one string each, however they are encoded."""

from __future__ import annotations

import codecs
import zipfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ENDINGS", "decoded", "texts_in"]

ENDINGS = (".txt", ".text")

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_LOOKED_AT = 1 << 16
_LONGEST = 100_000_000  # bytes of one text in a ZIP


def texts_in(data: Path) -> Iterator[tuple[str, str | None]]:
    """The texts of a folder, a ZIP, or a single file, each with its name; None where a file is no text."""
    if data.is_dir():
        for path in sorted(data.rglob("*")):
            if path.is_file() and _is_named_so(path.relative_to(data).as_posix()):
                yield path.relative_to(data).as_posix(), decoded(path.read_bytes())
    elif zipfile.is_zipfile(data):
        with zipfile.ZipFile(data) as archive:
            for member in archive.infolist():
                if member.is_dir() or not _is_named_so(member.filename):
                    continue
                small = member.file_size <= _LONGEST
                yield member.filename, decoded(archive.read(member)) if small else None
    else:
        yield data.name, decoded(data.read_bytes())


def _is_named_so(name: str) -> bool:
    return name.lower().endswith(ENDINGS) and not name.startswith("__MACOSX/") and "/." not in f"/{name}"


def decoded(raw: bytes) -> str | None:
    """The text; None if these bytes are none."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _tried(raw, encoding)
    if b"\0" in raw:
        return None
    text = _tried(raw, "utf-8")
    if text is not None:
        return text
    from charset_normalizer import from_bytes

    best = from_bytes(raw[:_LOOKED_AT]).best()
    if best is None:
        return None
    return _tried(raw, best.encoding) or _tried(raw, "cp1252")


def _tried(raw: bytes, encoding: str) -> str | None:
    try:
        text = raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
    # What a file of another kind decodes to by chance is full of signs that no text has.
    strange = sum(sign < " " and sign not in "\t\n\r\f\x1b" for sign in text[:4_096])
    return None if strange > 0.02 * min(len(text), 4_096) else text
