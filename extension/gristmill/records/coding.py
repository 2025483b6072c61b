"""Ids that cannot be guessed, and records as JSON and back."""

from __future__ import annotations

import secrets
from typing import Any, TypeVar

import msgspec

__all__ = ["decode", "encode", "new_id", "to_plain"]

Record = TypeVar("Record")

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letter that reads like a digit


def new_id(kind: str) -> str:
    """An id that cannot be guessed: `kind`, a dash, and 80 random bits in sixteen characters."""
    number = int.from_bytes(secrets.token_bytes(10), "big")
    return f"{kind}-" + "".join([_ALPHABET[number >> shift & 31] for shift in range(0, 80, 5)])


def encode(record: object) -> bytes:
    """Any record, or a container of records, as JSON."""
    return msgspec.json.encode(record)


def decode(raw: bytes | str, kind: type[Record]) -> Record:
    """The record that `encode` wrote; unknown fields are ignored, so that newer writers can be read."""
    return msgspec.json.decode(raw, type=kind)


def to_plain(record: object) -> Any:
    """Any record as dicts, lists, strings and numbers."""
    return msgspec.to_builtins(record)
