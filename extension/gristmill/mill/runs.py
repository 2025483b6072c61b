"""Runs: asked for, watched, ended, and what they left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gristmill import exploring, intake, recipes, records, tasks
from gristmill.bench import BenchFile
from gristmill.errors import BudgetTooSmall, Conflict, NotConfirmed, NotFound, UsageError
from gristmill.mill.data import Data
from gristmill.mill.parts import needs
from gristmill.mill.trail import audited
from gristmill.records import (
    Event,
    Membership,
    Notice,
    Power,
    Proposal,
    Run,
    RunRequest,
    RunStatus,
    Severity,
    Wanted,
    replace,
)
from gristmill.stores import places

__all__ = ["Runs"]

_LEAST_BUDGET = 30.0  # seconds: below it, loading AutoGluon and saving a model leave no time to train
_MOST_BUDGET = 30 * 24 * 3600.0
_LOOK_EVERY = 0.1


class Runs(Data):
    """What can be asked about runs."""

    @audited("run.train")
    def train(self, request: RunRequest) -> Run:
        """Queue a run; what the request leaves open is taken from the proposal."""
        self._gate.must(Power.TRAIN)
        dataset = self._gate.get(self._catalog.datasets, request.dataset_id, Membership.EDITOR)
        proposal = self.propose(dataset.id, task=request.task, target=request.target, metric=request.metric)
        kind = tasks.find(proposal.task)
        needs(f"Training for {kind.title.lower()}", kind.modules, kind.extra)
        _confirmed((*dataset.profile.notices, *proposal.notices), request.accepted)
        built_in = kind.recipe.removesuffix(".ipynb")
        if request.notebook:
            recipe = recipes.given(request.recipe or "notebook", request.notebook)
        else:
            recipe = self._book.find(request.recipe or built_in, dataset.project_id)
        run = Run(
            id=records.new_id("run"),
            project_id=dataset.project_id,
            dataset_id=dataset.id,
            name=request.name or dataset.name,
            recipe=f"{recipe.name}@{recipe.version}",
            task=proposal.task,
            target=proposal.target,
            metric=proposal.metric,
            budget=_budget(request.budget or proposal.budget),
            seed=request.seed,
            settings=dict(request.settings),
            accepted=tuple(request.accepted),
            status=RunStatus.QUEUED,
            wanted=Wanted.FINISH,
            created_at=time.time(),
            owner=self.who.name,
        )
        self._store.put_bytes(places.proposal(run.id), records.encode(proposal))
        self._store.put_bytes(places.recipe(run.id), recipe.text.encode())
        return self._queue(run)

    @audited("run.resume")
    def resume(self, run_id: str, budget: float, settings: dict[str, Any] | None = None) -> Run:
        """A new run that goes on from where an ended one stopped, keeping the models it had trained."""
        self._gate.must(Power.TRAIN)
        earlier = self._gate.get(self._catalog.runs, run_id, Membership.EDITOR)
        if not earlier.status.is_final:
            raise Conflict(
                f"The run {earlier.name} is still {earlier.status}.",
                cure="Wait until it has ended, or cancel it first.",
            )
        run = replace(
            earlier,
            id=records.new_id("run"),
            budget=_budget(budget),
            settings=earlier.settings | (settings or {}),
            status=RunStatus.QUEUED,
            wanted=Wanted.FINISH,
            created_at=time.time(),
            claimed_at=None,
            finished_at=None,
            fence=0,
            worker=None,
            lease_until=None,
            resumed_from=run_id,
            salvaged=False,
            score=None,
            leaderboard=(),
            seconds={},
            artifacts=(),
            model_id=None,
            failure=None,
            owner=self.who.name,
        )
        for place in (places.proposal, places.recipe):
            self._store.put_bytes(place(run.id), self._store.read(place(run_id)))
        return self._queue(run)

    def run(self, run_id: str) -> Run:
        """A run as it stands now."""
        return self._gate.get(self._catalog.runs, run_id)

    def runs(
        self, project: str | None = None, status: RunStatus | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[Run]:
        """Runs, newest first; `before` is the id of the last one on the page before."""
        statuses = () if status is None else (status,)
        return self._catalog.runs.list(self._project_ids(project), statuses, before=before, limit=limit)

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> Sequence[Event]:
        """What has happened in a run since event `after`; waits up to `wait` seconds for something to happen."""
        self.run(run_id)
        until = time.monotonic() + wait
        while True:
            events = self._catalog.events.after(run_id, after, 500)
            if events or time.monotonic() >= until or (wait and self.run(run_id).status.is_final):
                return events
            time.sleep(_LOOK_EVERY)

    @audited("run.cancel")
    def cancel(self, run_id: str, *, keep: bool = False) -> Run:
        """Ask a run to end: with `keep`, it stops training now and keeps the best model so far."""
        run = self._gate.get(self._catalog.runs, run_id, Membership.EDITOR)
        return self._catalog.runs.want(run.id, Wanted.STOP if keep else Wanted.CANCEL)

    @audited("run.fetch")
    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        """One thing that a run left, as a file."""
        run = self.run(run_id)
        found = run.artifact(artifact)
        if found is None:
            raise NotFound(
                f"The run {run.name} has no {artifact}.", cause=f"It is {run.status}.", cure=f"It has: {_listed(run)}."
            )
        self._store.get_file(found.key, to)
        return to

    @audited("run.folder")
    def folder(self, run_id: str, to: Path) -> Path:
        """The run's folder, unpacked: its notebook runs there by hand, with the run's data."""
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise UsageError(f"{to} is there already and not empty.", cure="Name a folder that is not there yet.")
        run = self.run(run_id)
        dataset = self.dataset(run.dataset_id)
        to.mkdir(parents=True, exist_ok=True)
        intake.fetch(self._store, dataset, to / "data")
        proposal = records.decode(self._store.read(places.proposal(run.id)), Proposal)
        BenchFile.of(run, dataset, proposal, self._parts.sandbox.resources()).write(to)
        notebook = run.artifact("notebook")
        self._store.get_file(notebook.key if notebook else places.recipe(run.id), to / "notebook.ipynb")
        exploring.lay_beside(to)
        return to

    def nudge(self) -> None:
        """Make sure that somebody works on what is queued."""
        self._parts.dispatcher.nudge()

    def _queue(self, run: Run) -> Run:
        run = self._catalog.runs.add(run)
        self._parts.dispatcher.hint(run.id)
        return run


def _confirmed(notices: Sequence[Notice], accepted: Sequence[str]) -> None:
    """Refuse to go on while a notice stands that its owner has not said yes to."""
    for notice in notices:
        if notice.severity is Severity.CONFIRM and notice.code not in accepted:
            raise NotConfirmed(
                notice.message, cure=f"{notice.cure} To go on, accept it: --accept {notice.code}".strip()
            )


def _budget(seconds: float) -> float:
    if seconds < _LEAST_BUDGET:
        raise BudgetTooSmall(
            f"A budget of {seconds:g} seconds cannot be kept.",
            cause="Loading AutoGluon and saving a model take most of that.",
            cure=f"Give at least {_LEAST_BUDGET:g} seconds.",
        )
    if seconds > _MOST_BUDGET:
        raise UsageError(
            f"A budget of {seconds / 86400:.0f} days is more than a run may take.", cure="Give at most 30 days."
        )
    return float(seconds)


def _listed(run: Run) -> str:
    return ", ".join(artifact.name for artifact in run.artifacts) or "nothing"
