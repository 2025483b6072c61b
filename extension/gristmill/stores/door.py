"""The door to a store in a folder: a small WSGI application that honours the store's signed URLs.

- GET and HEAD send an object, or the range of it that was asked for, in constant memory.
- PUT takes an object, or a part of a multipart upload, in constant memory; what breaks off leaves nothing behind.
- A URL that was forged or has expired is answered 403, and nothing is said about what it would have named.

Any WSGI server can carry it; an ASGI server mounts it through an adapter that runs it in threads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from gristmill.errors import GristmillError, NotFound
from gristmill.records import encode
from gristmill.stores.base import CHUNK, Stored, attachment
from gristmill.stores.local import LocalStore

if TYPE_CHECKING:
    from wsgiref.types import InputStream, StartResponse, WSGIEnvironment

    from gristmill.stores.signing import Grant

__all__ = ["Door"]

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class _Refused(GristmillError):
    """A request that is not served as it is; each instance has its own status."""

    def __init__(self, status: HTTPStatus, what: str, *, headers: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(what, code=status.phrase.lower().replace(" ", "-"))
        self.status, self.headers = status, list(headers)


class Door:
    """One store's door; mount it where the store's `door` option points."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._answer(environ, start_response)
        except GristmillError as error:
            status = error.status if isinstance(error, _Refused) else HTTPStatus(error.http)
            headers = error.headers if isinstance(error, _Refused) else []
            body = encode(error.failure)
            _start(start_response, status, [*headers, ("Content-Type", "application/json"), _long(len(body))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD", "PUT"):
            raise _Refused(
                HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is not served here.", headers=[("Allow", "GET, HEAD, PUT")]
            )
        path = quote(environ.get("PATH_INFO", "").encode("latin-1"))  # WSGI hands bytes over in the guise of Latin-1
        grant = self._store.verify(method, path, environ.get("QUERY_STRING", ""))
        if method == "PUT":
            _start(start_response, HTTPStatus.OK, [("ETag", self._put(grant, environ)), _long(0)])
            return []
        return self._get(grant, environ, start_response)

    def _get(self, grant: Grant, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        stored = self._store.stat(grant.key)
        if stored is None:
            raise NotFound(f"There is no {grant.key} in the store.")
        span = _span(environ.get("HTTP_RANGE"), stored.size)
        start, size = span or (0, stored.size)
        headers = [("Content-Type", "application/octet-stream"), ("Accept-Ranges", "bytes"), _long(size)]
        headers += [("Last-Modified", formatdate(stored.modified_at, usegmt=True)), ("ETag", _etag(stored))]
        if grant.filename is not None:
            headers.append(("Content-Disposition", attachment(grant.filename)))
        if span:
            headers.append(("Content-Range", f"bytes {start}-{start + size - 1}/{stored.size}"))
        _start(start_response, HTTPStatus.PARTIAL_CONTENT if span else HTTPStatus.OK, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else self._store.stream(grant.key, start, size)

    def _put(self, grant: Grant, environ: WSGIEnvironment) -> str:
        size = _length(environ)
        if size is None:
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "A PUT must say its Content-Length.")
        if grant.size is not None and size != grant.size:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if size > grant.size else HTTPStatus.BAD_REQUEST
            raise _Refused(status, f"This link takes {grant.size} bytes, not {size}.")
        taken = self._store.take(grant, _body(environ["wsgi.input"], size))
        return _etag(taken) if isinstance(taken, Stored) else f'"{taken.etag}"'


def _start(start_response: StartResponse, status: HTTPStatus, headers: list[tuple[str, str]]) -> None:
    safe = [("Cache-Control", "private, no-store"), ("X-Content-Type-Options", "nosniff")]
    start_response(f"{status.value} {status.phrase}", headers + safe)


def _long(size: int) -> tuple[str, str]:
    return "Content-Length", str(size)


def _etag(stored: Stored) -> str:
    return f'"{stored.sha256 or f"{stored.modified_at:.6f}-{stored.size}"}"'


def _length(environ: WSGIEnvironment) -> int | None:
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _body(source: InputStream, size: int) -> Iterator[bytes]:
    """A request's body; raises when it ends early, so that what is being written is called off."""
    left = size
    while left:
        chunk = source.read(min(CHUNK, left))
        if not chunk:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"The upload broke off {left} bytes before its end.")
        left -= len(chunk)
        yield chunk


def _span(asked: str | None, size: int) -> tuple[int, int] | None:
    """Offset and length of the range asked for; None where no single range of bytes is, which asks for the whole."""
    match = _RANGE.fullmatch(asked.strip()) if asked else None
    if match is None:
        return None
    first, last = match.groups()
    if (not first and not last) or (first and last and int(last) < int(first)):
        return None  # RFC 9110: no range at all, or one that runs backwards, is ignored
    if first:
        start, end = int(first), min(int(last) + 1 if last else size, size)
    else:
        start, end = max(size - int(last), 0), size
    if start >= end:
        raise _Refused(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"The object has {size} bytes.",
            headers=[("Content-Range", f"bytes */{size}")],
        )
    return start, end - start
