"""The store's door, where it needs one: a WSGI application, carried through this server in constant memory.

The door runs in a thread. It asks for the body a piece at a time, and each piece is gathered here from what the
connection has brought; what it answers goes out a piece at a time, and no faster than the connection takes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_to_bytes

from anyio import CapacityLimiter, fail_after, from_thread, to_thread
from starlette.types import Message, Receive, Scope, Send

__all__ = ["AtTheDoor"]

_AT_ONCE = 24  # transfers that have a thread; others wait
_PATIENCE = 60.0  # seconds in which a connection must bring or take something: a thread is waiting for it


class AtTheDoor:
    """An ASGI application that carries a WSGI one."""

    def __init__(self, door: Callable[[dict[str, Any], Any], Iterable[bytes]], prefix: str) -> None:
        self._door, self._prefix = door, prefix
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._limiter is None:
            self._limiter = CapacityLimiter(_AT_ONCE)
        environ = _environ(scope, self._prefix, _Body(receive))
        with suppress(TimeoutError):
            await to_thread.run_sync(self._carry, environ, send, limiter=self._limiter)

    def _carry(self, environ: dict[str, Any], send: Send) -> None:
        async def put(message: Message) -> None:
            with fail_after(_PATIENCE):
                await send(message)

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            number = int(status.split(" ", 1)[0])
            from_thread.run(put, {"type": "http.response.start", "status": number, "headers": raw})

        for chunk in self._door(environ, start):
            from_thread.run(put, {"type": "http.response.body", "body": chunk, "more_body": True})
        from_thread.run(put, {"type": "http.response.body", "body": b""})


class _Body:
    """What the WSGI application reads; a connection that ends early reads as the end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._rest, self._more = b"", True

    def read(self, size: int) -> bytes:
        return from_thread.run(self._gather, size)

    async def _gather(self, size: int) -> bytes:
        pieces, there = [self._rest], len(self._rest)
        while self._more and there < size:
            with fail_after(_PATIENCE):
                message = await self._receive()
            pieces.append(message.get("body", b""))
            there += len(pieces[-1])
            self._more = message["type"] == "http.request" and message.get("more_body", False)
        gathered = b"".join(pieces)
        self._rest = gathered[size:]
        return gathered[:size] if self._rest else gathered


def _environ(scope: Scope, prefix: str, body: _Body) -> dict[str, Any]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw = scope.get("raw_path") or scope["path"].encode()
    path = unquote_to_bytes(raw.split(b"?", 1)[0]).decode("latin-1")  # WSGI: bytes in the guise of Latin-1
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": prefix,
        "PATH_INFO": path.removeprefix(prefix),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": scope["scheme"],
    }
    for name in ("content-length", "content-type"):
        if name in headers:
            environ[name.upper().replace("-", "_")] = headers[name]
    return environ | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
