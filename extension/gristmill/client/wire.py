"""Asking a hub over HTTP: one question, answered by a record or by one of our errors.

What may be asked twice is asked again, with growing pauses, while the hub is away: reading, replacing, deleting, and
creating under an idempotency key, by which the hub knows a repeated question. Anything else is asked once. A hub that
has answered before is waited for longer than one that never did, which is more likely the wrong address.

The token goes to the hub alone. Links that the hub gives out to a store carry a permission of their own, and are
followed without it.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx

import gristmill
from gristmill import records
from gristmill.client import problems
from gristmill.client.connecting import Address
from gristmill.client.reach import Reach
from gristmill.errors import GristmillError, HubAway, NotPossible

__all__ = ["Page", "Wire", "away", "hush", "path_of"]

Answer = TypeVar("Answer")

_IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE")
_BUSY = (429, 502, 503, 504)
_FIRST_PATIENCE, _PATIENCE = 3.0, 60.0  # seconds to go on asking a hub that has never answered, and one that has
_LONGEST_PAUSE = 30.0
_TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[Answer]):
    """A page of a list; `next` is where the next one begins, None at the end."""

    items: tuple[Answer, ...]
    next: str | None = None


class Wire:
    """One person's way to one hub. Threads may share it."""

    def __init__(self, address: Address) -> None:
        self.url = address.url
        self.reach = Reach()
        self._has_answered = False
        headers = {"User-Agent": f"gristmill/{gristmill.__version__}"}
        hush()
        self._hub = httpx.Client(
            headers=headers | {"Authorization": f"Bearer {address.token}", "Accept": "application/json"},
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=None),
        )
        self.store = httpx.Client(headers=headers | {"Accept-Encoding": "identity"}, timeout=_TIMEOUT)

    def close(self) -> None:
        """Give up the connections."""
        self._hub.close()
        self.store.close()

    def ask(self, method: str, path: str, kind: type[Answer], **asked: Any) -> Answer:
        """The record that the hub answers with."""
        return self.read(self.send(method, path, **asked), kind)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        create: bool = False,
        patience: float = 60.0,
    ) -> httpx.Response:
        """The hub's answer, where it is no refusal; `patience` is for one answer. `create` gives an idempotency key."""
        request = self._request(method, path, query, body, patience)
        if create:
            request.headers["Idempotency-Key"] = uuid4().hex
        return self._insistently(request, is_safe=create or method in _IDEMPOTENT)

    def read(self, answer: httpx.Response, kind: type[Answer]) -> Answer:
        """An answer's body as a record."""
        try:
            return records.decode(answer.content, kind)
        except ValueError:
            raise problems.not_understood(answer, self.url) from None

    @contextmanager
    def stream(self, path: str, *, query: Mapping[str, object] | None = None) -> Iterator[httpx.Response]:
        """What the hub sends, or the redirection it answers with, to be read piece by piece; asked once."""
        request = self._request("GET", path, query, None, 600.0)
        request.headers["Accept-Encoding"] = "identity"
        answer = self._hub.send(request, stream=True)
        try:
            if answer.status_code >= 400:
                answer.read()
                raise problems.error_of(answer, self.url)
            yield answer
        finally:
            answer.close()

    def link(self, path: str) -> str:
        """Where the hub points to, as it says it; NotPossible where it hands out the thing itself."""
        with self.stream(path) as answer:
            if not answer.is_redirect:
                raise NotPossible(f"{self.url} gives no link to this.", cure="Download it.")
            return answer.headers["Location"]

    def pauses(self, patience: float | None = None) -> Iterator[float]:
        """How long to wait before each next try, until patience ends."""
        until = time.monotonic() + (patience or (_PATIENCE if self._has_answered else _FIRST_PATIENCE))
        pause = 0.1
        while time.monotonic() < until:
            yield pause * random.uniform(0.7, 1.3)
            pause = min(pause * 2, 5.0)

    def _request(
        self, method: str, path: str, query: Mapping[str, object] | None, body: object, patience: float
    ) -> httpx.Request:
        given = {name: _plain(value) for name, value in (query or {}).items() if value is not None}
        return self._hub.build_request(
            method,
            self.url + path,
            params=given or None,
            content=None if body is None else records.encode(body),
            headers=None if body is None else {"Content-Type": "application/json"},
            timeout=httpx.Timeout(patience, connect=10.0, pool=None),
        )

    def _insistently(self, request: httpx.Request, *, is_safe: bool) -> httpx.Response:
        pauses, tries = self.pauses(), 0
        while True:
            try:
                answer = self._hub.send(request)
            except httpx.TransportError as error:
                failed: GristmillError = away(self.url, error)
                was_sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                may_repeat, asked_to_wait = is_safe or not was_sent, None
            else:
                self._has_answered = self._has_answered or answer.status_code < 500
                if answer.status_code < 300:
                    self.reach.answered()
                    return answer
                failed = problems.error_of(answer, self.url)
                in_flight = answer.status_code == 409 and failed.failure.code == problems.IN_FLIGHT
                may_repeat = is_safe and (answer.status_code in _BUSY or in_flight)
                asked_to_wait = _seconds(answer.headers.get("Retry-After"))
            if isinstance(failed, HubAway):
                self.reach.missed()
            else:
                self.reach.answered()
            pause = next(pauses, None)
            if request.method == "DELETE" and tries and failed.http == 404:
                return answer  # gone: the first try had come through
            tries += 1
            if not may_repeat or pause is None or (asked_to_wait or 0.0) > _LONGEST_PAUSE:
                raise failed
            time.sleep(max(pause, asked_to_wait or 0.0))


def path_of(*segments: str) -> str:
    """A path below the hub's address, whatever the names in it hold."""
    return "/".join(quote(segment, safe="") for segment in segments)


def away(url: str, error: httpx.TransportError) -> HubAway:
    """Why a hub, or a store, could not be asked, in a sentence."""
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        cause = "Nothing answers there" + (", or its certificate is not valid." if url.startswith("https") else ".")
    elif isinstance(error, httpx.TimeoutException):
        cause = "It takes too long to answer."
    else:
        cause = "The connection broke off."
    split = urlsplit(url)
    return HubAway(
        f"{split.scheme}://{split.netloc}{split.path} cannot be reached.",
        cause=cause,
        cure="Check the address and the network, and try again.",
    )


def _plain(value: object) -> str | list[str]:
    """A value as a query has it."""
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and re.fullmatch("[0-9]{1,6}", retry_after) else None


# --- logs ------------------------------------------------------------------------------------------------------------

_SIGNED = re.compile(r"(?i)((?:signature|x-(?:amz|goog)-[a-z-]+|sig|token)=)[^&\s'\"]+")


class _Redacted(logging.Filter):
    """Takes the permission out of links before anybody's log has them: whoever reads such a link may use it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _SIGNED.sub(r"\1…", record.getMessage()), ()
        return True


_redacted = _Redacted()


def hush() -> None:
    """httpx names each address that it asks, links to a store included; httpcore shows where an answer redirects to."""
    for name in ("httpx", "httpcore.http11", "httpcore.http2", "httpcore.connection"):
        logging.getLogger(name).addFilter(_redacted)  # one that is there already is not added again
