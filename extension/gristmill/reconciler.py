"""Drives what is to what is wanted: what no worker will come back for is put in order here.

Run folders whose run has ended, or was never known, are removed, and what still runs in them is ended. Runs that
lapsed need nobody to look after them: the next claim takes them.
"""

from __future__ import annotations

import shutil

from gristmill.bench import BenchFile
from gristmill.errors import GristmillError, NotFound
from gristmill.worker.attempt import Tools

__all__ = ["Reconciler"]


class Reconciler:
    """Looks after what workers leave behind on this machine."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def tidy_folders(self) -> int:
        """Remove the run folders that nobody needs any more; how many there were."""
        tidied = 0
        for file in self._tools.folder.glob("*/run.json"):
            try:
                run = self._tools.catalog.runs.get(BenchFile.read(file.parent).run_id)
            except NotFound:
                run = None
            except (GristmillError, ValueError):
                continue
            if run is None or run.status.is_final:
                self._tools.sandbox.sweep(file.parent)
                shutil.rmtree(file.parent, ignore_errors=True)
                tidied += 1
        return tidied
