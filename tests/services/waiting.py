"""Waiting for what comes sooner or later, on a machine however busy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["until"]

Found = TypeVar("Found")

PATIENCE = 240.0  # seconds


def until(come: Callable[[], Found], what: str = "what was waited for") -> Found:
    """What `come` gives as soon as that is true; a test that waits in vain fails."""
    deadline = time.monotonic() + PATIENCE
    while not (found := come()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come")
        time.sleep(0.05)
    return found
