"""Servers that a test starts and stops: a free port, a wait until it answers, an end that does not hang."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

__all__ = ["free_port", "free_ports", "start", "stop", "wait"]

PATIENCE = 30.0  # seconds that a server may take to answer its first request


def free_port() -> int:
    """A port that nobody listened to a moment ago."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many of them, each another."""
    with ExitStack() as probes:
        found = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in found:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in found]


def start(command: Sequence[str], folder: Path, extra: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The running program; what it prints goes to the file `output` in its folder."""
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(
            command, cwd=folder, env=os.environ | (extra or {}), stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


def wait(
    name: str, endpoint: str, process: subprocess.Popen[bytes], *, well: bool = False, seconds: float = PATIENCE
) -> None:
    """Returns when the server answers, `well` or with an error, and fails the test if it never does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(endpoint, timeout=5).close()
        except HTTPError as error:
            error.close()
            if not well:  # it answers, if only that it does not know us
                return
            time.sleep(0.2)
        except (URLError, ConnectionError) as error:
            if "CERTIFICATE" in str(error):  # it answers, with a certificate that is nobody's yet
                return
            time.sleep(0.05)
        else:
            return
    stop(process)
    pytest.fail(f"{name} did not come up; it ended with {process.returncode}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the program to end, and ends it if it does not."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
