"""Stores in folders, with their doors open, and disks that are soon full.

=================  =====================================================================================
fixture            gives
=================  =====================================================================================
local_store        a store in a folder of the test's own; its signed links are served by its door
tiny_disk          a disk of one megabyte; skips where it cannot be mounted
=================  =====================================================================================
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest

from gristmill.stores.door import Door
from gristmill.stores.local import LocalStore

SECRET = b"thirty-two bytes, for tests only"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        del format, args


@contextmanager
def serve(root: Path, clock: Callable[[], float] = time.time) -> Iterator[LocalStore]:
    """A store in a folder with its door open."""
    with _Server(("127.0.0.1", 0), _Quiet) as server:
        store = LocalStore(root, secret=SECRET, door=f"http://127.0.0.1:{server.server_port}", clock=clock)
        server.set_app(Door(store))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield store
        server.shutdown()
        thread.join()


@pytest.fixture
def local_store(tmp_path: Path) -> Iterator[LocalStore]:
    with serve(tmp_path / "store") as store:
        yield store


def left_over(store: LocalStore) -> list[Path]:
    """What a store keeps beside whole objects: writes that were broken off, uploads under way."""
    return [path for folder in ("incoming", "uploads") for path in (store.root / folder).iterdir()]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a tiny disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
