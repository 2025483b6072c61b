"""The lease protocol against a model of it: whatever workers, owners and the clock do, in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gristmill.catalog import Catalog, Outcome
from gristmill.errors import Conflict, LeaseLost
from gristmill.records import LOCAL, EventKind, Run, RunStatus, Wanted
from services.catalogs import Clock, a_dataset, clear, model_of, run_on

WORKERS = st.sampled_from(["anna", "bert", "carl"])
LEASES = st.sampled_from([0.0, 1.0, 15.0])
AT = st.integers(0, 50)  # which of the runs, or of the claims, that there are
FINAL = st.sampled_from([RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED])


@dataclass
class Expected:
    """What a run should look like."""

    id: str
    created_at: float
    status: RunStatus = RunStatus.QUEUED
    wanted: Wanted = Wanted.FINISH
    fence: int = 0
    worker: str | None = None
    lease_until: float | None = None
    claimed_at: float | None = None
    finished_at: float | None = None
    model: bool = False
    lines: list[int] = field(default_factory=list)

    def shows(self, run: Run) -> bool:
        """Whether the run looks like that."""
        names = ("id", "status", "wanted", "fence", "worker", "lease_until", "claimed_at", "finished_at")
        return all(getattr(self, name) == getattr(run, name) for name in names) and self.model == bool(run.model_id)

    def end(self, status: RunStatus, at: float) -> None:
        self.status, self.finished_at, self.lease_until = status, at, None


class LeaseProtocol(RuleBasedStateMachine):
    """Any number of runs, three workers that remember every claim they ever made, and one clock."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.clock = Clock()
        self.catalog = Catalog.open(url, self.clock)
        self.expected: list[Expected] = []
        self.claims: list[tuple[Expected, int]] = []  # every claim there was, with its fence

    @initialize()
    def begin(self) -> None:
        clear(self.catalog)
        self.dataset = a_dataset(self.catalog)

    def teardown(self) -> None:
        try:
            for run in self.expected:
                events = self.catalog.events.after(run.id)
                assert [(event.seq, event.body["line"]) for event in events] == list(enumerate(run.lines, start=1))
        finally:
            self.catalog.close()

    @rule(age=st.integers(0, 3), price=st.sampled_from([0.0, 0.1, 7.3]), gpus=st.integers(0, 2))
    def add(self, age: int, price: float, gpus: int) -> None:
        run = run_on(self.dataset, created_at=self.clock.time - age, price=price, gpus=gpus)
        self.catalog.runs.add(run)
        self.expected.append(Expected(id=run.id, created_at=run.created_at))

    @rule(seconds=st.sampled_from([0.5, 1.0, 15.0]))
    def wait(self, seconds: float) -> None:
        self.clock.time += seconds

    @rule(worker=WORKERS, lease=LEASES)
    def claim(self, worker: str, lease: float) -> None:
        now = self.clock.time
        running = [run for run in self.expected if run.status is RunStatus.RUNNING]
        lapsed = [run for run in running if run.lease_until is not None and run.lease_until <= now]
        queued = [run for run in self.expected if run.status is RunStatus.QUEUED]
        turn = min(lapsed or queued, key=lambda run: (run.created_at, run.id), default=None)
        claimed = self.catalog.runs.claim(worker, lease)
        if turn is None:
            assert claimed is None
            return
        turn.status, turn.worker, turn.fence, turn.lease_until = RunStatus.RUNNING, worker, turn.fence + 1, now + lease
        turn.claimed_at = now if turn.claimed_at is None else turn.claimed_at
        assert claimed is not None
        assert turn.shows(claimed)
        self.claims.append((turn, turn.fence))

    def write(self, at: int, act: Callable[[Expected, int], Any]) -> Expected | None:
        """Have a worker act on one of its claims; the run, if it still held it."""
        if not self.claims:
            return None
        run, fence = self.claims[at % len(self.claims)]
        if run.status is RunStatus.RUNNING and run.fence == fence:
            act(run, fence)
            return run
        with pytest.raises(LeaseLost):
            act(run, fence)
        return None

    @rule(at=AT, lease=LEASES)
    def renew(self, at: int, lease: float) -> None:
        if run := self.write(at, lambda run, fence: self.catalog.runs.renew(run.id, fence, lease)):
            run.lease_until = self.clock.time + lease

    @rule(at=AT)
    def report(self, at: int) -> None:
        self.write(at, lambda run, fence: self.catalog.runs.progress(run.id, fence, seconds={"fit": 1.0}))

    @rule(at=AT, count=st.integers(0, 3))
    def tell(self, at: int, count: int) -> None:
        news = [(EventKind.LOG, {"line": number}) for number in range(count)]
        if run := self.write(at, lambda run, fence: self.catalog.events.add(run.id, fence, news)):
            run.lines += range(count)

    @rule(at=AT)
    def release(self, at: int) -> None:
        if run := self.write(at, lambda run, fence: self.catalog.runs.release(run.id, fence)):
            run.worker = run.lease_until = None
            run.status = RunStatus.QUEUED
            if run.wanted is Wanted.CANCEL:
                run.end(RunStatus.CANCELLED, self.clock.time)

    @rule(at=AT, status=FINAL)
    def finish(self, at: int, status: RunStatus) -> None:
        def act(run: Expected, fence: int) -> None:
            model = model_of(self.catalog.runs.get(run.id)) if status is RunStatus.SUCCEEDED else None
            self.catalog.runs.finish(run.id, fence, Outcome(status=status), model)

        if run := self.write(at, act):
            run.end(status, self.clock.time)
            run.model = status is RunStatus.SUCCEEDED

    @rule(at=AT, wanted=st.sampled_from(list(Wanted)))
    def want(self, at: int, wanted: Wanted) -> None:
        if not self.expected:
            return
        run = self.expected[at % len(self.expected)]
        if run.status.is_final:
            with pytest.raises(Conflict):
                self.catalog.runs.want(run.id, wanted)
            return
        self.catalog.runs.want(run.id, wanted)
        run.wanted = wanted
        if run.status is RunStatus.QUEUED and wanted is Wanted.CANCEL:
            run.end(RunStatus.CANCELLED, self.clock.time)

    @invariant()
    def rows_look_as_expected(self) -> None:
        newest = sorted(self.expected, key=lambda run: (run.created_at, run.id), reverse=True)
        shown = self.catalog.runs.list(limit=1000)
        assert len(shown) == len(newest)
        assert all(run.shows(row) for run, row in zip(newest, shown, strict=True))
        assert len(self.catalog.models.list(limit=1000)) == sum(run.model for run in newest)
        (account,) = self.catalog.fair_use.accounts(LOCAL)
        going = sum(run.status is RunStatus.RUNNING for run in newest)
        open_runs = [self.catalog.runs.get(run.id) for run in newest if not run.status.is_final]
        assert (account.queued, account.running) == (len(open_runs) - going, going)
        assert account.asked_money == pytest.approx(sum(run.price * run.budget / 3600 for run in open_runs))
        assert account.asked_gpu_seconds == pytest.approx(sum(run.gpus * run.budget for run in open_runs))
        assert open_runs or (account.asked_money, account.asked_gpu_seconds) == (0.0, 0.0)
        assert self.catalog.runs.waiting() == sum(run.status is RunStatus.QUEUED for run in newest)


def test_leases_keep_to_their_protocol(catalog_url: str) -> None:
    run_state_machine_as_test(
        lambda: LeaseProtocol(catalog_url),
        settings=settings(
            max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
