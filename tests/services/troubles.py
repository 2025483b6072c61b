"""Hubs and networks in trouble.

============  ===========================================================================================
fixture       gives
============  ===========================================================================================
staged_hub    a server that answers as a test tells it to, and writes down what it was asked
cutter        a function that puts a network which breaks off in front of a server
============  ===========================================================================================
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

__all__ = ["Cutter", "StagedHub"]


@dataclass
class StagedHub:
    """Answers with what stands in `script`, in order, and with the last of it for ever."""

    url: str
    script: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def will(self, status: int, body: Any = b"", **headers: str) -> None:
        """Answer so next; what is no bytes becomes JSON."""
        kind = "application/problem+json" if status >= 400 else "application/json"
        told = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
        self.script.append((status, told, body if isinstance(body, bytes) else json.dumps(body).encode()))


@pytest.fixture
def staged_hub() -> Iterator[StagedHub]:
    hub = StagedHub("")

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            hub.asked.append((self.command, self.path, dict(self.headers)))
            status, headers, body = hub.script.pop(0) if len(hub.script) > 1 else hub.script[0]
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield hub
        server.shutdown()
        thread.join()


class Cutter:
    """A way to a server on which connections break: each that is to be cut, after so many bytes in either direction.

    Cuts are taken from `cuts` as connections come in; None lets one through. While `is_down`, none comes through.
    """

    def __init__(self, url: str) -> None:
        split = urlsplit(url)
        self._to = (split.hostname or "", split.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{split.path}"
        self.cuts: list[int | None] = []
        self.is_down = False
        self.sent = self.got = 0  # bytes that have gone to the server, and come back
        self._is_closed = False
        self._carried: list[threading.Thread] = []
        self._accepting = _begun(self._accept)

    def close(self) -> None:
        self._is_closed = True
        with socket.create_connection(self._listener.getsockname()):
            self._accepting.join()
        self._listener.close()
        for thread in self._carried:
            thread.join()

    def _accept(self) -> None:
        while not self._is_closed:
            near, _ = self._listener.accept()
            if self.is_down or self._is_closed:
                near.close()
            else:
                self._carried.append(_begun(self._carry, near, self.cuts.pop(0) if self.cuts else None))

    def _carry(self, near: socket.socket, cut: int | None) -> None:
        room = [cut]
        with near, socket.create_connection(self._to) as far:
            back = _begun(self._pump, far, near, room)
            self._pump(near, far, room)
            back.join()

    def _pump(self, source: socket.socket, to: socket.socket, room: list[int | None]) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                left = room[0]
                if self.is_down or (left is not None and left < len(chunk)):
                    break
                room[0] = None if left is None else left - len(chunk)
                to.sendall(chunk)
                if to.getpeername() == self._to:
                    self.sent += len(chunk)
                else:
                    self.got += len(chunk)
        for end in (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _begun(work: Callable[..., None], *args: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=args)
    thread.start()
    return thread


@pytest.fixture
def cutter() -> Iterator[Callable[[str], Cutter]]:
    made: list[Cutter] = []

    def put_before(url: str) -> Cutter:
        made.append(Cutter(url))
        return made[-1]

    yield put_before
    for one in made:
        one.close()
