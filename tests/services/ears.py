"""Those who are told: a mail server that keeps what it gets, and a web server that is sent webhooks.

==============  ============================================================================================
fixture         gives
==============  ============================================================================================
post_office     a mail server that listens; `letters` are what came, `refuse` makes it say no
listener        a web server that listens; `heard` is what was posted, `status` what it answers
==============  ============================================================================================
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

__all__ = ["Listener", "PostOffice"]


@dataclass
class PostOffice:
    """A mail server."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: str = ""  # such as "550 unknown here"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?from=mill@example.org"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: ARG002  aiosmtpd's signature
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002  aiosmtpd's signature
        self.recipients += envelope.rcpt_tos
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.letters.append(message)
        return "250 OK"


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    from aiosmtpd.controller import Controller

    with socket.create_server(("127.0.0.1", 0)) as free:  # the controller itself cannot be told to take any
        office = PostOffice(port=free.getsockname()[1])
    controller = Controller(office, hostname="127.0.0.1", port=office.port)
    controller.start()
    yield office
    controller.stop()


@dataclass
class Listener:
    """A web server."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?of=tests"


@pytest.fixture
def listener() -> Iterator[Listener]:
    ear = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            ear.heard.append((self.path, dict(self.headers), body))
            self.send_response(ear.status)
            for name, value in ear.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        ear.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield ear
        server.shutdown()
        thread.join()
