"""A card in a notebook that keeps up with what it shows: a thread of the kernel's draws it anew where it stands.

The thread ends when nothing follows any more, when a newer card has taken over, when the platform has been out of reach
for a while, and with the kernel. The card then stays as it was drawn last, and is saved with the notebook like that.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from gristmill.errors import GristmillError

__all__ = ["in_notebook", "keep_up"]

_EVERY = 2.0  # seconds between two looks
_MOST_MISSED = 30  # looks in a row that were answered with an error

Draw = Callable[[], tuple[str, bool]]  # the card as HTML, and whether it may still change


def in_notebook() -> bool:
    """Whether this is a kernel, which has loaded IPython itself if it is one."""
    shell = sys.modules.get("IPython")
    return shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None


def keep_up(draw: Draw, is_current: Callable[[], bool]) -> None:
    """Show the card now, and anew whenever it looks different, for as long as it is the current one."""
    import IPython.display

    screen: Any = IPython.display  # which has no types
    first, goes_on = draw()
    card = screen.display(screen.HTML(first), display_id=True)

    def follow() -> None:
        shown, follows, missed = first, goes_on, 0
        while follows and missed < _MOST_MISSED:
            time.sleep(_EVERY)
            if not is_current():
                return
            try:
                now, follows = draw()
            except GristmillError:
                missed += 1
                continue
            missed = 0
            if now != shown:
                shown = now
                card.update(screen.HTML(now))

    threading.Thread(target=follow, name="gristmill-card", daemon=True).start()
