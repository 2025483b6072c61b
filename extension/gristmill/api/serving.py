"""The API as a server: uvicorn, and a line that says where it listens."""

from __future__ import annotations

import gc
import socket
import sys
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from gristmill.errors import UsageError

__all__ = ["listen"]

_MOST_CONNECTIONS = 4000
_FAREWELL = 5  # seconds that streams have to end in


class _Announcing(uvicorn.Server):
    """Says where it listens once it does: with port 0, nobody else knows."""

    def __init__(self, config: uvicorn.Config, prefix: str) -> None:
        super().__init__(config)
        self._prefix = prefix

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            host = f"[{host}]" if ":" in host else host
            sys.stdout.write(f"Gristmill listens at http://{host}:{port}{self._prefix}\n")
            sys.stdout.flush()


def listen(app: ASGIApp, *, host: str, port: int, prefix: str = "") -> None:
    """Serve the application until told to end; UsageError where nobody can listen."""
    at = _bound(host, port)
    config = uvicorn.Config(
        app, host=host, port=port, access_log=False, log_level="warning", server_header=False,
        timeout_graceful_shutdown=_FAREWELL, limit_concurrency=_MOST_CONNECTIONS, ws="none",
    )  # fmt: skip
    _settle()
    _Announcing(config, prefix).run(sockets=[at])


def _bound(host: str, port: int) -> socket.socket:
    """A socket at that address, which does not listen yet: uvicorn would end the process where there is none."""
    at = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    at.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        at.bind((host, port))
    except OSError as error:
        at.close()
        raise UsageError(
            f"Nobody can listen at {host}, port {port}.",
            cause=f"{error.strerror}.",
            cure="Give another port (--port 0 takes any that is free), or another --host.",
        ) from None
    return at


def _settle() -> None:
    """What is loaded by now stays: looking through it for garbage, be it once, keeps people waiting."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # a request makes thousands of things, and leaves hardly a circle of them
