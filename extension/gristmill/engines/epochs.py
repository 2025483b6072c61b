"""What a network says of itself while it trains: each epoch becomes an event.

A candidate goes into model archives, where nobody listens. So it tells a logger of its own module, as a dictionary
`progress` on the record, and who watches the fit listens there.
"""

from __future__ import annotations

import logging

from gristmill.engines.base import Say
from gristmill.records import EventKind

__all__ = ["report_epochs"]


class _Epochs(logging.Handler):
    """Says each epoch of a network in training."""

    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        progress = getattr(record, "progress", None)
        if progress is not None:
            self._say(EventKind.PHASE, {"phase": "fit", **progress})


def report_epochs(say: Say, module: str) -> None:
    """Have `say` be told each epoch of the networks that `module` trains."""
    logger = logging.getLogger(module)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for handler in [one for one in logger.handlers if isinstance(one, _Epochs)]:
        logger.removeHandler(handler)
    logger.addHandler(_Epochs(say))
