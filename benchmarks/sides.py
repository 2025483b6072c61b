"""The two sides of bench_api.py, each in a process of its own: the API, and bare FastAPI on the same catalog."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from gristmill.dispatch.local import sole_worker

__all__ = ["computed", "peer", "resident", "service"]

HERE = Path(__file__).resolve().parent
LOG = (Path(tempfile.gettempdir()) / "bench_api.log").open("wb")  # what the API itself says
PEER = """
import sys, time
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, event, text
import uvicorn

app, engine = FastAPI(), create_engine(sys.argv[1].replace("postgresql:", "postgresql+psycopg:"), pool_size=16)

if engine.dialect.name == "sqlite":
    @event.listens_for(engine, "connect")
    def prepare(connection, _):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = " + sys.argv[3])

class Asked(BaseModel):
    dataset_id: str
    budget: float

@app.get("/runs/{run_id}")
def run(run_id: str):
    with engine.connect() as connection:
        return dict(connection.execute(text("SELECT * FROM runs WHERE id = :id"), {"id": run_id}).one()._mapping)

@app.post("/runs", status_code=201)
def train(asked: Asked):
    row = {"at": time.time(), "dataset_id": asked.dataset_id, "budget": asked.budget}
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO bare VALUES (:at, :dataset_id, :budget)"), row)
    return row

with engine.begin() as connection:
    connection.execute(text("CREATE TABLE IF NOT EXISTS bare (at REAL, dataset_id TEXT, budget REAL)"))
uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
"""


@contextmanager
def service(home: Path, catalog_url: str) -> Iterator[tuple[str, int, float]]:
    """An API and a hub that says who people are; the API's address and process, and how long it took to start."""
    port, hub = free_port(), free_port()
    api = [sys.executable, "-c", "import gristmill.app as a, sys; sys.exit(a.main())", "api", "--port", str(port)]
    environment = {"GRISTMILL_HOME": str(home), "GRISTMILL_CATALOG": catalog_url}
    environment["JUPYTERHUB_API_URL"] = f"http://127.0.0.1:{hub}"
    with (
        sole_worker(home),
        serving([sys.executable, str(HERE / "crowd.py"), str(hub)], hub, "/"),
        serving(api, port, "/health", **environment) as (url, seconds, pid),
    ):
        yield url, pid, seconds


@contextmanager
def peer(catalog_url: str) -> Iterator[tuple[str, int, float]]:
    """The bare FastAPI, on the same catalog; the same of it."""
    port = free_port()
    bare = [sys.executable, "-c", PEER, catalog_url, str(port), "NORMAL"]
    with serving(bare, port, "/docs") as (url, seconds, pid):
        yield url, pid, seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(command: Sequence[str], port: int, path: str, **environment: str) -> Iterator[tuple[str, float, int]]:
    """The address, the seconds until it answered, and the process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=LOG, env=os.environ | environment)
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                httpx.get(url + path)
                break
            except httpx.TransportError:
                time.sleep(0.01)
        yield url, time.perf_counter() - started, process.pid
    finally:
        process.terminate()
        process.wait()


def resident(pid: int) -> float:
    """Megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def computed(pid: int) -> float:
    """Seconds of processor time."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
