"""The wizard: the pages that lead from a file to a model that can be asked, without code.

What stands here sees only the records, the errors and the client's methods of `gristmill`, so that the same page works
against the platform in its own process and against a hub. `build` gives all of it as one widget, for whatever shows
widgets: a page of Voila, a notebook in JupyterLab.

    from gristmill_widgets import build

    build(gristmill.connect())
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gristmill.client import Client
    from gristmill.client.connection import Connection as _Connection
    from gristmill_widgets.screen import Screen

__all__ = ["build"]


def build(client: Client | _Connection) -> Screen:
    """The whole wizard for one visitor, on whose behalf `client` asks."""
    from gristmill.client.connection import Connection
    from gristmill_widgets.wizard import PAGES, App

    asked = client.client if isinstance(client, Connection) else client
    return App(asked, PAGES).screen
