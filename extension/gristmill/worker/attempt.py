"""One claim of one run, from claim to finish: what all kinds of runs have in common.

What a kind does is a subclass: Training (training.py), Batch (batch.py), Comparing (comparing.py),
Explaining (explaining.py), Exploring (exploring.py).

Whatever happens, the run ends with a sentence: what it was for, or a failure with its cause and cure. Only a lost lease
ends in silence, because the run is somebody else's by then.
"""

from __future__ import annotations

import errno
import time
import traceback
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from pathlib import Path

from gristmill.budget import Budget
from gristmill.catalog import Catalog, Outcome
from gristmill.errors import CatalogFailed, GristmillError, LeaseLost, RunCancelled, RunFailed
from gristmill.records import Artifact, Dataset, Model, Run, RunKind, RunStatus
from gristmill.sandbox import Execution, Sandbox
from gristmill.stores import Shelf, Store, places
from gristmill.stores.patient import Patient
from gristmill.worker.keeper import Keeper
from gristmill.worker.lease import Lease
from gristmill.worker.relay import Relay

__all__ = ["Attempt", "Tools"]

_MOST_CLAIMS = 5  # a run that has outlived so many workers is what they died of
_RESUME = "`gristmill resume {id} --budget …` tries again."
_PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0, 0.0)  # seconds between tries to reach the catalog when a run has ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What a worker works with; `folder` holds its run folders.

    `store` is the platform's own. What belongs to a project lies where the `shelf` finds it. A worker that is `patient`
    waits for a store that is away.
    """

    catalog: Catalog
    store: Store
    sandbox: Sandbox
    folder: Path
    lease_seconds: float = 15.0
    patient: bool = False
    shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shelf", Shelf(self.catalog, self.store, wrap=Patient if self.patient else None))


class Attempt(ABC):
    """Carries out `run` in `folder`, where `execution` is warming up already. Override `work` and `remains`."""

    def __init__(self, tools: Tools, run: Run, folder: Path, execution: Execution) -> None:
        self._tools = tools
        self._run = run
        self._folder = folder
        self._execution = execution
        # The claim was timed by the catalog's clock, which may be another machine's: reckon it in ours.
        self._started_at = time.time() - (tools.catalog.now() - (run.claimed_at or 0.0))
        self._relay = Relay(folder, tools.catalog, run)
        self._keeper = Keeper(self._store, run, folder)
        self._budget = Budget(run.budget, started_at=self._started_at, storing=self._keeper.seconds_left)

    @abstractmethod
    def work(self, lease: Lease) -> None:
        """Do what the run is for and `finish` it, or raise what it ended with."""

    @abstractmethod
    def remains(self, error: GristmillError) -> tuple[Artifact, ...]:
        """What is worth keeping of a run that ended with `error`, put into the store."""

    def close(self) -> None:
        """Let go of everything."""
        self._execution.kill()
        self._keeper.close()

    def carry_out(self) -> None:
        """Bring the run to its end; returns quietly when another worker has taken it over."""
        try:
            with Lease(self._tools.catalog, self._run, seconds=self._tools.lease_seconds) as lease:
                try:
                    if self._run.fence > _MOST_CLAIMS:
                        raise _deadly(self._run)
                    self._shelve()
                    self.work(lease)
                except LeaseLost:
                    raise
                except GristmillError as error:
                    self._give_up(error)
                except Exception as error:  # whatever it is, the run must end, or its next worker meets it again
                    traceback.print_exception(error)
                    self._give_up(_fault(error))
        except LeaseLost:
            return
        finally:
            self.close()

    def _store(self) -> Store:
        """Where the run's papers lie, and what it leaves."""
        return self._tools.shelf.of(self._run)

    def _shelve(self) -> None:
        """Put what the run was asked with into the store; the catalog held it for whoever claims it."""
        papers = self._tools.catalog.papers
        for key, paper in papers.of(self._run.id).items():
            self._store().put_bytes(key, paper)
        papers.drop(self._run.id)

    def _dataset(self) -> Dataset:
        if self._run.dataset_id is None:
            raise RunFailed("The run has no dataset.", cure="Ask for it again.")
        return self._tools.catalog.datasets.get(self._run.dataset_id)

    def _give_up(self, error: GristmillError) -> None:
        """End the run with a failure; what it leaves is kept for whoever wants to look, or to resume."""
        self._execution.kill()
        status = RunStatus.CANCELLED if isinstance(error, RunCancelled) else RunStatus.FAILED
        try:
            artifacts = self.remains(error)
        except Exception:  # the store or the disk may be what failed: the run's end must be known all the same
            artifacts = ()
        self.finish(replace(self.outcome(status), artifacts=artifacts, failure=error.failure))

    def finish(self, outcome: Outcome, model: Model | None = None) -> None:
        """The one moment in which the run ends; what earlier attempts left in the store is not needed from then on.

        If the catalog went away in that moment, it may have ended already: asking again is then answered by LeaseLost.
        """
        for pause in _PATIENCE:
            try:
                self._tools.catalog.runs.finish(self._run.id, self._run.fence, outcome, model)
                break
            except CatalogFailed:
                if not pause:
                    raise
                time.sleep(pause)
        for fence in range(1, self._run.fence):
            self._store().delete_all(places.attempt(self._run.id, fence))

    def outcome(self, status: RunStatus) -> Outcome:
        """How the run ends, with what is known of any: how long it took."""
        now = time.time()
        seconds = self._relay.seconds(now) | {"total": round(now - self._started_at, 3)}
        return Outcome(status=status, seconds=seconds)


def _fault(error: Exception) -> GristmillError:
    """A sentence for what nobody has foreseen."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunFailed(
            "The run could not go on: the disk is full.", cure="Make room, then resume the run; its upload is safe."
        )
    return RunFailed(
        "Something went wrong inside the worker.",
        cause=f"{type(error).__name__}: {error}.",
        cure="The worker's log has the details.",
    )


def _deadly(run: Run) -> GristmillError:
    return RunFailed(
        f"{_MOST_CLAIMS} workers have died with this run.",
        cause="Something about it ends them, most likely a lack of memory on their machines.",
        cure="Look at the worker's log; " + (_RESUME.format(id=run.id) if run.kind is RunKind.TRAIN else "ask again."),
    )
