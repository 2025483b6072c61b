"""URLs that carry their own permission, for stores that have no signatures of their own.

The URL names what it permits (a `Grant`) in the open; its `signature` is an HMAC-SHA256 over method, key and all the
rest, made with a secret that only the platform knows. To change anything about a URL is to lose the signature.
Who holds the secret can verify a URL without having kept anything about it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode

from gristmill.errors import NotAllowed

__all__ = ["Grant", "sign", "verify"]

_SIGNATURE = "signature"


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What one URL permits: one method on one object, or on one part of a multipart upload, until `expires`."""

    method: str  # GET (which HEAD may use too) or PUT
    key: str
    expires: int  # seconds since the epoch
    token: str | None = None
    part: int | None = None
    size: int | None = None  # the Content-Length that a PUT must have
    filename: str | None = None  # what a browser saves a GET as


def sign(grant: Grant, *, door: str, secret: bytes) -> str:
    """The URL below `door` that gives `grant` to whoever holds it."""
    query = [(name, str(value)) for name in _OPEN if (value := getattr(grant, name)) is not None]
    return f"{door.rstrip('/')}/{quote(grant.key)}?{urlencode([*query, (_SIGNATURE, _signature(grant, secret))])}"


def verify(method: str, path: str, query: str, *, secret: bytes, now: float) -> Grant:
    """The grant behind a request for `path` (percent-encoded, below the door); NotAllowed if forged or expired."""
    try:
        fields = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict"))
        signature = fields.pop(_SIGNATURE)
        grant = Grant(
            method="GET" if method == "HEAD" else method,
            key=unquote(path, errors="strict").removeprefix("/"),
            expires=int(fields.pop("expires")),
            token=fields.pop("token", None),
            part=_number(fields.pop("part", None)),
            size=_number(fields.pop("size", None)),
            filename=fields.pop("filename", None),
        )
        expected = _signature(grant, secret)
    except (KeyError, ValueError) as error:
        raise NotAllowed("This link is not one of ours.", cure=_AGAIN) from error
    if fields or not hmac.compare_digest(expected.encode(), signature.encode()):
        raise NotAllowed("This link's signature does not fit.", cause="It was changed, or made elsewhere.", cure=_AGAIN)
    if now >= grant.expires:
        raise NotAllowed("This link has expired.", cure=_AGAIN)
    return grant


_OPEN = ("expires", "token", "part", "size", "filename")  # what the query says; the method and the key are elsewhere
_AGAIN = "Ask for a new one."


def _signature(grant: Grant, secret: bytes) -> str:
    named = [grant.method, grant.key, *(getattr(grant, name) for name in _OPEN)]
    return hmac.new(secret, json.dumps(named).encode(), hashlib.sha256).hexdigest()


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
