"""Passwords as they are kept: scrypt, each with a salt of its own, and its cost beside it.

2**15 blocks of 1 KiB, three times over, take 32 MiB and some 200 ms: what OWASP asks for of scrypt. A hash that was
made at another cost still counts, and is made anew at the next sign-in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata

__all__ = ["NOBODY", "hashed", "is_outdated", "matches"]

_LOG_N, _R, _P = 15, 8, 3
_MEMORY = 64 * 1024 * 1024


def hashed(password: str) -> str:
    """What is kept of a password."""
    salt = secrets.token_bytes(16)
    return _written(salt, _digest(password, salt, _LOG_N, _R, _P))


def matches(password: str, kept: str) -> bool:
    """Whether this is the password that was kept; takes as long if it is not."""
    _, log_n, r, p, salt, digest = kept.split("$")
    found = _digest(password, base64.b64decode(salt), int(log_n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(digest))


def is_outdated(kept: str) -> bool:
    """Whether it was made at another cost than today's."""
    return kept.split("$")[1:4] != [str(_LOG_N), str(_R), str(_P)]


def _digest(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    # the same letters can be written in several ways: keyboards and phones differ
    known = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(known, salt=salt, n=2**log_n, r=r, p=p, maxmem=_MEMORY, dklen=32)


def _written(salt: bytes, digest: bytes) -> str:
    parts = (str(_LOG_N), str(_R), str(_P), base64.b64encode(salt).decode(), base64.b64encode(digest).decode())
    return "$".join(("scrypt", *parts))


NOBODY = _written(bytes(16), bytes(32))  # no password's: to take as long over a name that nobody has
