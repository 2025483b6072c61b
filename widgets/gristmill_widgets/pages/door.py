"""The door of a page: it stands ready before anybody comes, and shows the wizard once it is told whom for.

A page is drawn before its visitor is known, so its one cell shows the door's widget, empty but for a word of patience.
`let_in` is called once, by the service, over the kernel's own channel. Where the platform cannot be reached, the door
says so and tries again until it can.
"""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from typing import Any

from gristmill.errors import GristmillError, HubAway

__all__ = ["Door"]

_AGAIN = 3.0  # seconds between two tries


class Door:
    """The page of one visitor; `build` makes what they see of the platform's URL and their token."""

    def __init__(self, build: Callable[[str, str], Any], *, again: float = _AGAIN) -> None:
        import ipywidgets

        self._build, self._again = build, again
        self._said = ipywidgets.HTML()
        self.widget = ipywidgets.VBox([self._said])
        self.widget.add_class("gm-door")
        self.taken = False
        self._lock = threading.Lock()

    def let_in(self, url: str, token: str) -> None:
        """Open for this visitor; whoever comes later finds it taken."""
        with self._lock:
            if self.taken:
                return
            self.taken = True
        threading.Thread(target=self._open, args=(url, token), name="door", daemon=True).start()

    def _open(self, url: str, token: str) -> None:
        waiting = threading.Event()
        while True:
            try:
                self.widget.children = (self._build(url, token),)
                return
            except HubAway:
                self._say("The platform does not answer just now.", "This page goes on by itself as soon as it does.")
            except GristmillError as error:
                self._say(error.failure.what, error.failure.cure or "Open this page again, or sign in again.")
                return
            waiting.wait(self._again)

    def _say(self, what: str, then: str) -> None:
        words = f"<p role='status' class='gm-door-said'><strong>{html.escape(what)}</strong> {html.escape(then)}</p>"
        if self._said.value != words:
            self._said.value = words
