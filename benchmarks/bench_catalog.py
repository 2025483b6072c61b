"""What the catalog costs with 10,000 and with 100,000 runs in it, on SQLite and on PostgreSQL.

    python benchmarks/bench_catalog.py [--sizes 10000,100000] [--times 300]

The peer is the same work as hand-written SQL through sqlite3 and psycopg, on the same database in the same run: the
page as one SELECT of the same rows, decoded to records; the claim as one UPDATE of the oldest queued row, in PostgreSQL
with FOR UPDATE SKIP LOCKED, and without the catalog's look for lapsed leases. Claims are taken a second time with
limits: 100 people and 10 teams may run so many at once, and the one whose runs have waited longest, half of all that
wait, has reached theirs. Catalog and peer take turns, so that both meet the same moments of a busy machine; each keeps
`RUNNING` runs going. Durability is as in service: WAL, fsync on.
Prints Markdown; exits 1 if a page or a claim misses `GOAL` at the 95th percentile.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE / "extension"), str(HERE / "tests")]  # runs from a checkout that is not installed

from sqlalchemy import insert, text  # noqa: E402

from gristmill.catalog import Catalog, Outcome, tables  # noqa: E402
from gristmill.records import (  # noqa: E402
    EventKind,
    LeaderboardRow,
    Limits,
    Run,
    RunStatus,
    Subject,
    Wanted,
    decode,
)
from services.catalogs import a_dataset, run_on  # noqa: E402
from services.postgres import PostgresMissing, empty_database, serve_postgres  # noqa: E402

GOAL = 0.020  # seconds at the 95th percentile, for a page and for a claim
LEASE = 3600.0
BATCH = 5_000
QUEUED_EVERY = 20  # one run in twenty waits; the others are over
PAGE = 50
PEOPLE, TEAMS = 100, 10
RUNNING = 30  # runs that are going at the same time, for the catalog and for the peer each
OVER = [RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED]
FAILED = Outcome(status=RunStatus.FAILED)


@dataclass(frozen=True)
class Timing:
    """How long one thing took, many times."""

    what: str
    who: str
    seconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1]

    def row(self, place: str) -> str:
        """A row of the table, in milliseconds."""
        figures = (self.median, self.p95, min(self.seconds), max(self.seconds))
        return (
            f"| {place} | {self.what} | {self.who} | " + " | ".join(f"{1000 * figure:.2f}" for figure in figures) + " |"
        )


def fill(catalog: Catalog, count: int) -> None:
    """Put that many runs into the catalog: most of them over, with leaderboards, and every twentieth queued."""
    dataset = a_dataset(catalog)
    board = tuple(LeaderboardRow(model=f"Model_{number}_BAG_L1", score=0.9, fit_seconds=3.2) for number in range(12))
    for start in range(0, count, BATCH):
        rows = []
        for number in range(start, min(start + BATCH, count)):
            status = RunStatus.QUEUED if number % QUEUED_EVERY == 0 else OVER[number % 3]
            # Most of what has waited longest is one person's, who has sent the most.
            owner = "eager" if number < count // 2 and number % 100 else f"person-{number // QUEUED_EVERY % PEOPLE}"
            run = run_on(
                dataset,
                status=status,
                created_at=float(number),
                leaderboard=board if status in OVER else (),
                owner=owner,
            )
            rows.append({field.name: getattr(run, field.name) for field in fields(run)})
        with catalog._database.writing() as connection:
            connection.execute(insert(tables.runs), rows)


def timed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turns(what: str, times: int, catalog: Callable[[], Any], peer: Callable[[], Any]) -> list[Timing]:
    """Both, alternating; the first of each, which opens connections and compiles statements, is not counted."""
    catalog(), peer()
    pairs = [(timed(catalog), timed(peer)) for _ in range(times)]
    return [
        Timing(what, "catalog", [ours for ours, _ in pairs]),
        Timing(what, "plain SQL", [peer for _, peer in pairs]),
    ]


# --- the peer --------------------------------------------------------------------------------------------------------

KINDS = {
    "status": RunStatus,
    "wanted": Wanted,
    "salvaged": bool,
}
ENCODED = {"accepted", "seconds", "failure", "artifacts", "settings", "leaderboard"}


def record(names: list[str], row: tuple[Any, ...]) -> Run:
    """A row of hand-written SQL as the record that the catalog gives."""
    values = dict(zip(names, row, strict=True))
    hints: dict[str, Any] = {column.name: column.type for column in tables.runs.c}
    for name in ENCODED:
        values[name] = None if values[name] is None else decode(values[name], hints[name].kind)
    for name, kind in KINDS.items():
        values[name] = kind(values[name])
    return Run(**values)


class PlainSql:
    """The same page and the same claim, by hand."""

    def __init__(self, execute: Callable[[str], Any], claim: tuple[str, ...]) -> None:
        self.execute, self._claim = execute, claim

    def page(self) -> list[Run]:
        cursor = self.execute(f"SELECT * FROM runs ORDER BY created_at DESC, id DESC LIMIT {PAGE}")
        names = [column[0] for column in cursor.description]
        return [record(names, row) for row in cursor.fetchall()]

    def claim(self) -> Run:
        for statement in self._claim:
            cursor = self.execute(statement)
            if cursor.description:
                run = record([column[0] for column in cursor.description], cursor.fetchone())
        return run

    def end_oldest(self) -> None:
        """One run that the peer claimed is over; not measured."""
        self.execute(f"UPDATE runs SET status = 'failed' WHERE id = ({GOING})")


GOING = "SELECT id FROM runs WHERE status = 'running' AND worker = 'peer' ORDER BY created_at LIMIT 1"
OLDEST = "SELECT id FROM runs WHERE status = 'queued' ORDER BY created_at, id LIMIT 1"
TAKE = (
    "UPDATE runs SET status = 'running', fence = fence + 1, worker = 'peer', lease_until = {now} + 3600,"
    " claimed_at = coalesce(claimed_at, {now}) WHERE id = ({oldest}) RETURNING *"
)


@contextmanager
def sqlite() -> Iterator[tuple[str, Callable[[], PlainSql]]]:
    """An SQLite file, and how to reach it by hand."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.db"
        opened = []

        def connect() -> PlainSql:
            connection = sqlite3.connect(path, isolation_level=None, timeout=30)
            connection.execute("PRAGMA synchronous = NORMAL")
            opened.append(connection)
            take = TAKE.format(
                now="unixepoch('subsec')" if sqlite3.sqlite_version_info >= (3, 42) else "unixepoch()", oldest=OLDEST
            )
            return PlainSql(connection.execute, ("BEGIN IMMEDIATE", take, "COMMIT"))

        yield f"sqlite:///{path}", connect
        for connection in opened:
            connection.close()


