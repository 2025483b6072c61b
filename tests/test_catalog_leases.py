"""Who holds a run: claims, leases and fences, among threads and among processes that die, on both databases."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import chain
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from sqlalchemy import event

from gristmill.catalog import Catalog, Outcome
from gristmill.errors import Conflict, LeaseLost, NotFound
from gristmill.records import EventKind, Failure, LeaderboardRow, Run, RunStatus, Wanted, replace
from services.catalogs import Clock, a_dataset, add_runs, model_of, run_on
from services.waiting import until

LEASE = 15.0
FAILED = Outcome(status=RunStatus.FAILED, failure=Failure(code="test", what="It failed."))
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["gristmill.catalog", "alembic", "psycopg", "pytest"])  # loaded once, not by each
PATIENCE = 60.0


def held(catalog: Catalog, worker: str = "worker", lease: float = LEASE) -> Run:
    """The next run, claimed."""
    run = catalog.runs.claim(worker, lease)
    assert run is not None
    return run


def writes(run: Run) -> dict[str, Callable[[Catalog], Any]]:
    """Everything that only a holder may do."""
    return {
        "renew": lambda catalog: catalog.runs.renew(run.id, run.fence, LEASE),
        "progress": lambda catalog: catalog.runs.progress(run.id, run.fence, seconds={"fit": 1.0}),
        "release": lambda catalog: catalog.runs.release(run.id, run.fence),
        "events": lambda catalog: catalog.events.add(run.id, run.fence, [(EventKind.LOG, {"line": "late"})]),
        "fail": lambda catalog: catalog.runs.finish(run.id, run.fence, FAILED),
        "succeed": lambda catalog: catalog.runs.finish(
            run.id, run.fence, Outcome(status=RunStatus.SUCCEEDED), model_of(run)
        ),
    }


WRITES = ["renew", "progress", "release", "events", "fail", "succeed"]


# --- one after the other ---------------------------------------------------------------------------------------------


def test_a_claim_takes_the_oldest_run(timed_catalog: Catalog, clock: Clock) -> None:
    old, new = add_runs(timed_catalog, 2)
    first = timed_catalog.runs.claim("anna", LEASE)
    assert first == replace(
        old, status=RunStatus.RUNNING, fence=1, worker="anna", claimed_at=clock.time, lease_until=clock.time + LEASE
    )
    assert timed_catalog.runs.get(old.id) == first
    assert held(timed_catalog).id == new.id
    assert timed_catalog.runs.claim("anna", LEASE) is None


def test_a_claim_may_ask_for_one_run(timed_catalog: Catalog) -> None:
    old, new = add_runs(timed_catalog, 2)
    claimed = timed_catalog.runs.claim("anna", LEASE, only=new.id)
    assert claimed is not None
    assert claimed.id == new.id
    assert timed_catalog.runs.claim("anna", LEASE, only=new.id) is None
    assert timed_catalog.runs.claim("anna", LEASE, only="nobody") is None
    assert timed_catalog.runs.get(old.id) == old


def test_a_lapsed_run_is_taken_over_before_queued_ones(timed_catalog: Catalog, clock: Clock) -> None:
    add_runs(timed_catalog, 2)
    first = held(timed_catalog, "anna")
    clock.time += LEASE - 0.001
    assert held(timed_catalog, "bert").id != first.id
    clock.time += 0.001
    taken = held(timed_catalog, "carl")
    assert taken == replace(first, fence=2, worker="carl", lease_until=clock.time + LEASE)
    assert taken.claimed_at == clock.time - LEASE


@pytest.mark.parametrize("what", WRITES)
def test_who_lost_the_lease_writes_nothing(timed_catalog: Catalog, clock: Clock, what: str) -> None:
    add_runs(timed_catalog, 1)
    old = held(timed_catalog, "anna")
    clock.time += LEASE
    new = held(timed_catalog, "bert")
    with pytest.raises(LeaseLost, match=r"is held by bert \(fence 2\)"):
        writes(old)[what](timed_catalog)
    assert timed_catalog.runs.get(new.id) == new
    assert timed_catalog.events.after(new.id) == ()
    assert timed_catalog.models.list() == ()
    writes(new)[what](timed_catalog)


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("end", ["fail", "release"])
def test_after_the_end_nothing_is_written(timed_catalog: Catalog, what: str, end: str) -> None:
    add_runs(timed_catalog, 1)
    run = held(timed_catalog)
    ended = writes(run)[end](timed_catalog)
    with pytest.raises(LeaseLost):
        writes(run)[what](timed_catalog)
    assert timed_catalog.runs.get(run.id) == ended


@pytest.mark.parametrize("what", WRITES)
def test_what_does_not_exist_is_not_held(timed_catalog: Catalog, what: str) -> None:
    run = replace(run_on(a_dataset(timed_catalog)), id="nobody")
    with pytest.raises(NotFound):
        writes(run)[what](timed_catalog)


def test_a_lapsed_lease_that_nobody_took_may_be_renewed(timed_catalog: Catalog, clock: Clock) -> None:
    add_runs(timed_catalog, 1)
    run = held(timed_catalog)
    clock.time += 10 * LEASE
    assert timed_catalog.runs.renew(run.id, run.fence, LEASE) == replace(run, lease_until=clock.time + LEASE)
    assert timed_catalog.runs.claim("bert", LEASE) is None


def test_a_released_run_keeps_its_budget_running(timed_catalog: Catalog, clock: Clock) -> None:
    add_runs(timed_catalog, 1)
    run = held(timed_catalog)
    clock.time += 5
    released = timed_catalog.runs.release(run.id, run.fence)
    assert released == replace(run, status=RunStatus.QUEUED, worker=None, lease_until=None)
    again = held(timed_catalog, "bert")
    assert (again.fence, again.claimed_at) == (2, run.claimed_at)


def test_progress_changes_what_it_is_given(timed_catalog: Catalog) -> None:
    add_runs(timed_catalog, 1)
    run = held(timed_catalog)
    board = (LeaderboardRow(model="LightGBM", score=0.5),)
    assert timed_catalog.runs.progress(run.id, run.fence, leaderboard=board) == replace(run, leaderboard=board)
    both = timed_catalog.runs.progress(run.id, run.fence, seconds={"fit": 2.0})
    assert both == replace(run, leaderboard=board, seconds={"fit": 2.0})
    assert timed_catalog.runs.progress(run.id, run.fence) == both
    assert timed_catalog.runs.progress(run.id, run.fence, leaderboard=()) == replace(both, leaderboard=())


# --- what the owner wants --------------------------------------------------------------------------------------------


def test_a_queued_run_is_cancelled_at_once(timed_catalog: Catalog, clock: Clock) -> None:
    (run,) = add_runs(timed_catalog, 1)
    cancelled = timed_catalog.runs.want(run.id, Wanted.CANCEL)
    assert cancelled == replace(run, status=RunStatus.CANCELLED, wanted=Wanted.CANCEL, finished_at=clock.time)
    assert timed_catalog.runs.claim("anna", LEASE) is None


@pytest.mark.parametrize("wanted", list(Wanted))
def test_a_running_run_is_told_when_its_lease_is_renewed(timed_catalog: Catalog, wanted: Wanted) -> None:
    add_runs(timed_catalog, 1)
    run = held(timed_catalog)
    assert timed_catalog.runs.want(run.id, wanted) == replace(run, wanted=wanted)
    assert timed_catalog.runs.renew(run.id, run.fence, LEASE).wanted is wanted


def test_a_queued_run_may_be_asked_to_stop_early(timed_catalog: Catalog) -> None:
    (run,) = add_runs(timed_catalog, 1)
    assert timed_catalog.runs.want(run.id, Wanted.STOP) == replace(run, wanted=Wanted.STOP)
    assert held(timed_catalog).wanted is Wanted.STOP


def test_a_run_that_is_over_can_be_asked_nothing(timed_catalog: Catalog) -> None:
    add_runs(timed_catalog, 1)
    run = held(timed_catalog)
    done = timed_catalog.runs.finish(run.id, run.fence, FAILED)
    for wanted in Wanted:
        with pytest.raises(Conflict, match="has failed already"):
            timed_catalog.runs.want(run.id, wanted)
    assert timed_catalog.runs.get(run.id) == done
    with pytest.raises(NotFound):
        timed_catalog.runs.want("nobody", Wanted.STOP)


def test_a_run_to_be_cancelled_does_not_go_back_to_the_queue(timed_catalog: Catalog, clock: Clock) -> None:
    add_runs(timed_catalog, 1)
    run = held(timed_catalog)
    timed_catalog.runs.want(run.id, Wanted.CANCEL)
    released = timed_catalog.runs.release(run.id, run.fence)
    assert (released.status, released.finished_at) == (RunStatus.CANCELLED, clock.time)


# --- at the same time ------------------------------------------------------------------------------------------------


def test_two_workers_never_both_finish(timed_catalog: Catalog, clock: Clock) -> None:
    for _ in add_runs(timed_catalog, 10):
        holders = []
        for worker in ("anna", "bert", "carl"):
            holders.append(held(timed_catalog, worker))
            clock.time += LEASE
        assert len({run.id for run in holders}) == 1

        def finish(run: Run) -> str:
            try:
                timed_catalog.runs.finish(run.id, run.fence, Outcome(status=RunStatus.SUCCEEDED), model_of(run))
            except LeaseLost:
                return "lost"
            return str(run.worker)

        with ThreadPoolExecutor(3) as threads:
            ends = list(threads.map(finish, holders))
        assert sorted(ends) == ["carl", "lost", "lost"]
        assert timed_catalog.runs.get(holders[0].id).fence == 3


_together: Barrier


def meet(barrier: Barrier) -> None:
    """In each process of a pool: remember where all of them meet before they begin."""
    global _together
    _together = barrier


def in_processes(count: int, work: Callable[[str, int], Any], url: str) -> list[Any]:
    """What `work(url, number)` gives in that many processes, which all begin at the same moment."""
    barrier = PROCESSES.Barrier(count)
    with ProcessPoolExecutor(count, mp_context=PROCESSES, initializer=meet, initargs=(barrier,)) as pool:
        return list(pool.map(work, [url] * count, range(count), timeout=PATIENCE))


def claim_all(url: str, number: int) -> list[str]:
    """Claim until nothing is left."""
    with Catalog.open(url) as catalog:
        _together.wait(PATIENCE)
        claimed = []
        while run := catalog.runs.claim(f"worker-{number}", 600):
            claimed.append(run.id)
        return claimed


@pytest.mark.parametrize("count", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_processes_never_claim_the_same_run(catalog: Catalog, catalog_url: str, count: int) -> None:
    runs = add_runs(catalog, 80)
    claimed = in_processes(count, claim_all, catalog_url)
    assert Counter(chain.from_iterable(claimed)) == Counter(run.id for run in runs)
    assert {run.fence for run in catalog.runs.list(limit=100)} == {1}


def finish_all(url: str, number: int) -> list[tuple[str, int]]:
    """Claim with leases that lapse at once, and finish whatever was not lost meanwhile."""
    with Catalog.open(url) as catalog:
        _together.wait(PATIENCE)
        finished = []
        while run := catalog.runs.claim(f"worker-{number}", 0.0):
            try:
                catalog.runs.finish(run.id, run.fence, Outcome(status=RunStatus.SUCCEEDED), model_of(run))
                finished.append((run.id, run.fence))
            except LeaseLost:
                continue
        return finished


def test_processes_that_take_each_other_over_finish_each_run_once(catalog: Catalog, catalog_url: str) -> None:
    runs = add_runs(catalog, 20)
    finished = list(chain.from_iterable(in_processes(3, finish_all, catalog_url)))
    assert Counter(id for id, _ in finished) == Counter(run.id for run in runs)
    for id, fence in finished:
        run = catalog.runs.get(id)
        assert (run.status, run.fence) == (RunStatus.SUCCEEDED, fence)
    assert sorted(model.version for model in catalog.models.list()) == list(range(1, 21))


def claim_and_hang(url: str, before_commit: bool, reached: Connection) -> None:
    """Claim a run and never come back from it, or from the middle of the claim's transaction."""

    def hang(*_: object) -> None:
        reached.send("hanging")
        signal.pause()

    with Catalog.open(url) as catalog:
        if before_commit:
            event.listen(catalog._database._writer, "commit", hang)
        catalog.runs.claim("doomed", 0.5)
        hang()


@pytest.mark.parametrize("before_commit", [False, True], ids=["holding", "claiming"])
def test_a_killed_worker_leaves_a_run_to_claim(catalog: Catalog, catalog_url: str, before_commit: bool) -> None:
    (run,) = add_runs(catalog, 1)
    here, there = PROCESSES.Pipe()
    doomed = PROCESSES.Process(target=claim_and_hang, args=(catalog_url, before_commit, there))
    doomed.start()
    try:
        assert here.poll(PATIENCE)
    finally:
        os.kill(doomed.pid or 0, signal.SIGKILL)
        doomed.join()
        doomed.close()
        here.close()
        there.close()
    taken = until(lambda: catalog.runs.claim("heir", LEASE))
    assert taken is not None
    assert (taken.id, taken.worker, taken.fence) == (run.id, "heir", 1 if before_commit else 2)
    assert catalog.runs.finish(run.id, taken.fence, FAILED).status is RunStatus.FAILED
