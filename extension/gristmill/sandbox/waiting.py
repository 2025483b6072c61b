"""One notebook, executed to its end within bounds of time and memory, by whoever waits for it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gristmill.sandbox.base import End, Ending, Execution

__all__ = ["execute"]

_LOOK_EVERY = 0.1
_WEIGH_EVERY = 1.0  # weighing asks the machine about every process of the execution


def execute(
    execution: Execution, notebook: Path, parameters: Mapping[str, Any], *, seconds: float, memory: int
) -> Ending | None:
    """How it ended; None if it did not within `seconds`. Nothing of the execution is left when this returns.

    More than `memory` bytes end it as a death with a sentence, and so does a MemoryError of its own.
    """
    try:
        execution.start(notebook, parameters)
        begun = weighed = time.monotonic()
        while (ending := execution.poll()) is None:
            now = time.monotonic()
            if now - begun >= seconds:
                return None
            if now - weighed >= _WEIGH_EVERY:
                weighed = now
                if execution.memory() > memory:
                    return _too_large(memory)
            time.sleep(_LOOK_EVERY)
    finally:
        execution.kill()
    return _too_large(memory) if ending.error == "MemoryError" else ending


def _too_large(memory: int) -> Ending:
    return Ending(kind=End.DIED, message=f"It needed more than the {memory / 1e9:.1f} GB of memory that it may use.")
