"""Whether what lies in the store is what its sender has.

A sender tells the sha256 of a file, or, because a browser's own takes only what is whole in memory, that of its pieces:
`8388608:…` is the sha256 of the sha256s of pieces of 8 MiB, one after the other.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

from gristmill.errors import DataRejected, UsageError
from gristmill.records import Upload

__all__ = ["check_sum", "digest_of", "is_of_pieces", "not_what_was_sent"]

_SUM = re.compile(r"([1-9][0-9]{5,7}:)?[0-9a-f]{64}")


def check_sum(told: str | None) -> None:
    """UsageError where a sender's sum is none."""
    if told is not None and not _SUM.fullmatch(told):
        raise UsageError("This is no SHA-256.", cure="Give 64 hexadecimal digits, or leave it out.")


def is_of_pieces(told: str | None) -> bool:
    """Whether a sum is that of a file's pieces."""
    return told is not None and ":" in told


def digest_of(upload: Upload, file: Path) -> str:
    """The sha256 of an upload's bytes, which its store may not have known; DataRejected if its sender has others.

    What its sender says they are stands in `sha256` until somebody has seen them.
    """
    told = upload.sha256
    with file.open("rb") as opened:
        if told is not None and is_of_pieces(told):
            digest, found = _sums(opened, int(told.partition(":")[0]))
        else:
            digest = found = hashlib.file_digest(opened, "sha256").hexdigest()
    if told not in (None, found):
        raise not_what_was_sent(upload.name)
    return digest


def _sums(opened: BinaryIO, size: int) -> tuple[str, str]:
    """The sha256 of a file, and that of its pieces, in one reading."""
    whole, pieces = hashlib.sha256(), hashlib.sha256()
    while piece := opened.read(size):
        whole.update(piece)
        pieces.update(hashlib.sha256(piece).digest())
    return whole.hexdigest(), f"{size}:{pieces.hexdigest()}"


def not_what_was_sent(name: str) -> DataRejected:
    """What arrived is not what its sender has."""
    return DataRejected(
        f"{name} did not arrive as it was sent.",
        cause="Its SHA-256 is another.",
        cure="Upload it again.",
        code="checksum-mismatch",
    )
