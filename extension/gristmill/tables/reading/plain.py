"""A plain text file as one string, however it is encoded."""

from __future__ import annotations

import codecs

__all__ = ["decoded"]

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_LOOKED_AT = 1 << 16


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
