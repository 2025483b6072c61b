"""Secrets that are made once, and kept in files that only their owner can read."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

__all__ = ["folder_of_ours", "kept"]


def folder_of_ours(folder: Path) -> Path:
    """The folder, made if need be; nobody else can look into it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def kept(file: Path) -> str:
    """The secret in a file; made if it is not there, once, however many ask."""
    folder_of_ours(file.parent)
    if not file.exists():
        fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another process was quicker: its secret counts
            os.link(fresh, file)
        fresh.unlink()
    return file.read_text("ascii").strip()
