"""Tokens of multipart uploads, for clouds that know none: an object that says where the upload is bound for.

The object lies in a folder of the store's own that no list shows and no key may name. An upload is under way for as
long as it is there: it is written first and deleted before anything else of the upload is.
"""

from __future__ import annotations

import re
import secrets

from gristmill.errors import NotFound, UsageError
from gristmill.stores.base import check_key

__all__ = ["FOLDER", "check_name", "check_token", "folder", "gone", "new_token", "note"]

FOLDER = ".gristmill-uploads"
_TOKEN = re.compile(r"[0-9a-f]{32}")


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_hex(16)


def check_token(key: str, token: str) -> str:
    """The token itself; NotFound if it cannot be one, UsageError if the key cannot be one."""
    check_name(key)
    if not _TOKEN.fullmatch(token):
        raise gone(key)
    return token


def check_name(key: str) -> str:
    """The key itself; UsageError if no object may be called so."""
    if check_key(key).split("/", 1)[0] == FOLDER:
        raise UsageError(f"{key[:80]!r} cannot be a key in the store.", cause=f"{FOLDER} is the store's own folder.")
    return key


def folder(token: str) -> str:
    """Where the upload's own objects lie."""
    return f"{FOLDER}/{token}"


def note(token: str) -> str:
    """The object that holds the key that the upload is bound for."""
    return f"{folder(token)}/key"


def gone(key: str) -> NotFound:
    """What is said of an upload that was never begun, or is over."""
    return NotFound(f"There is no such upload of {key}.", cause="It was completed or dropped.", cure="Begin anew.")
