"""A real PostgreSQL server, started from Debian's package for one test session.

=================  ====================================================================================
fixture            gives
=================  ====================================================================================
postgres_url       the URL of a running server's own database (session); skips where there is no server
postgres_database  the URL of an empty database of the test's own
=================  ====================================================================================
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

INSTALL = "PostgreSQL is not installed: apt-get install postgresql"
DRIVER = "psycopg is not installed: pip install 'psycopg[binary]'"
START_SECONDS = 30
ATTEMPTS = 3  # a free port may be taken between looking and listening


class PostgresMissing(Exception):
    """There is no server to start; the message says what to install."""


def programs() -> Path:
    """The folder of the newest PostgreSQL that is installed."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    if on_path is None or shutil.which("postgres") is None:
        raise PostgresMissing(INSTALL)
    return Path(on_path).parent


def _user() -> str | None:
    """Whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody", "daemon") if name in known)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serve_postgres(*, durable: bool = False) -> Iterator[str]:
    """A server with an empty cluster in a temporary folder, by its URL; `durable` keeps fsync on, for measuring."""
    try:
        import psycopg  # noqa: F401  only to know that it is there
    except ImportError:
        raise PostgresMissing(DRIVER) from None
    folder, user = programs(), _user()
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    group = None
    if user is not None:
        import grp
        import pwd

        group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
        shutil.chown(home, user, group)
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    try:
        data = home / "data"
        command = [folder / "initdb", "--username=gristmill", "--auth=trust", "--encoding=UTF8", "--no-sync", data]
        subprocess.run(command, user=user, group=group, env=environment, cwd=home, check=True, capture_output=True)
        with _started(folder / "postgres", data, user, group, durable=durable) as port:
            yield f"postgresql://gristmill@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _started(program: Path, data: Path, user: str | None, group: str | None, *, durable: bool) -> Iterator[int]:
    settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={data}", "max_connections=60"]
    if not durable:
        settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    log = data.parent / "log"
    for attempt in range(1, ATTEMPTS + 1):
        port = _free_port()
        command = [str(program), "-D", str(data), *[f"--{name}" for name in settings], f"--port={port}"]
        with log.open("wb") as output:
            server = subprocess.Popen(command, user=user, group=group, cwd=data, stdout=output, stderr=output)
        try:
            if _answers(server, port):
                yield port
                return
        finally:
            server.send_signal(signal.SIGINT)  # "fast": ends the sessions, then itself
            try:
                server.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        if attempt == ATTEMPTS:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")


def _answers(server: subprocess.Popen[bytes], port: int) -> bool:
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"postgresql://gristmill@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            return True
        time.sleep(0.02)
    return False


@contextlib.contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """A new database on the server, by its URL; it is dropped at the end, whoever is still connected."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield server_url.rpartition("/")[0] + f"/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a running server's own database; skips where there is no server."""
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(serve_postgres())
        except PostgresMissing as missing:
            pytest.skip(str(missing))
        yield url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    with empty_database(postgres_url) as url:
        yield url
