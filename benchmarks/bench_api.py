"""The API under load: how long answers take, and what the process weighs.

    python benchmarks/bench_api.py [--sizes 1000,100000] [--people 100] [--streams 500] [--catalog postgresql] [--quick]

Everything goes over HTTP on this machine, against `gristmill api` as a process of its own on SQLite, or on a
PostgreSQL server with fsync on, with no worker about. The load comes from this process, which keeps to one core and
leaves the others to what is measured, if they are enough (`Cores`): where two processes share cores, each is moved
about by the other. People are a hub's: each has a token, a team, projects of their own and limits, and has looked at
something before (what the hub says is kept for a minute). Beside it stand peers on the same server and the same cores:
bare FastAPI routes over SQLAlchemy that check nothing and nobody. One reads a row of the same table, one takes the same
body and inserts a row. Figures are p50, p95 and the largest, in milliseconds.

    start, idle     until /health answers, by turns with the peer; resident memory then
    reads           a run, pages of runs narrowed in every way, a page of projects, by one person after the other, by
                    turns with the peer's row; how many times as long as that each takes with the most runs, over with
                    the least
    submit          N people POST /runs at the same moment, each under a key of their own; several times, by turns with
                    the peer, and what the load itself computes for it
    queue           1,000 more runs: everybody sends their next as soon as the last is accepted
    order           all that was accepted is there once, and is claimed in each person's order
    dispatch        from a run's end to the claim of the next, of 1,000 that wait, by a worker that asks as ours do
    streams         N event streams, over 50 runs; memory with all of them open, and how late an event arrives
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import httpx
from crowd import Line, Submitter, World, crowd, fill, person
from sides import computed, peer, resident, service

from gristmill.catalog import Catalog, Outcome
from gristmill.records import EventKind, RunStatus

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests"))

from services.postgres import empty_database, serve_postgres  # noqa: E402

BURSTS, STARTS = 5, 5
PAGE = 50  # runs that one answer lists
LOOK_EVERY = 0.1  # seconds: a worker that has nothing to do looks again (worker/worker.py)


class Cores:
    """Who has which: the load one, what is measured all the others; both have all where there are too few."""

    def __init__(self, needed: int) -> None:
        *others, last = sorted(os.sched_getaffinity(0))
        enough = len(others) >= needed
        self._all = {*others, last}
        self._load, self._measured = ({last}, {*others}) if enough else (self._all, self._all)
        print(f"the load has {len(self._load)} of {len(self._all)} cores, what is measured {len(self._measured)}")

    def measured(self) -> AbstractContextManager[None]:
        """What is started in here is measured."""
        return self._kept_to(self._measured)

    def load(self) -> AbstractContextManager[None]:
        """What is computed in here is the load."""
        return self._kept_to(self._load)

    @contextmanager
    def _kept_to(self, cores: set[int]) -> Iterator[None]:
        os.sched_setaffinity(0, cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, self._all)


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

    def told(self, name: str, seconds: Sequence[float], p95: float | None = None) -> float:
        """Prints how long answers took; `p95` in milliseconds is what was promised. The answer is the median."""
        ordered = sorted(1e3 * second for second in seconds)
        at95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        line = f"{name:<44} p50 {statistics.median(ordered):7.1f}   p95 {at95:7.1f}   most {ordered[-1]:7.1f} ms"
        print(line + self.verdict(at95, p95, "ms"), flush=True)
        return statistics.median(ordered)

    def figure(self, name: str, measured: float, unit: str, promised: float | None = None) -> None:
        """Prints one figure."""
        print(f"{name:<44} {measured:.2f} {unit}{self.verdict(measured, promised, unit)}", flush=True)


PROMISES = Promises()


# --- the load --------------------------------------------------------------------------------------------------------


async def submitting(url: str, peer: str, world: World, more: int, pid: int, peer_pid: int) -> list[Submitter]:
    """All at once, then on and on, by turns with the peer; the API's people."""
    people, others = await crowd(url, world.datasets), await crowd(peer, world.datasets)
    for one in people:
        await one._line.ask("GET", "/me")
    sides = (_Side("peer: ", others, peer_pid), _Side("", people, pid))
    for side in sides:
        for one in side.people[:3]:
            await one.submit()
    for _ in range(BURSTS):
        for side in sides:
            await side.burst()
    for side in sides:
        side.told_bursts()
    beside(sides[1].at_once, sides[0].at_once, "submits")
    for side in sides:
        await side.queue(more)
        PROMISES.told(f"{side.whose}submit, one after the other", await side.people[0].several(50))
    return people


