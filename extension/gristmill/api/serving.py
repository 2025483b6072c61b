"""The API as a server: uvicorn, and a line that says where it listens."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from starlette.types import ASGIApp

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
    """Serve the application until told to end."""
    config = uvicorn.Config(
        app, host=host, port=port, access_log=False, log_level="warning", server_header=False,
        timeout_graceful_shutdown=_FAREWELL, limit_concurrency=_MOST_CONNECTIONS,
    )  # fmt: skip
    _Announcing(config, prefix).run()
