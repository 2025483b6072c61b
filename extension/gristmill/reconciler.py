"""Drives what is to what is wanted: what no worker will come back for is put in order here.

Run folders whose run has ended, or was never known, are removed, and what still runs in them is ended. Runs that
lapsed need nobody to look after them: the next claim takes them. Uploads whose time is over are dropped, with the parts
that had arrived, and so are those that lie there whole for days and of which nothing was made. What a run was asked
with, which was cancelled before anybody claimed it, goes where its worker would have put it.
"""

from __future__ import annotations

import logging
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from gristmill.bench import run_of
from gristmill.catalog import Catalog
from gristmill.errors import CatalogFailed, Conflict, GristmillError, NotFound
from gristmill.records import Failure, Upload, UploadStatus
from gristmill.stores import Shelf

if TYPE_CHECKING:  # it brings in reports, and so pandas
    from gristmill.worker.attempt import Tools

__all__ = ["Reconciler", "shelve_papers", "sweep_uploads"]

_FORGOTTEN = 2 * 24 * 3600.0  # seconds after its time is over that an upload lies there for nothing
_log = logging.getLogger("gristmill.reconciler")


def sweep_uploads(catalog: Catalog, shelf: Shelf) -> int:
    """Drop the uploads that nobody has completed in time, and those of which nothing was made; how many there were.

    The latter is what a client leaves that died while it looked at a file, or while it had one explored. A project's
    own store that is away keeps its bytes, and holds up nobody else's.
    """
    swept = 0
    for upload in catalog.uploads.expired():
        failure = Failure(
            code="expired", what=f"The upload {upload.name} was not completed in time.", cure="Upload the file again."
        )
        with suppress(Conflict):  # completed at the last moment
            catalog.uploads.settle(upload.id, UploadStatus.REJECTED, failure=failure)
            _drop(upload, shelf)
            swept += 1
    for upload in catalog.uploads.forgotten(_FORGOTTEN):
        failure = Failure(code="expired", what=f"Nothing was made of {upload.name}.", cure="Upload the file again.")
        with suppress(Conflict):  # a dataset at the last moment
            catalog.uploads.settle(upload.id, UploadStatus.REJECTED, failure=failure)
            _delete(upload, shelf)
            swept += 1
    return swept


def shelve_papers(catalog: Catalog, shelf: Shelf) -> int:
    """Put the papers of runs that have ended from the catalog into their stores; how many runs there were.

    A project's own store that is away keeps its runs' papers here, and holds up nobody else's.
    """
    shelved = 0
    for run_id in catalog.papers.left_over():
        try:
            store = shelf.of(catalog.runs.get(run_id))
            for key, paper in catalog.papers.of(run_id).items():
                store.put_bytes(key, paper)
        except CatalogFailed:
            raise
        except GristmillError as error:
            _log.warning("the papers of %s are still in the catalog: %s", run_id, error)
            continue
        catalog.papers.drop(run_id)
        shelved += 1
    return shelved


def _drop(upload: Upload, shelf: Shelf) -> None:
    if upload.token is None:
        return
    try:
        shelf.of(upload).abort(upload.key, upload.token)
    except GristmillError as error:
        _log.warning("the parts of %s are still there: %s", upload.id, error)


def _delete(upload: Upload, shelf: Shelf) -> None:
    try:
        shelf.of(upload).delete(upload.key)
    except GristmillError as error:
        _log.warning("the bytes of %s are still there: %s", upload.id, error)


class Reconciler:
    """Looks after what workers leave behind on this machine."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def tidy_folders(self) -> int:
        """Remove the run folders that nobody needs any more; how many there were."""
        tidied = 0
        for file in self._tools.folder.glob("*/run.json"):
            if (run_id := run_of(file.parent)) is None:
                continue
            try:
                run = self._tools.catalog.runs.get(run_id)
            except NotFound:
                run = None
            if run is None or run.status.is_final:
                self._tools.sandbox.sweep(file.parent)
                shutil.rmtree(file.parent, ignore_errors=True)
                tidied += 1
        return tidied
