"""Claims runs and carries them out, one at a time.

A run may be claimed that another worker had begun: its lease has lapsed, so that worker is gone, or cut off. Whatever
it left running on this machine is ended first, and what it had trained is kept. The budget goes on counting from the
first claim.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from gristmill.bench import run_of
from gristmill.logs import about
from gristmill.records import Run, RunKind
from gristmill.sandbox import Execution
from gristmill.worker.attempt import Attempt, Tools
from gristmill.worker.batch import Batch
from gristmill.worker.comparing import Comparing
from gristmill.worker.explaining import Explaining
from gristmill.worker.exploring import Exploring
from gristmill.worker.training import Training

__all__ = ["Worker"]

_LOOK_EVERY = 0.1
_log = logging.getLogger("gristmill.worker")
_ATTEMPTS: dict[RunKind, type[Attempt]] = {
    RunKind.TRAIN: Training,
    RunKind.BATCH: Batch,
    RunKind.COMPARE: Comparing,
    RunKind.EXPLAIN: Explaining,
    RunKind.EXPLORE: Exploring,
}


class Worker:
    """One run after another. `name` is told to the catalog, so that a person can see who works on what.

    `warm` is a run folder whose sandbox is loading already, for a run that is about to come.
    """

    def __init__(self, tools: Tools, *, name: str | None = None, warm: tuple[Path, Execution] | None = None) -> None:
        self._tools = tools
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._warm = warm

    def serve(
        self, stopped: Callable[[], bool], *, called: Callable[[], bool] = lambda: False, idle: float | None = None
    ) -> None:
        """Work until `stopped`, or until there has been nothing to do for `idle` seconds.

        When `called` while there is nothing to do, it has a sandbox load for the run that is about to come.
        """
        busy_at = time.monotonic()
        try:
            while not stopped():
                if self.work_once():
                    busy_at = time.monotonic()
                    called()  # whatever was announced meanwhile has come, or is next
                elif called():
                    busy_at = time.monotonic()
                    self._warm = self._warm or self._tools.sandbox.prepare_within(self._tools.folder)
                elif idle is not None and time.monotonic() - busy_at > idle:
                    return
                else:
                    time.sleep(_LOOK_EVERY)
        finally:
            self.cool_down()

    def work_once(self) -> bool:
        """Carry out one run if there is one waiting; whether there was."""
        run = self._tools.catalog.runs.claim(self.name, self._tools.lease_seconds)
        if run is None:
            return False
        folder, execution = self._warm or self._tools.sandbox.prepare_within(self._tools.folder)
        self._warm = None
        began = time.monotonic()
        with about(run=run.id):
            _log.info("claimed %s", run.name, extra={"fence": run.fence, "owner": run.owner, "kind": run.kind.value})
            try:
                self._take_over(run, folder)
                _ATTEMPTS[run.kind](self._tools, run, folder, execution).carry_out()
            finally:
                execution.kill()
                shutil.rmtree(folder, ignore_errors=True)
                _log.info("let go after %.1f s", time.monotonic() - began)
        return True

    def cool_down(self) -> None:
        """Give the warm sandbox up, if there is one."""
        if self._warm is not None:
            folder, execution = self._warm
            self._warm = None
            execution.kill()
            shutil.rmtree(folder, ignore_errors=True)

    def _take_over(self, run: Run, folder: Path) -> None:
        """End what earlier attempts at this run left running here, and keep what they had trained."""
        if run.fence == 1:
            return
        for file in sorted(self._tools.folder.glob("*/run.json"), key=lambda path: path.stat().st_mtime):
            if run_of(file.parent) == run.id and file.parent != folder:
                self._tools.sandbox.sweep(file.parent)
                shutil.rmtree(folder / "out", ignore_errors=True)
                if (file.parent / "out").exists():
                    (file.parent / "out").rename(folder / "out")
                shutil.rmtree(file.parent, ignore_errors=True)
