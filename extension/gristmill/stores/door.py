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
_DROP = 1 << 20  # bytes of an unwanted body that are read all the same


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
        body = _Body(environ["wsgi.input"], _length(environ) or 0)
        try:
            return self._answer(environ, start_response, body)
        except GristmillError as error:
            status = error.status if isinstance(error, _Refused) else HTTPStatus(error.http)
            headers = error.headers if isinstance(error, _Refused) else []
            body.drop()
            said = encode(error.failure)
            _start(start_response, status, [*headers, ("Content-Type", "application/json"), _long(len(said))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [said]

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse, body: _Body) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD", "PUT"):
            raise _Refused(
                HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is not served here.", headers=[("Allow", "GET, HEAD, PUT")]
            )
        path = quote(environ.get("PATH_INFO", "").encode("latin-1"))  # WSGI hands bytes over in the guise of Latin-1
        grant = self._store.verify(method, path, environ.get("QUERY_STRING", ""))
        if method == "PUT":
            _start(start_response, HTTPStatus.OK, [("ETag", self._put(grant, _length(environ), body)), _long(0)])
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

    def _put(self, grant: Grant, size: int | None, body: _Body) -> str:
        if size is None:
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "A PUT must say its Content-Length.")
        if grant.size is not None and size != grant.size:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if size > grant.size else HTTPStatus.BAD_REQUEST
            raise _Refused(status, f"This link takes {grant.size} bytes, not {size}.")
        taken = self._store.take(grant, body)
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


class _Body:
    """A request's body, read once; ending early it raises, so that what is being written is called off."""

    def __init__(self, source: InputStream, size: int) -> None:
        self._source, self._left = source, size

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
            chunk = self._source.read(min(CHUNK, self._left))
            if not chunk:
                left, self._left = self._left, 0
                raise _Refused(HTTPStatus.BAD_REQUEST, f"The upload broke off {left} bytes before its end.")
            self._left -= len(chunk)
            yield chunk

    def drop(self) -> None:
        """Reads a little on for nothing: a client that is cut off while it still sends never sees the answer."""
        dropped = 0
        while self._left and dropped < _DROP and (chunk := self._source.read(min(CHUNK, self._left))):
            self._left -= len(chunk)
            dropped += len(chunk)


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
