"""A dataset's files beside an opened notebook: one read-only copy a dataset, which all notebooks on it are linked to.

The copy lies outside of the person's files, in GRISTMILL_HOME/files/data, and `data` in an opened folder is a symbolic
link to it. It is a copy and no hard link to the store's object, though both may lie on one disk: a hard link is the
object itself, and whoever writes into it changes what the store holds. A copy that was changed all the same is noticed
when the next notebook is opened, and fetched anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from gristmill.client.protocol import Client
from gristmill.errors import NotFound

__all__ = ["lend"]

_ID = re.compile(r"dataset-[0-9a-z]{1,40}")
_READ_FILE, _READ_FOLDER, _WRITE_FOLDER = 0o444, 0o555, 0o755


def lend(client: Client, dataset_id: str, shelf: Path, at: Path) -> None:
    """Have `at` lead to the dataset's files, which lie in a folder of `shelf` and are fetched if they do not yet."""
    kept = _kept(client, dataset_id, shelf)
    try:
        at.symlink_to(kept.absolute(), target_is_directory=True)
    except OSError:  # a disk without links: it gets files of its own
        shutil.copytree(kept, at, copy_function=shutil.copyfile)


def _kept(client: Client, dataset_id: str, shelf: Path) -> Path:
    if not _ID.fullmatch(dataset_id):
        raise NotFound(f"There is no dataset {dataset_id[:60]!r}.")
    folder, note = shelf / dataset_id, shelf / f"{dataset_id}.json"
    if folder.is_dir() and _noted(note) == _traces(folder):
        return folder
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf, prefix=".fetching-") as scratch:
        fresh = client.data(dataset_id, Path(scratch) / "data")
        for path in fresh.rglob("*"):
            path.chmod(_READ_FOLDER if path.is_dir() else _READ_FILE)
        traces = _traces(fresh)
        _remove(folder)
        try:
            fresh.rename(folder)
        except OSError:
            _remove(fresh)  # somebody else was quicker
            if not folder.is_dir():
                raise
        folder.chmod(_READ_FOLDER)  # not before: a folder that may not be written cannot be moved
        note.write_text(json.dumps(traces), encoding="utf-8")
    return folder


def _traces(folder: Path) -> dict[str, list[int]]:
    """What changes when a file does."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        seen = path.stat()
        found[path.relative_to(folder).as_posix()] = [seen.st_size, seen.st_mtime_ns]
    return found


def _noted(note: Path) -> object:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _remove(folder: Path) -> None:
    """A folder and all that is in it, which may be read-only."""
    for top, _, _ in os.walk(folder):
        Path(top).chmod(_WRITE_FOLDER)
    shutil.rmtree(folder, ignore_errors=True)
