"""Holding on to a run: a thread renews the lease while the worker is busy, and brings back what the owner wants.

A lease that was lost is lost for good: another worker has the run, and this one must write nothing more. The catalog
refuses it anyway, by the fence; knowing it early saves the work.
"""

from __future__ import annotations

import threading
from types import TracebackType

from gristmill.catalog import Catalog
from gristmill.errors import GristmillError, LeaseLost
from gristmill.records import Run, Wanted

__all__ = ["Lease"]


class Lease:
    """The right to work on `run`, for as long as the context is open."""

    def __init__(self, catalog: Catalog, run: Run, *, seconds: float) -> None:
        self._catalog = catalog
        self._run = run
        self._seconds = seconds
        self._closed = threading.Event()
        self._lost: LeaseLost | None = None
        self._thread = threading.Thread(target=self._renew, name=f"lease of {run.id}", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    @property
    def wanted(self) -> Wanted:
        """What the run's owner wants; LeaseLost when the run is no longer ours."""
        if self._lost is not None:
            raise self._lost
        return self._run.wanted

    def _renew(self) -> None:
        while not self._closed.wait(min(self._seconds / 3, 1.0)):
            try:
                self._run = self._catalog.runs.renew(self._run.id, self._run.fence, self._seconds)
            except LeaseLost as lost:
                self._lost = lost
                return
            except GristmillError:
                continue  # the catalog is away for a moment: the lease still has time, and finishing will tell