class _Side:
    """Those who submit to one of the two; what the API has promised, the peer has not."""

    def __init__(self, whose: str, people: list[Submitter], pid: int) -> None:
        self.whose, self.people, self._pid = whose, people, pid
        self._promised = None if whose else 200
        self.at_once: list[float] = []
        self._computed = self._load = 0.0

    async def burst(self) -> None:
        load, before = time.process_time(), computed(self._pid)
        self.at_once += await asyncio.gather(*(one.submit() for one in self.people))
        self._computed += computed(self._pid) - before
        self._load += time.process_time() - load

    def told_bursts(self) -> None:
        each = 1e3 / len(self.at_once)
        name = f"{self.whose}submit, {len(self.people)} at once, {BURSTS} times"
        PROMISES.told(name, self.at_once, self._promised)
        PROMISES.figure(f"{self.whose}processor time of a submit", each * self._computed, "ms")
        PROMISES.figure(f"{self.whose}processor time of asking for it", each * self._load, "ms")

    async def queue(self, more: int) -> None:
        started, before = time.perf_counter(), computed(self._pid)
        seconds = await asyncio.gather(*(one.several(more // len(self.people)) for one in self.people))
        rate = more / (time.perf_counter() - started)
        every = [one for each in seconds for one in each]
        PROMISES.told(f"{self.whose}queue, {more} more: {rate:.0f} a second", every, self._promised)
        PROMISES.figure(f"{self.whose}processor time of each", 1e3 * (computed(self._pid) - before) / more, "ms")


def beside(ours: Sequence[float], theirs: Sequence[float], what: str) -> None:
    """Prints how many times as long the API takes as the peer, at the median."""
    PROMISES.figure(f"{what}, over the peer's", statistics.median(ours) / statistics.median(theirs), "times")


def dispatches(catalog_url: str, people: list[Submitter]) -> None:
    """Claim all that waits, one run after the other, and see whether it is what was accepted, and in which order."""
    claimed, seconds = [], []
    with Catalog.open(catalog_url) as catalog:
        while True:
            started = time.perf_counter()
            run = catalog.runs.claim("bench", 3600)
            if run is None:
                break
            seconds.append(time.perf_counter() - started)
            claimed.append(run)
            catalog.runs.finish(run.id, run.fence, Outcome(status=RunStatus.FAILED))
    for number, one in enumerate(people):
        assert [run.id for run in claimed if run.owner == person(number)] == one.accepted, "lost, doubled or disordered"
    print(f"{'order':<44} {len(claimed)} accepted, each once, in everybody's order", flush=True)
    PROMISES.told("dispatch, a slot is free", [LOOK_EVERY + one for one in seconds], 1000)


async def reads(url: str, peer: str, world: World, count: int) -> dict[str, float]:
    """How many times as long each kind of answer takes as the peer's row at the same time, at the median."""
    line, other, rows = await Line.to(url, person(1)), await Line.to(peer, ""), []
    runs, last, found = world.runs, world.runs[PAGE], dict[str, float]()
    routes: dict[str, Callable[[], str]] = {
        "a run": lambda: f"/runs/{random.choice(runs)}",
        "all runs one sees": lambda: "/runs",
        "  the last of them": lambda: f"/runs?cursor={last}",
        "a project's runs": lambda: f"/runs?project={world.project}",
        "failed runs, the last": lambda: f"/runs?status=failed&cursor={last}",
        "queued runs (none)": lambda: "/runs?status=queued",
        "runs of a task": lambda: "/runs?task=tabular-regression",
        "one's own runs": lambda: f"/runs?owner={person(1)}",
        "another's runs (none)": lambda: "/runs?owner=sam",
        "projects": lambda: "/projects",
        "models (none)": lambda: "/models",
        "me": lambda: "/me",
        "limits": lambda: "/me/limits",
    }
    for name, path in routes.items():
        seconds, beside = [], []
        for _ in range(count):
            seconds.append(await _asked(line, path()))
            beside.append(await _asked(other, routes["a run"]()))
        found[name] = PROMISES.told(f"read {name}", seconds, 25) / (1e3 * statistics.median(beside))
        rows += beside
    PROMISES.told("peer: a row by bare FastAPI", rows)
    for each in (line, other):
        each.close()
    return found


async def _asked(line: Line, path: str) -> float:
    started = time.perf_counter()
    await line.ask("GET", path)
    return time.perf_counter() - started


async def streaming(url: str, catalog_url: str, datasets: Sequence[str], count: int, pid: int) -> None:
    """Each of 50 runs is followed by its owner, from many connections."""
    before, owners = resident(pid), await crowd(url, datasets[:50])
    for one in owners:
        await one.submit()
    with Catalog.open(catalog_url) as catalog:
        followed = [catalog.runs.claim("bench", 3600, only=one.accepted[-1]) for one in owners]
        head = (
            "GET /runs/{}/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer {}\r\n\r\n"
        )
        opened, at = [], httpx.URL(url)
        for number in range(count):
            reader, writer = await asyncio.open_connection(at.host, at.port, limit=4096)
            owner = number % len(owners)
            writer.write(head.format(owners[owner].accepted[-1], person(owner)).encode())
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
            assert run is not None
            catalog.events.add(run.id, run.fence, [(EventKind.LOG, {"text": "a line of a log\n" * 5})])
        PROMISES.told(f"streams, an event in {count}", await asyncio.gather(*listening))
        PROMISES.figure("before the streams", before, "MB")
        PROMISES.figure(f"streams, {count} open", resident(pid), "MB", 300)
        for _, writer in opened:
            writer.close()


# --- all of it -------------------------------------------------------------------------------------------------------


def starts(home: Path, catalog_url: str) -> None:
    """How long each takes to start, by turns, and what the API weighs then."""
    ours, theirs, weights = [], [], []
    for _ in range(STARTS):
        with service(home, catalog_url) as (_, pid, seconds):
            ours.append(seconds)
            weights.append(resident(pid))
        with peer(catalog_url) as (_, _, seconds):
            theirs.append(seconds)
    PROMISES.figure(f"start, median of {STARTS}", statistics.median(ours), "s", 1.5)
    PROMISES.figure("peer: start", statistics.median(theirs), "s")
    PROMISES.figure("idle", max(weights), "MB", 120)


@contextmanager
def sqlite(home: Path) -> Iterator[str]:
    yield f"sqlite:///{home}/catalog.db"


@contextmanager
def postgresql(_: Path) -> Iterator[str]:
    with serve_postgres(durable=True) as server, empty_database(server) as url:
        yield url


def flat(sizes: Sequence[int], found: Sequence[dict[str, float]]) -> None:
    """How many times as long answers take among the most runs as among the least, by the peer's time for a row."""
    print(f"\n{'median, times a row by bare FastAPI':<44} {sizes[0]:>9,} {sizes[-1]:>9,}   ratio")
    for name, small in found[0].items():
        large = found[-1][name]
        print(f"{name:<44} {small:>9.2f} {large:>9.2f}   {large / small:.2f}")
    least, most = (statistics.geometric_mean(each.values()) for each in (found[0], found[-1]))
    PROMISES.figure("\nreads among the most runs, over the least", most / least, "times", 1.5)


def main() -> int:
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--sizes", default="1000,100000", help="how many runs there are; a tenth as many projects")
    asked.add_argument("--people", type=int, default=100)
    asked.add_argument("--streams", type=int, default=500)
    asked.add_argument("--more", type=int, default=1000, help="how many runs are queued")
    asked.add_argument("--catalog", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--quick", action="store_true", help="a fraction of it, to see that it works")
    given = asked.parse_args()
    if given.quick:
        given.sizes, given.people, given.streams, given.more = "200,1000", 20, 20, 100
    sizes, found = [int(size) for size in given.sizes.split(",")], []
    cores = Cores(needed=1 if given.catalog == "sqlite" else 2)  # a server computes beside the API
    for size in sizes:
        print(f"\n-- {size:,} runs, {max(size // 10, given.people * 5):,} projects", flush=True)
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            home = Path(folder)
            catalog = stack.enter_context(postgresql(home) if given.catalog == "postgresql" else sqlite(home))
            world = fill(catalog, projects=size // 10, runs=size, people=given.people)
            starts(home, catalog)
            with cores.measured():
                url, pid, _ = stack.enter_context(service(home, catalog))
                other, other_pid, _ = stack.enter_context(peer(catalog))
            stack.enter_context(cores.load())
            found.append(asyncio.run(reads(url, other, world, 30 if given.quick else 300)))
            people = asyncio.run(submitting(url, other, world, given.more, pid, other_pid))
            dispatches(catalog, people)
            if size == sizes[-1]:
                asyncio.run(streaming(url, catalog, world.datasets, given.streams, pid))
            PROMISES.figure("at the end", resident(pid), "MB")
    flat(sizes, found)
    return int(PROMISES.missed)


if __name__ == "__main__":
    sys.exit(main())
