"""The door of a page: it stands ready before anybody comes, and shows the wizard once it is told whom for.

A page is drawn before its visitor is known, so its one cell shows the door's widget, with nothing in it. `let_in` is
called once, by the service, over the kernel's own channel, in the kernel's own loop. Where the platform cannot be
reached, the door says so and tries again until it can.
"""

from __future__ import annotations

import asyncio
import html
import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

from gristmill.errors import GristmillError, HubAway

__all__ = ["Door", "warm"]

_AGAIN = 3.0  # seconds between two tries
_SERVICE = "gristmill_widgets.service"  # what serves pages is no part of a page


class Door:
    """The page of one visitor; `build` makes what they see of the platform's URL and their token."""

    def __init__(self, build: Callable[[str, str], Any], *, again: float = _AGAIN) -> None:
        import ipywidgets

        ipywidgets.register_comm_target()  # a copy has imported it before it was a kernel
        self._build, self._again = build, again
        self._said = ipywidgets.HTML()
        self.widget = ipywidgets.VBox([])
        self.widget.add_class("gm-door")
        self.taken = False

    def let_in(self, url: str, token: str) -> None:
        """Open for this visitor; whoever comes later finds it taken."""
        if not self.taken:
            self.taken = True
            self._open(url, token)

    def _open(self, url: str, token: str) -> None:
        try:
            shown = self._build(url, token)
        except HubAway:
            self._say("The platform does not answer just now.", "This page goes on by itself as soon as it does.")
            asyncio.get_running_loop().call_later(self._again, self._open, url, token)
        except GristmillError as error:
            self._say(error.failure.what, error.failure.cure or "Open this page again, or sign in again.")
        except Exception:  # whatever it is: a traceback would show what the visitor's token is used for
            self._say("Something went wrong here.", "It is not your fault. Please open this page again.")
        else:
            self.widget.children = (shown,)

    def _say(self, what: str, then: str) -> None:
        words = f"<p role='status' class='gm-host-said'><strong>{html.escape(what)}</strong> {html.escape(then)}</p>"
        self._said.value = words
        self.widget.children = (self._said,)


@cache
def warm() -> None:
    """Import all that a page will need, while nobody waits for it."""
    import gristmill
    import gristmill_widgets

    for module in pkgutil.walk_packages(gristmill_widgets.__path__, "gristmill_widgets."):
        if not module.name.startswith(_SERVICE):
            importlib.import_module(module.name)
    gristmill.connect("http://127.0.0.1:9/", "nobody")  # asks nobody yet, but has what it will ask with
