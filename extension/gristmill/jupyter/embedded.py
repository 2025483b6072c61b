"""The API where there is no hub: a child of the Jupyter server, started at the first question, ended with the server.

The child listens on a socket of this machine that is opened here and handed to it, so that whoever asks before it is
ready waits instead of being refused. Its token is made anew at each start and is told to it through a pipe, which is
then held open: however this process ends, the pipe ends with it, and the child sees that and ends, too.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from gristmill.client.connecting import Address
from gristmill.errors import HubAway, NotPossible

__all__ = ["Embedded"]

_NEEDS = ("fastapi", "uvicorn", "prometheus_client")
_WAITING = 256  # questions that may wait until the child is ready
_GRACE, _LAST_GRACE = 8.0, 3.0  # seconds to end by itself, and after it was told to
_LOG = "api.log"


class Embedded:
    """The embedded API. `command` starts it; the socket's descriptor is put at its end. Threads may share it."""

    def __init__(self, home: Path, command: Sequence[str]) -> None:
        self._home, self._command = home, tuple(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._address: Address | None = None

    @property
    def process_id(self) -> int | None:
        """The child's, while it lives."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def address(self) -> Address:
        """Where it listens and what lets in; it is started if it is not there."""
        with self._lock:
            if self._address is None or self.process_id is None:
                self._address = self._started()
            return self._address

    def is_at(self, address: Address) -> bool:
        """Whether this is what listens there."""
        return address == self._address

    def why_away(self) -> HubAway:
        """Why it does not answer."""
        log = self._home / _LOG
        lines = log.read_text("utf-8", errors="replace").split("\n") if log.exists() else []
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return HubAway(
            "The embedded platform does not answer.",
            cause=said[:300] if self.process_id is None else "The connection broke off.",
            cure=f"Try again; {log} says more.",
        )

    def end(self) -> None:
        """End the child, if there is one; a worker goes on with its run, as it does when a terminal is closed."""
        with self._lock:
            process, self._process, self._address = self._process, None, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for stop, patience in ((process.terminate, _GRACE), (process.kill, _LAST_GRACE)):
            try:
                process.wait(patience)
                return
            except subprocess.TimeoutExpired:
                stop()
        process.wait()

    def _started(self) -> Address:
        lacking = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
        if lacking:
            raise NotPossible(
                f"The embedded platform needs {lacking[0]}, which is not installed here.",
                cure="pip install 'gristmill[jupyter]'",
            )
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        token = secrets.token_urlsafe(32)
        with (
            socket.create_server(("127.0.0.1", 0), backlog=_WAITING) as listening,
            (self._home / _LOG).open("wb") as log,
        ):
            port, descriptor = listening.getsockname()[1], listening.fileno()
            process = subprocess.Popen(
                [*self._command, str(descriptor)], pass_fds=[descriptor],
                stdin=subprocess.PIPE, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl-C asks the server, which may be told to go on
                cwd=self._home, env=os.environ | {"GRISTMILL_HOME": str(self._home)},
            )  # fmt: skip
        self._process = process
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it has ended already, and its log says why
                process.stdin.write(f"{token}\n".encode())
                process.stdin.flush()
        return Address.of(f"http://127.0.0.1:{port}/", token)
