"""What a watcher of the service sees, in Prometheus' format: requests, streams, the queue, runs, workers, latencies.

What this process does itself (requests, streams) is counted here. What the platform does is read from the catalog, so
every API process shows the same: add up requests over processes, but take the platform's figures from one of them
(`max by (…)`).

A scrape reads what has ended since the one before and the ends of some indexes, so it costs the same with ten runs and
with a hundred thousand. Histograms and counters of runs begin where the process does, as Prometheus expects of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gristmill.catalog import Catalog
from gristmill.errors import GristmillError
from gristmill.records import Ended, RunStatus
from gristmill.stores import Store

__all__ = ["Metrics"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10, 60)
_WAITS = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600)
_RUNS = (10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
_ALIVE_WITHIN = 60.0  # seconds; a worker is heard of every ten
_LATE = 60.0  # seconds by which a run's end may show later in the catalog than it says
_LONGEST_CODE = 40


class Metrics:
    """One process's figures; other parts may register theirs in `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "gristmill_requests", "Requests by route and status", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "gristmill_request_seconds", "Time to answer", ["route"], buckets=_SECONDS, registry=self.registry
        )
        self._streams = Gauge("gristmill_event_streams", "Streams of events that are open", registry=self.registry)
        self._catalog = Gauge("gristmill_catalog_up", "Whether the catalog answers: 1, or 0", registry=self.registry)
        self._store = Gauge("gristmill_store_up", "Whether the store answers: 1, or 0", registry=self.registry)
        self._latency = Histogram(
            "gristmill_latency_seconds", "Time that a small question to catalog or store takes, asked at each scrape",
            ["part"], buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._platform = _Platform(self.registry)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def page(self, catalog: Catalog, streams: int, store: Store | None = None) -> bytes:
        """All figures as they stand."""
        self._streams.set(streams)
        if self._up("catalog", self._catalog, catalog.now):
            try:
                self._platform.look(catalog)
            except GristmillError:
                self._catalog.set(0)
        if store is not None:
            self._up("store", self._store, lambda: store.stat("ready"))
        return generate_latest(self.registry)

    def _up(self, part: str, gauge: Gauge, ask: Callable[[], object]) -> bool:
        started = time.perf_counter()
        try:
            ask()
        except GristmillError:
            gauge.set(0)
            return False
        self._latency.labels(part).observe(time.perf_counter() - started)
        gauge.set(1)
        return True


class _Platform:
    """What the catalog says of queue, runs, workers and deliveries."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._queued = Gauge("gristmill_runs_queued", "Runs that wait for a worker", registry=registry)
        self._running = Gauge("gristmill_runs_running", "Runs that a worker carries out", registry=registry)
        self._oldest = Gauge("gristmill_queue_seconds", "How long the oldest queued run has waited", registry=registry)
        self._workers = Gauge("gristmill_workers", "Workers that are alive", registry=registry)
        self._unsent = Gauge("gristmill_deliveries_waiting", "Mail and webhooks not yet delivered", registry=registry)
        self._waits = Histogram(
            "gristmill_run_wait_seconds", "From asked for to claimed, of runs that ended", buckets=_WAITS,
            registry=registry,
        )  # fmt: skip
        self._takes = Histogram(
            "gristmill_run_seconds", "From claimed to ended", ["status"], buckets=_RUNS, registry=registry
        )
        self._ends = Counter("gristmill_runs", "Runs that ended", ["task", "status", "salvaged"], registry=registry)
        self._failures = Counter("gristmill_run_failures", "Runs that failed, by why", ["code"], registry=registry)
        self._lock = threading.Lock()
        self._since: float | None = None
        self._seen: dict[str, float] = {}  # runs that were counted, with their ends, as far back as they may be late

    def look(self, catalog: Catalog) -> None:
        """Bring all figures up to date."""
        seeing = catalog.seeing
        self._queued.set(seeing.count(RunStatus.QUEUED))
        self._running.set(seeing.count(RunStatus.RUNNING))
        self._oldest.set(seeing.oldest_waits())
        self._workers.set(len(seeing.alive(_ALIVE_WITHIN)))
        self._unsent.set(catalog.deliveries.waiting())
        with self._lock:  # two scrapes at once must not count a run twice
            self._read_on(catalog)

    def _read_on(self, catalog: Catalog) -> None:
        if self._since is None:  # what ended before this process began is not its to count
            now = catalog.now()
            self._seen = {ended.id: ended.finished_at for ended in catalog.seeing.ended(now - _LATE)}
            self._since = now
        for ended in catalog.seeing.ended(self._since - _LATE):
            if ended.id not in self._seen:
                self._seen[ended.id] = ended.finished_at
                self._count(ended)
            self._since = max(self._since, ended.finished_at)
        self._seen = {id: at for id, at in self._seen.items() if at >= self._since - _LATE}

    def _count(self, ended: Ended) -> None:
        salvaged = "yes" if ended.salvaged else "no"
        self._ends.labels(ended.task, ended.status.value, salvaged).inc()
        if ended.claimed_at is not None:
            self._waits.observe(max(0.0, ended.claimed_at - ended.created_at))
            self._takes.labels(ended.status.value).observe(max(0.0, ended.finished_at - ended.claimed_at))
        if ended.status is RunStatus.FAILED:
            code = ended.failure.code if ended.failure is not None else "unknown"
            self._failures.labels(code[:_LONGEST_CODE]).inc()
