"""Inside a process sandbox: keeps one kernel, executes one notebook in it with papermill, and says how it ended.

    python -m gristmill.sandbox.runner FOLDER ENDING    then on stdin: {"notebook": …, "parameters": {…}}

It starts the kernel before it is told what to run, and has it import what takes long, so that a run does not wait; what
a fit will need goes on loading in a thread of the kernel. The words for the outside are files in the folder:
events.jsonl (phases, from the cells' `phase:` tags), log.txt (what the cells print, as they print it) and ENDING, a
file's name. Of papermill's own account of a stopped run nothing is used, because a notebook that was killed says of its
last cell that it is completed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_PRELOAD = """
import ctypes, os, signal, threading, time
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
_begun = time.time()
try:
    import autogluon.tabular
    import gristmill.bench, gristmill.figures, gristmill.tasks, gristmill.engines.tabular
    threading.Thread(target=lambda: [__import__(name) for name in ("torch", "lightgbm")], daemon=True).start()
except ImportError:
    pass
os.environ["GRISTMILL_WARM_SECONDS"] = str(time.time() - _begun)
del ctypes, os, signal, threading, time, _begun
"""


def main(folder: Path, ending: Path) -> None:
    _die_with_parent()
    kernel = _start_kernel(folder)
    try:
        import papermill  # noqa: F401  (a second of loading, while the kernel loads too)

        line = sys.stdin.readline()
        if line:
            threading.Thread(target=_watch_kernel, args=(ending, kernel), daemon=True).start()
            _say_ending(ending, _execute(folder, kernel, json.loads(line)))
    finally:
        kernel.shutdown_kernel(now=True)


def _watch_kernel(ending: Path, kernel: Any) -> None:
    """End this process when the kernel is dead: papermill may wait for it forever (nteract/papermill#125)."""
    while kernel.provisioner.process.poll() is None:
        time.sleep(0.2)
    time.sleep(1.0)  # for a kernel that was shut down in good order, whose ending is being told right now
    if not ending.exists():
        _say_ending(ending, {"kind": "died", "message": "The notebook's kernel died."})
    os._exit(0)


def _say_ending(ending: Path, said: dict[str, str]) -> None:
    part = ending.with_name(f"{ending.name}.part")
    part.write_text(json.dumps(said))
    part.rename(ending)


def _start_kernel(folder: Path) -> Any:
    from jupyter_client.manager import KernelManager

    kernel = KernelManager(kernel_name="python3")
    kernel.start_kernel(
        cwd=str(folder), extra_arguments=["--IPKernelApp.log_level=ERROR", "--HistoryManager.enabled=False"]
    )
    client = kernel.client()
    client.start_channels()
    client.execute(_PRELOAD, silent=True, store_history=False)
    return kernel


def _execute(folder: Path, kernel: Any, job: dict[str, Any]) -> dict[str, str]:
    """Run the notebook in place; its ending as the worker reads it."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    _save_whole_notebooks()
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        try:
            papermill.execute_notebook(
                job["notebook"], job["notebook"], job["parameters"],
                kernel_name="python3", language="python", km=kernel, cwd=str(folder), stdout_file=log, stderr_file=log,
                progress_bar=False,
                autosave_cell_every=5, on_cell_start=_PhaseTeller(folder),
            )  # fmt: skip
        except PapermillExecutionError as error:
            return {"kind": "failed", "error": error.ename, "message": str(error.evalue)}
        except DeadKernelError:
            return {"kind": "died", "message": "The notebook's kernel died."}
    return {"kind": "done"}


def _save_whole_notebooks() -> None:
    """Have papermill save by renaming: whoever kills it in mid write still finds the notebook as it was before."""
    from papermill.iorw import LocalHandler, papermill_io

    class Whole(LocalHandler):  # type: ignore[misc]  # papermill ships no types
        def write(self, buf: str, path: str) -> None:
            super().write(buf, f"{path}.part")
            Path(f"{path}.part").replace(path)

    papermill_io.register("/", Whole())


class _PhaseTeller:
    """Says which phase a cell begins, from the cell's `phase:` tag."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, cell: Any, **_: Any) -> None:
        for tag in cell.metadata.get("tags", ()):
            if tag.startswith("phase:"):
                line = json.dumps({"at": time.time(), "kind": "phase", "body": {"phase": tag.removeprefix("phase:")}})
                with (self._folder / "events.jsonl").open("a", encoding="utf-8") as events:
                    events.write(line + "\n")


def _die_with_parent() -> None:
    """Have the kernel of the machine end this process when its worker is gone, and pick it first when memory is."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[1], sys.argv[2]))
