"""The API under load: how long answers take, and what the process weighs.

    python benchmarks/bench_api.py [--runs 100000] [--people 100] [--streams 500] [--quick]

Everything goes over HTTP on this machine, against `gristmill api` as a process of its own on SQLite, with no worker
about; the load comes from this process, on the same cores. Beside it stands a peer: one bare FastAPI route that reads
one row of the same table by SQLAlchemy, with no checks of who may, on the same server. Figures are p50, p95 and the
largest, in milliseconds.

    start, idle     until /health answers; resident memory then
    submit          N people POST /runs at the same moment, each under a key of their own
    queue           1,000 more runs, from as many connections as there are people
    reads           one run, a page of a project's runs, a page of all of one's own, by one person after the other
    streams         N event streams, over 50 runs; memory with all of them open, and how late an event arrives
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from gristmill.dispatch.local import sole_worker
from gristmill.records import (
    Dataset,
    EventKind,
    Profile,
    Proposal,
    Run,
    RunStatus,
    Upload,
    UploadStatus,
    Wanted,
    new_id,
)

PEER = """
import sys
from fastapi import FastAPI
from sqlalchemy import create_engine, text
import uvicorn

app, engine = FastAPI(), create_engine(sys.argv[1])

@app.get("/runs/{run_id}")
def run(run_id: str):
    with engine.connect() as connection:
        return dict(connection.execute(text("SELECT * FROM runs WHERE id = :id"), {"id": run_id}).one()._mapping)

uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(command: Sequence[str], port: int, path: str, home: Path) -> Iterator[tuple[str, float, int]]:
    """The address, the seconds until it answered, and the process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"GRISTMILL_HOME": str(home)})
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


class Promises:
    """What was promised, and whether each was kept."""

    def __init__(self) -> None:
        self.missed = False

    def verdict(self, measured: float, promised: float | None, unit: str) -> str:
        """What is printed behind a figure."""
        if promised is None:
            return ""
        self.missed |= measured >= promised
        return f"   < {promised:g} {unit}: {'kept' if measured < promised else 'MISSED'}"

    def told(self, name: str, seconds: Sequence[float], p95: float | None = None) -> None:
        """Prints how long answers took; `p95` in milliseconds is what was promised."""
        ordered = sorted(1e3 * second for second in seconds)
        at95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        line = f"{name:<34} p50 {statistics.median(ordered):7.1f}   p95 {at95:7.1f}   most {ordered[-1]:7.1f} ms"
        print(line + self.verdict(at95, p95, "ms"), flush=True)

    def figure(self, name: str, measured: float, unit: str, promised: float | None = None) -> None:
        """Prints one figure."""
        print(f"{name:<34} {measured:.2f} {unit}{self.verdict(measured, promised, unit)}", flush=True)


PROMISES = Promises()


async def timed(asked: Callable[[], Awaitable[httpx.Response]]) -> float:
    started = time.perf_counter()
    answer = await asked()
    answer.raise_for_status()
    return time.perf_counter() - started


# --- what is in the catalog ------------------------------------------------------------------------------------------


def fill(home: Path, projects: int, runs: int) -> tuple[list[str], list[str]]:
    """Projects, and old runs spread over them; the ids of the datasets and of some runs."""
    from sqlalchemy import insert

    from gristmill.catalog import Catalog, tables

    with Catalog.open(f"sqlite:///{home}/catalog.db") as catalog:
        of = [catalog.projects.ensure(f"project {number}") for number in range(min(projects, 200))]
        more = [
            {"id": new_id("project"), "name": f"other {number}", "created_at": 1.0, "owner": "sam"}
            for number in range(projects - len(of))
        ]
        with catalog._database.writing() as connection:
            if more:
                connection.execute(insert(tables.projects), more)
        datasets = [_dataset(catalog, project.id) for project in of[:100]]
        rows = [_old(datasets[number % len(datasets)], number) for number in range(runs)]
        for start in range(0, len(rows), 5000):
            with catalog._database.writing() as connection:
                connection.execute(insert(tables.runs), rows[start : start + 5000])
        return [dataset.id for dataset in datasets], [row["id"] for row in rows[:: max(1, runs // 1000)]]


def _dataset(catalog: Any, project_id: str) -> Dataset:
    proposal = Proposal(task="tabular-classification", target="y", metric="accuracy", budget=60.0, reasons={})
    upload = Upload(
        id=new_id("upload"), project_id=project_id, name="a.csv", key="a.csv", size=1, status=UploadStatus.OPEN,
        created_at=1.0,
    )  # fmt: skip
    catalog.uploads.add(upload)
    catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
    dataset = Dataset(
        id=new_id("dataset"), project_id=project_id, upload_id=upload.id, name="a", version=0, key="a.csv",
        filename="a.csv", size=1, sha256="ab", profile=Profile(tables=(), files=1, bytes=1), proposal=proposal,
        created_at=1.0,
    )  # fmt: skip
    added: Dataset = catalog.datasets.add(dataset)
    return added


def _old(dataset: Dataset, number: int) -> dict[str, Any]:
    run = Run(
        id=new_id("run"), project_id=dataset.project_id, dataset_id=dataset.id, name=f"run {number}",
        recipe="tabular@1", task="tabular-classification", target="y", metric="accuracy", budget=60.0, seed=0,
        settings={}, accepted=(), status=RunStatus.FAILED, wanted=Wanted.FINISH, created_at=float(number),
    )  # fmt: skip
    return {name: getattr(run, name) for name in Run.__slots__}


# --- the load --------------------------------------------------------------------------------------------------------


class Line:
    """One connection, spoken to by hand: a client library would take as long as the API."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self._reader, self._writer, self._token = reader, writer, token

    async def post(self, path: str, body: bytes) -> float:
        """Seconds until the answer is there; it must be 201."""
        started = time.perf_counter()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._token}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {new_id('key')}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        await self._reader.readexactly(int(answer.partition(b"content-length: ")[2].partition(b"\r")[0]))
        assert answer.startswith(b"http/1.1 201"), answer
        return time.perf_counter() - started


