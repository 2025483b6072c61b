"""A hub as people meet it: `gristmill api` in a process of its own, with a platform of its own.

==========  ============================================================================================
fixture     gives
==========  ============================================================================================
live_hub    a hub that listens; a test may kill it, and start it again where it was
==========  ============================================================================================
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

__all__ = ["PROGRAM", "LiveHub"]

PROGRAM = Path(sys.executable).parent / "gristmill"
_PATIENCE = 60.0


@dataclass
class LiveHub:
    """A hub at `url`, whose state is in `home`."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return (self.home / "token").read_text("utf-8")

    def start(self) -> None:
        """Have it listen."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GRISTMILL_")}
        environment = kept | {"GRISTMILL_HOME": str(self.home)}
        with (self.home / "api.log").open("ab") as log:
            command = [PROGRAM, "api", "--port", str(self.port)]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            assert self.process.poll() is None, (self.home / "api.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill(self) -> None:
        """End it without a chance to say goodbye."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/health", timeout=5):
                return True
        except (URLError, ConnectionError, TimeoutError):
            return False


@pytest.fixture
def live_hub(tmp_path: Path) -> Iterator[LiveHub]:
    home = tmp_path / "hub"
    home.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        hub = LiveHub(home, probe.getsockname()[1])
    hub.start()
    yield hub
    hub.stop()