@contextmanager
def postgresql() -> Iterator[tuple[str, Callable[[], PlainSql]]]:
    """A PostgreSQL server with fsync on, and how to reach it by hand."""
    import psycopg

    opened = []
    with serve_postgres(durable=True) as server, empty_database(server) as url:

        def connect() -> PlainSql:
            connection = psycopg.connect(url, autocommit=True)
            opened.append(connection)
            now = "extract(epoch FROM statement_timestamp())"
            return PlainSql(connection.execute, (TAKE.format(now=now, oldest=f"{OLDEST} FOR UPDATE SKIP LOCKED"),))  # type: ignore[arg-type]

        yield url, connect
        for connection in opened:
            connection.close()


# --- the measuring ---------------------------------------------------------------------------------------------------


def measure(url: str, connect: Callable[[], PlainSql], count: int, times: int) -> list[Timing]:
    """All timings on one database with that many runs."""
    with Catalog.open(url) as catalog:
        fill(catalog, count)
        with catalog._database.writing() as connection:
            connection.execute(text("ANALYZE"))
        peer = connect()
        free = queue(catalog, peer, times)
        limit(catalog)
        limited = [Timing(f"{one.what}, with limits", one.who, one.seconds) for one in queue(catalog, None, times)]
        return [*free, *limited, *lists(catalog, peer, times), *holder(catalog, times)]


