"""Inside a process sandbox: keeps one kernel, executes one notebook in it with papermill, and says how it ended.

    python -m gristmill.sandbox.runner FOLDER ENDING PARENT-PID    then on stdin: {"notebook": …, "parameters": {…}}

It starts the kernel before it is told what to run, so that a run does not wait for what takes long to load. The words
for the outside are files in the folder: events.jsonl (phases, from the cells' `phase:` tags), log.txt (what the cells
print, as they print it) and ENDING, a file's name. Of papermill's own account of a stopped run nothing is used, because
a notebook that was killed says of its last cell that it is completed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from gristmill import notebooks
from gristmill.sandbox.kernel import end_with_parent

_CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


def main(folder: Path, ending: Path, parent: int) -> None:
    end_with_parent(parent)
    _die_first()
    # another execution may be warming up in the same folder: each kernel has sockets of its own
    connection = f".private/{secrets.token_hex(4)}"
    kernel = _connect(_start_kernel(folder, connection), connection)
    try:
        notebooks.papermill()  # it takes a while, and the kernel is loading too
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


def _start_kernel(folder: Path, connection: str) -> subprocess.Popen[bytes]:
    """The kernel's process, started before anything that could connect to it is loaded.

    They speak through sockets in the folder: a TCP port that is chosen here may be another's before the kernel has it.
    """
    file = f"{connection}.json"
    (folder / file).write_text(
        json.dumps(
            {f"{channel}_port": number for number, channel in enumerate(_CHANNELS, 1)}
            | {"transport": "ipc", "ip": connection, "key": secrets.token_hex(32)}
            | {"signature_scheme": "hmac-sha256", "kernel_name": "python3"}
        )
    )
    command = [sys.executable, "-m", "gristmill.sandbox.kernel", file, str(os.getpid())]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, start_new_session=True)


def _connect(process: subprocess.Popen[bytes], connection: str) -> Any:
    """The kernel as Jupyter's own manager knows one."""
    from jupyter_client.manager import KernelManager
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner

    kernel = KernelManager(kernel_name="python3", connection_file=f"{connection}.json")
    kernel.load_connection_file()
    kernel.provisioner = LocalProvisioner(kernel_id="kernel", kernel_spec=kernel.kernel_spec, parent=kernel)
    kernel.provisioner.process = process
    kernel.provisioner.pid = kernel.provisioner.pgid = process.pid
    return kernel


def _execute(folder: Path, kernel: Any, job: dict[str, Any]) -> dict[str, str]:
    """Run the notebook in place; its ending as the worker reads it."""
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    _save_whole_notebooks()
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        try:
            notebooks.papermill().execute_notebook(
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


def _die_first() -> None:
    """Have the machine pick this process and its kernel first when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[1], sys.argv[2]), int(sys.argv[3]))
