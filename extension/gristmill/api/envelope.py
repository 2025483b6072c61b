"""What every request and every answer carries, whatever is inside: an id, the version, a line in the log, a count."""

from __future__ import annotations

import logging
import secrets
import time
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

import gristmill
from gristmill.api.metrics import Metrics

__all__ = ["Envelope"]

_log = logging.getLogger("gristmill.api.requests")


class Envelope:
    """Wraps an ASGI application. It keeps no body, so that streams stay streams."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        scope["gristmill.id"] = secrets.token_hex(8)
        _keep_slashes(scope)
        said = [
            (b"gristmill-version", gristmill.__version__.encode()),
            (b"x-request-id", scope["gristmill.id"].encode()),
            (b"x-content-type-options", b"nosniff"),
        ]

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                there = {name.lower() for name, _ in message.get("headers", ())}
                more = [pair for pair in said if pair[0] not in there]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.count(scope["method"], route, status, seconds)
            facts = {"request": scope["gristmill.id"], "run": scope.get("path_params", {}).get("run_id")}
            _log.info("%s %s %d %.3fs", scope["method"], route, status, seconds, extra=facts)


def _keep_slashes(scope: Scope) -> None:
    """Leave %2F in a path as it is: a project's name may hold a slash, which is none of the path's."""
    raw = scope.get("raw_path", b"").split(b"?", 1)[0]
    if b"%2f" in raw.lower():
        segments = [unquote(segment).replace("/", "%2F") for segment in raw.decode("latin-1").split("/")]
        scope["path"] = "/".join(segments)
