"""What a watcher sees: figures that agree with the catalog, and cost the same however much it holds."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from gristmill.api.metrics import Metrics
from gristmill.catalog import Catalog, Outcome
from gristmill.errors import CatalogFailed
from gristmill.records import Failure, RunStatus, new_id
from services.apis import Api
from services.catalogs import Clock, a_dataset, add_runs, model_of, run_on


def figures(page: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    """Name and labels' values -> value."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def one_ends(catalog: Catalog, clock: Clock, *, waits: float = 7.0, takes: float = 40.0, **outcome: Any) -> None:
    run = catalog.runs.add(run_on(a_dataset(catalog), created_at=clock.time))
    clock.time += waits
    held = catalog.runs.claim("worker-1", 60.0, only=run.id)
    assert held is not None
    clock.time += takes
    ended = Outcome(**{"status": RunStatus.SUCCEEDED} | outcome)
    model = model_of(run, id=new_id("model")) if ended.status is RunStatus.SUCCEEDED else None
    catalog.runs.finish(run.id, held.fence, ended, model)


def test_runs_are_counted_once_by_how_they_ended(timed_catalog: Catalog, clock: Clock) -> None:
    metrics = Metrics()
    one_ends(timed_catalog, clock)  # before this process began
    metrics.page(timed_catalog, 0)
    one_ends(timed_catalog, clock)
    one_ends(timed_catalog, clock, status=RunStatus.FAILED, failure=Failure(code="run-failed", what="It fell."))
    metrics.page(timed_catalog, 0)
    found = figures(metrics.page(timed_catalog, 3))
    assert found["gristmill_runs_total", ("no", "succeeded", "tabular-classification")] == 1
    assert found["gristmill_run_failures_total", ("run-failed",)] == 1
    assert found["gristmill_run_wait_seconds_sum", ()] == 14.0
    assert found["gristmill_run_seconds_sum", ("failed",)] == 40.0
    assert found["gristmill_event_streams", ()] == 3


def test_a_run_that_shows_late_is_counted(timed_catalog: Catalog, clock: Clock) -> None:
    metrics = Metrics()
    metrics.page(timed_catalog, 0)
    one_ends(timed_catalog, clock)
    metrics.page(timed_catalog, 0)
    clock.time -= 60  # it ends before one that was seen already
    one_ends(timed_catalog, clock)
    assert figures(metrics.page(timed_catalog, 0))["gristmill_run_wait_seconds_count", ()] == 2


def test_the_queue_and_the_workers(timed_catalog: Catalog, clock: Clock) -> None:
    add_runs(timed_catalog, 3)
    clock.time = 100.0
    timed_catalog.runs.claim("worker-1", 60.0)
    timed_catalog.seeing.beat("worker-1")
    timed_catalog.seeing.beat("worker-2")
    found = figures(Metrics().page(timed_catalog, 0))
    told = [found[f"gristmill_{name}", ()] for name in ("runs_queued", "runs_running", "queue_seconds", "workers")]
    assert told == [2, 1, 89.0, 2]
    clock.time += 50
    timed_catalog.seeing.beat("worker-2")
    clock.time += 50
    assert figures(Metrics().page(timed_catalog, 0))["gristmill_workers", ()] == 1
    timed_catalog.seeing.gone("worker-2")
    assert figures(Metrics().page(timed_catalog, 0))["gristmill_workers", ()] == 0


def test_a_catalog_that_is_away_is_a_figure() -> None:
    class Away:
        def now(self) -> float:
            raise CatalogFailed("It is away.")

    away: Any = Away()
    assert figures(Metrics().page(away, 0))["gristmill_catalog_up", ()] == 0


def test_the_page_is_served_to_admins(api: Api) -> None:
    with api.client("root", powers="use,admin") as admin:
        found = figures(admin.get("/metrics").raise_for_status().content)
    assert (found["gristmill_catalog_up", ()], found["gristmill_store_up", ()]) == (1, 1)
    assert found["gristmill_latency_seconds_count", ("store",)] == 1