def limit(catalog: Catalog) -> None:
    """Have everybody and each team run so many at once; one person has as many as they may already."""
    catalog.fair_use.limits.put(Limits(kind=Subject.EVERYBODY, runs_at_once=RUNNING))
    catalog.fair_use.limits.put(Limits(kind=Subject.PERSON, name="eager", runs_at_once=1))
    with catalog._database.writing() as connection:
        mates = [{"person": f"person-{one}", "team": f"team-{one % TEAMS}"} for one in range(PEOPLE)]
        connection.execute(insert(tables.teammates), mates)
    for team in range(TEAMS):
        catalog.fair_use.limits.put(Limits(kind=Subject.TEAM, name=f"team-{team}", runs_at_once=2 * RUNNING))
    for run in catalog.runs.list(owner="eager", statuses=[RunStatus.QUEUED], limit=1):
        catalog.runs.claim("worker", LEASE, only=run.id)


def queue(catalog: Catalog, peer: PlainSql | None, times: int) -> list[Timing]:
    """Claims, the catalog's and the peer's, if there is one; and how long it takes to finish what was claimed."""
    going: list[Run] = []
    ends: list[float] = []

    def claim() -> None:
        run = catalog.runs.claim("worker", LEASE)
        if run is None:
            raise RuntimeError("nothing is left to claim: fewer --times, or a larger size")
        going.append(run)

    claims: list[Timing] = [Timing("claim", "catalog", []), *([Timing("claim", "plain SQL", [])] if peer else [])]
    for _ in range(times):
        claims[0].seconds.append(timed(claim))
        if peer is not None:
            claims[1].seconds.append(timed(peer.claim))
        if len(going) > RUNNING:
            run = going.pop(0)
            ends.append(timed(lambda: catalog.runs.finish(run.id, run.fence, FAILED)))  # noqa: B023  called at once
            if peer is not None:
                peer.end_oldest()
    return [*claims, Timing("finish", "catalog", ends)]


def lists(catalog: Catalog, peer: PlainSql, times: int) -> list[Timing]:
    """Pages of all kinds."""
    runs = catalog.runs
    middle = runs.list(statuses=[RunStatus.SUCCEEDED], limit=100_000)[-1000].id
    project = runs.get(middle).project_id
    pages = {
        "list, a later page": lambda: runs.list(before=middle, limit=PAGE),
        "list, three statuses, a later page": lambda: runs.list(statuses=OVER, before=middle, limit=PAGE),
        "list, running, one project": lambda: runs.list([project], [RunStatus.RUNNING], limit=PAGE),
    }
    first = in_turns("list, first page", times, lambda: runs.list(limit=PAGE), peer.page)
    return [*first, *(Timing(what, "catalog", [timed(page) for _ in range(times)]) for what, page in pages.items())]


def holder(catalog: Catalog, times: int) -> list[Timing]:
    """What a worker does while it holds a run."""
    run = catalog.runs.claim("worker", LEASE)
    if run is None:
        raise RuntimeError("nothing is left to claim: fewer --times, or a larger size")
    news = [(EventKind.LOG, {"line": "x" * 80})] * 10
    acts = {
        "renew": lambda: catalog.runs.renew(run.id, run.fence, LEASE),
        "add 10 events": lambda: catalog.events.add(run.id, run.fence, news),
    }
    return [Timing(what, "catalog", [timed(act) for _ in range(times)]) for what, act in acts.items()]


def main() -> int:
    """Measure, print the table, and say whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000", help="how many runs, separated by commas")
    parser.add_argument("--times", type=int, default=300, help="how often each thing is done")
    options = parser.parse_args()
    print("| catalog | what | who | median ms | p95 ms | min ms | max ms |\n|---|---|---|---:|---:|---:|---:|")
    missed = []
    for name, serve in (("SQLite", sqlite), ("PostgreSQL", postgresql)):
        try:
            for size in map(int, options.sizes.split(",")):
                with serve() as (url, connect):
                    for timing in measure(url, connect, size, min(options.times, size // QUEUED_EVERY // 5 - 1)):
                        print(timing.row(f"{name}, {size:,} runs"), flush=True)
                        goal = timing.what.startswith("claim") or timing.what.startswith("list")
                        if goal and timing.who == "catalog" and timing.p95 >= GOAL:
                            missed.append(f"{name}, {size:,} runs: {timing.what}")
        except PostgresMissing as missing:
            print(f"\n{name} was not measured: {missing}")
    print(f"\nLoad of the machine meanwhile: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")
    print(f"Goal: a page and a claim under {1000 * GOAL:.0f} ms at the 95th percentile: {missed or 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
