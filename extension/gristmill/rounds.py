"""Something that is done every so often beside what a process is there for, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from gristmill.errors import GristmillError

__all__ = ["Round"]

_LAST_WORD = 35.0  # seconds that a round under way has to come to its end
_log = logging.getLogger("gristmill.rounds")


class Round:
    """Does `what` every so many seconds while the context is open, and once more at its end.

    What goes wrong is logged, and tried again the next time. What is not `prompt` is not begun at once, where others
    are waiting to, nor done once more; whoever closes the context does not wait for it.
    """

    def __init__(self, name: str, what: Callable[[], object], *, seconds: float, prompt: bool = True) -> None:
        self._name, self._what, self._seconds, self._prompt = name, what, seconds, prompt
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._go, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        if self._prompt:
            self._thread.join(_LAST_WORD)

    def _go(self) -> None:
        if not self._prompt:
            while not self._closed.wait(self._seconds):
                self._do()
            return
        while True:
            is_last = self._closed.is_set()
            self._do()
            if is_last:
                return
            self._closed.wait(self._seconds)

    def _do(self) -> None:
        try:
            self._what()
        except GristmillError as failed:  # a catalog that is away comes back
            _log.warning("%s: %s", self._name, failed)
        except Exception:
            _log.exception("%s failed", self._name)
