"""Ends an execution that must not go on: cancelled, stopped, out of memory, or about to overrun its budget.

The recipe plans its time by the same `Budget`; the watchdog is for when the plan fails, or the kernel hangs. Until the
model is saved it keeps back what a restart and a salvage cost; once the model is saved, only what finishing costs. When
training does not end at its time, it calls for a second sandbox to warm up beside, before it ends the first. Where no
candidate is finished when that time has come, there is nothing to salvage, and the first sandbox goes on to the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gristmill.budget import Budget
from gristmill.records import Resources, Wanted
from gristmill.sandbox import End, Ending, Execution
from gristmill.worker.lease import Lease
from gristmill.worker.relay import Relay

__all__ = ["LAST_MOMENT", "Cause", "Stop", "Watchdog"]

_LOOK_EVERY = 0.1
_WEIGH_EVERY = 1.0
LAST_MOMENT = 3.0  # seconds before the budget's end when a run that has saved nothing is given up


class Cause(StrEnum):
    """Why an execution is over."""

    DONE = "done"
    FAILED = "failed"
    DIED = "died"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    MEMORY = "memory"
    OVERRUN = "overrun"


@dataclass(frozen=True, slots=True)
class Stop:
    """The end of an execution, with what to tell a person."""

    cause: Cause
    message: str = ""


@dataclass(slots=True)
class Watchdog:
    """Watches one execution to its end.

    `saved` tells whether the model is safe, `made` whether there is a candidate to salvage; `keep` and `stand_by` are
    called again and again.
    """

    budget: Budget
    started_at: float
    resources: Resources
    saved: Callable[[], bool]
    keep: Callable[[], object]
    stand_by: Callable[[], object]
    made: Callable[[], bool]
    salvages: bool = False
    clock: Callable[[], float] = time.time
    _too_late: bool = False

    def watch(self, execution: Execution, lease: Lease, relay: Relay) -> Stop:
        """Relay until the execution has ended or must be ended."""
        weighed_at = self.clock()
        while True:
            ending = execution.poll()
            relay.pump()
            self.keep()
            if ending is not None:
                return self._ended(ending)
            stop = self._wish(lease, relay) or self._overrun(relay)
            if stop is None and self.clock() - weighed_at >= _WEIGH_EVERY:
                weighed_at = self.clock()
                stop = self._weigh(execution)
            if stop is not None:
                execution.kill()
                relay.pump()
                return stop
            time.sleep(_LOOK_EVERY)

    def _ended(self, ending: Ending) -> Stop:
        if ending.kind is End.FAILED and ending.error == "MemoryError":
            return self._out_of_memory()
        if ending.kind is End.FAILED:
            return Stop(Cause.FAILED, f"{ending.error}: {ending.message}".rstrip(": "))
        if ending.kind is End.DIED:
            return Stop(Cause.DIED, "the notebook's process died")
        return Stop(Cause.DONE)

    def _wish(self, lease: Lease, relay: Relay) -> Stop | None:
        match lease.wanted:
            case Wanted.CANCEL:
                return Stop(Cause.CANCELLED, "it was cancelled")
            case Wanted.STOP if not (self.saved() or self._comes_home(relay)):
                return Stop(Cause.STOPPED, "it was asked to stop and keep the best model so far")
        return None

    def _overrun(self, relay: Relay) -> Stop | None:
        if self.saved():
            kept_back = self.budget.for_finishing()
        elif self._comes_home(relay):
            kept_back = LAST_MOMENT
        else:
            fit_began = relay.began("fit") or self.clock()
            restart = self.budget.for_restart(Budget.loading(fit_began - self.started_at, relay.warm))
            overrun = restart + self.budget.for_saving() - Budget.TOLERANCE
            if relay.now == "fit" and self.budget.left() < overrun and self.made():
                self.stand_by()
            # However large the models are, a fit has the time that it was promised.
            kept_back = max(restart, min(restart + self.budget.for_homecoming(), overrun - Budget.TOLERANCE))
            if self.budget.left() < kept_back and (self._too_late or not self.made()):
                self._too_late = True  # for a salvage: what comes of the fit now must come home by itself
                kept_back = LAST_MOMENT
        return Stop(Cause.OVERRUN, "its budget was about to end") if self.budget.left() < kept_back else None

    def _comes_home(self, relay: Relay) -> bool:
        """Whether training is over and its result on the way: a salvage would only do again what is being done."""
        return self.salvages or (relay.began("fit") is not None and relay.now != "fit")

    def _weigh(self, execution: Execution) -> Stop | None:
        return self._out_of_memory() if execution.memory() > self.resources.memory else None

    def _out_of_memory(self) -> Stop:
        return Stop(
            Cause.MEMORY, f"it needed more than the {self.resources.memory / 1e9:.1f} GB of memory that it may use"
        )