async def submits(url: str, token: str, datasets: list[str], people: int, more: int, pid: int) -> None:
    at = httpx.URL(url)
    lines = [Line(*await asyncio.open_connection(at.host, at.port), token) for _ in range(people)]

    def submit(line: Line) -> Awaitable[float]:
        return line.post("/runs", b'{"dataset_id":"%s","budget":60}' % random.choice(datasets).encode())

    async def several(line: Line, count: int) -> list[float]:
        return [await submit(line) for _ in range(count)]

    for line in lines[:3]:
        await submit(line)
    PROMISES.told(f"submit, {people} at once", await asyncio.gather(*(submit(line) for line in lines)), 200)
    started, before = time.perf_counter(), computed(pid)
    seconds = await asyncio.gather(*(several(line, more // people) for line in lines))
    rate = more / (time.perf_counter() - started)
    PROMISES.told(f"queue, {more} more: {rate:.0f} a second", [one for line in seconds for one in line])
    PROMISES.figure("processor time of a submit", 1e3 * (computed(pid) - before) / more, "ms")
    PROMISES.told("submit, one after the other", await several(lines[0], 50))


async def reads(url: str, token: str, runs: list[str], count: int, peer: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        one = (await client.get(f"/runs/{runs[0]}")).json()
        tag = (await client.get(f"/runs/{runs[0]}")).headers["ETag"]
        routes: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
            "read a run": lambda: client.get(f"/runs/{random.choice(runs)}"),
            "a page of 50 runs": lambda: client.get("/runs"),
            "a page of a project's runs": lambda: client.get("/runs", params={"project": one["project_id"]}),
            "a page of failed runs": lambda: client.get("/runs", params={"status": "failed", "cursor": runs[-1]}),
            "a page of projects": lambda: client.get("/projects"),
            "me": lambda: client.get("/me"),
        }
        for name, route in routes.items():
            PROMISES.told(name, [await timed(route) for _ in range(count)], 25)
        unchanged = await client.get(f"/runs/{runs[0]}", headers={"If-None-Match": tag})
        assert unchanged.status_code == 304
    async with httpx.AsyncClient(base_url=peer, timeout=60) as client:
        peers = [await timed(lambda: client.get(f"/runs/{runs[0]}")) for _ in range(count)]
        PROMISES.told("peer: a row by bare FastAPI", peers)


async def streams(url: str, token: str, home: Path, count: int, pid: int) -> None:
    from gristmill.catalog import Catalog

    catalog = Catalog.open(f"sqlite:///{home}/catalog.db")
    before, followed = resident(pid), []
    for _ in range(50):
        held = catalog.runs.claim("bench", 3600)
        if held is not None:
            followed.append(held)
    head = "GET /runs/{} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer {}\r\n\r\n"
    opened = []
    for number in range(count):
        reader, writer = await asyncio.open_connection(httpx.URL(url).host, httpx.URL(url).port, limit=4096)
        writer.write(head.format(f"{followed[number % len(followed)].id}/events", token).encode())
        opened.append((reader, writer))
    heads = await asyncio.gather(*(reader.readuntil(b"\r\n\r\n") for reader, _ in opened))
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in heads)

    async def hear(reader: asyncio.StreamReader, since: float) -> float:
        while b"event: log" not in await reader.readline():
            pass
        return time.perf_counter() - since

    since = time.perf_counter()
    listening = [asyncio.create_task(hear(reader, since)) for reader, _ in opened]
    for run in followed:
        catalog.events.add(run.id, run.fence, [(EventKind.LOG, {"text": "a line of a log\n" * 5})])
    PROMISES.told(f"streams, an event in {count}", await asyncio.gather(*listening))
    PROMISES.figure("before the streams", before, "MB")
    PROMISES.figure(f"streams, {count} open", resident(pid), "MB", 300)
    for _, writer in opened:
        writer.close()
    catalog.close()


def main() -> int:
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--runs", type=int, default=100_000)
    asked.add_argument("--projects", type=int, default=10_000)
    asked.add_argument("--people", type=int, default=100)
    asked.add_argument("--streams", type=int, default=500)
    asked.add_argument("--quick", action="store_true", help="a fraction of it, to see that it works")
    given = asked.parse_args()
    if given.quick:
        given.runs, given.projects, given.people, given.streams = 1000, 100, 10, 20
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        datasets, runs = fill(home, given.projects, given.runs)
        port, other = free_port(), free_port()
        api = [sys.executable, "-c", "import gristmill.app as a, sys; sys.exit(a.main())", "api", "--port", str(port)]
        bare = [sys.executable, "-c", PEER, f"sqlite:///{home}/catalog.db", str(other)]
        with sole_worker(home), serving(api, port, "/health", home) as (url, seconds, pid):
            PROMISES.figure("start", seconds, "s", 1.5)
            PROMISES.figure("idle", resident(pid), "MB", 120)
            token = (home / "token").read_text()
            with serving(bare, other, "/docs", home) as (peer, _, _):
                asyncio.run(reads(url, token, runs, 30 if given.quick else 300, peer))
            asyncio.run(submits(url, token, datasets, given.people, 50 if given.quick else 1000, pid))
            asyncio.run(streams(url, token, home, given.streams, pid))
            PROMISES.figure("at the end", resident(pid), "MB")
    return int(PROMISES.missed)


if __name__ == "__main__":
    sys.exit(main())
