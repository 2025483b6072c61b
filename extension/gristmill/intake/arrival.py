"""Whether what lies in the store is what its sender has."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gristmill.errors import DataRejected
from gristmill.records import Upload

__all__ = ["digest_of", "not_what_was_sent"]


def digest_of(upload: Upload, file: Path) -> str:
    """The sha256 of an upload's bytes, which its store may not have known; DataRejected if its sender has others.

    What its sender says they are stands in `sha256` until somebody has seen them.
    """
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if upload.sha256 not in (None, digest):
        raise not_what_was_sent(upload.name)
    return digest


def not_what_was_sent(name: str) -> DataRejected:
    """What arrived is not what its sender has."""
    return DataRejected(
        f"{name} did not arrive as it was sent.",
        cause="Its SHA-256 is another.",
        cure="Upload it again.",
        code="checksum-mismatch",
    )
