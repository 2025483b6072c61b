"""Inside a process sandbox: the notebook's kernel, which loads what takes long before anyone asks it anything.

    python -m gristmill.sandbox.kernel CONNECTION-FILE PARENT-PID

What a recipe imports first is loaded here; what a fit will need goes on loading in a thread. It is a plain IPython
kernel otherwise, and ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from importlib import import_module

__all__ = ["end_with_parent"]

_PR_SET_PDEATHSIG = 1
_FIRST = ("autogluon.tabular", "gristmill.bench", "gristmill.engines.tabular", "gristmill.figures", "gristmill.tasks")
_LATER = ("torch", "lightgbm")
_QUIET = ["--IPKernelApp.log_level=ERROR", "--HistoryManager.enabled=False"]


def main(connection_file: str, parent: int) -> None:
    end_with_parent(parent)
    begun = time.time()
    gc.disable()  # nothing that is loaded here is ever garbage: a seventh of the loading would be spent looking
    _load(_FIRST)
    from ipykernel.kernelapp import launch_new_instance

    gc.freeze()
    gc.enable()
    threading.Thread(target=_load, args=(_LATER,), daemon=True).start()
    os.environ["GRISTMILL_WARM_SECONDS"] = str(time.time() - begun)
    launch_new_instance(argv=["-f", connection_file, *_QUIET])


def end_with_parent(parent: int) -> None:
    """Have the machine end this process when the one that started it, `parent`, is gone; at once if it is already."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit()


def _load(modules: Sequence[str]) -> None:
    with contextlib.suppress(ImportError):
        for module in modules:
            import_module(module)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
