"""The door of a page: it stands ready before anybody comes, and shows the wizard once it is told whom for.

A page is made before its visitor is known, with nothing in it. `let_in` is called once, by the service, over the
kernel's own channel, in the kernel's own loop; the page then finds in the door's state which widget to show. Where the
platform cannot be reached, the door says so and tries again until it can; it says a word that the page knows, which
also knows its reader's language.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

import ipywidgets
import traitlets
from ipywidgets import Widget, widget_serialization

from gristmill.errors import HubAway, NotSignedIn

__all__ = ["Door", "warm"]

_AGAIN = 3.0  # seconds between two tries
_SERVICE = "gristmill_widgets.service"  # what serves pages is no part of a page


class Door(Widget):  # type: ignore[misc]  # ipywidgets has no types
    """The page of one visitor; `build` makes what they see of the platform's URL and their token."""

    _model_name = traitlets.Unicode("Door").tag(sync=True)
    shown = traitlets.Instance(Widget, allow_none=True).tag(sync=True, **widget_serialization)
    said = traitlets.Unicode("").tag(sync=True)  # away, refused or fault: pages/static/page.js has words for them

    def __init__(self, build: Callable[[str, str], Any], *, again: float = _AGAIN) -> None:
        ipywidgets.register_comm_target()  # a copy has imported it before it was a kernel
        super().__init__()
        self._build, self._again = build, again
        self.taken = False

    def let_in(self, url: str, token: str) -> None:
        """Open for this visitor; whoever comes later finds it taken."""
        if not self.taken:
            self.taken = True
            self._open(url, token)

    def _open(self, url: str, token: str) -> None:
        try:
            self.shown = self._build(url, token)
        except HubAway:
            self.said = "away"
            asyncio.get_running_loop().call_later(self._again, self._open, url, token)
        except NotSignedIn:
            self.said = "refused"
        except Exception:  # whatever it is: a traceback would show what the visitor's token is used for
            self.said = "fault"


@cache
def warm() -> None:
    """Import all that a page will need, while nobody waits for it; its scripts and looks it has from the service."""
    import gristmill
    import gristmill_widgets
    from gristmill_widgets.screen import Screen

    for module in pkgutil.walk_packages(gristmill_widgets.__path__, "gristmill_widgets."):
        if not module.name.startswith(_SERVICE):
            importlib.import_module(module.name)
    Screen._esm, Screen._css = "screen.js", "screen.css"
    gristmill.connect("http://127.0.0.1:9/", "nobody")  # asks nobody yet, but has what it will ask with
