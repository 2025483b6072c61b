"""What a watcher of the service sees, in Prometheus' format: requests, streams, the queue."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gristmill.catalog import Catalog
from gristmill.errors import GristmillError

__all__ = ["Metrics"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10, 60)


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
        self._queued = Gauge("gristmill_runs_queued", "Runs that wait for a worker", registry=self.registry)
        self._catalog = Gauge("gristmill_catalog_up", "Whether the catalog answers: 1, or 0", registry=self.registry)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def page(self, catalog: Catalog, streams: int) -> bytes:
        """All figures as they stand."""
        self._streams.set(streams)
        try:
            self._queued.set(catalog.runs.waiting())
            self._catalog.set(1)
        except GristmillError:
            self._catalog.set(0)
        return generate_latest(self.registry)
