"""Creating once, however often it is asked: the header Idempotency-Key.

Whoever cannot tell whether a create came through sends it again under the same key, and gets the answer that the first
one got. Keys are each person's own and kept for a day. The same key with another body is refused, and so is one whose
first question is still being answered.

What is written as a whole (`whole`) needs no claim: its answer is kept in the transaction that makes it. Two who ask at
once both go to work, one of them is undone, and gets the other's answer.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable

from anyio import to_thread
from fastapi import Request, Response

from gristmill.api.problems import InFlight
from gristmill.catalog import Catalog
from gristmill.errors import Conflict, UsageError
from gristmill.records import Answer, replace

__all__ = ["once", "question", "whole"]

_KEPT = 24 * 3600.0
_DEAD = 120.0  # seconds after which a question that got no answer was not going to get one
_LONGEST = 200
_PASSED_ON = ("location", "content-type", "etag")


async def once(
    catalog: Catalog, who: str, request: Request, body: bytes, carry_out: Callable[[], Awaitable[Response]]
) -> Response:
    """The answer to a create: carried out now, or given before."""
    asked = question(who, request, body)
    if asked is None:
        return await carry_out()
    before = await to_thread.run_sync(_claim, catalog, asked)
    if before is not None:
        return _again(asked, before)
    try:
        response = await carry_out()
    except BaseException:
        await to_thread.run_sync(catalog.answers.drop, asked)
        raise
    if _is_passing(response):
        await to_thread.run_sync(catalog.answers.drop, asked)
    else:
        await to_thread.run_sync(catalog.answers.settle, _answered(asked, response))
    return response


def whole(catalog: Catalog, asked: Answer | None, carry_out: Callable[[], Response], *, fresh: bool) -> Response:
    """The same for a create that is written as a whole. With `fresh`, it was looked up: nobody had asked for it yet."""
    before = None if asked is None or fresh else _before(catalog, asked)
    if asked is not None and before is not None:
        return _again(asked, before)
    try:
        with catalog.together():
            response = carry_out()
            if asked is not None and not _is_passing(response):
                catalog.answers.keep(_answered(asked, response))
            return response
    except Conflict:
        before = None if asked is None else _before(catalog, asked)
        if asked is None or before is None:
            raise
        return _again(asked, before)


def question(who: str, request: Request, body: bytes) -> Answer | None:
    """The question under its key; None where it has none."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not key or len(key) > _LONGEST or not key.isascii() or not key.isprintable():
        raise UsageError("This is no Idempotency-Key.", cure=f"Give 1 to {_LONGEST} letters, digits and signs.")
    return Answer(who=who, key=key, digest=_digest(request, body), created_at=time.time())


def _answered(asked: Answer, response: Response) -> Answer:
    kept = {name: value for name, value in response.headers.items() if name in _PASSED_ON}
    return replace(asked, status=response.status_code, headers=kept, body=bytes(response.body).decode())


def _is_passing(response: Response) -> bool:
    """Whether it may well work the next time."""
    return response.status_code >= 500 or response.status_code == 429


def _claim(catalog: Catalog, asked: Answer) -> Answer | None:
    now = asked.created_at
    return catalog.answers.claim(asked, dead_before=now - _DEAD, old_before=now - _KEPT)


def _before(catalog: Catalog, asked: Answer) -> Answer | None:
    now = asked.created_at
    return catalog.answers.find(asked, dead_before=now - _DEAD, old_before=now - _KEPT)


def _again(asked: Answer, before: Answer) -> Response:
    if before.digest != asked.digest:
        raise UsageError(
            "This Idempotency-Key was used for something else.", cure="Make a new key for each thing.", code="key-used"
        )
    if before.status is None:
        raise InFlight("This is being done already.", cure="Ask again in a moment.")
    headers = before.headers | {"Idempotency-Replayed": "true"}
    return Response(before.body, before.status, headers)


def _digest(request: Request, body: bytes) -> str:
    asked = f"{request.method} {request.scope['path']}?{request.scope['query_string'].decode('latin-1')}\n".encode()
    return hashlib.sha256(asked + body).hexdigest()
