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
    from gristmill.client.handles import Connection as _Connection
    from gristmill_widgets.screen import Screen

__all__ = ["build"]


def build(client: Client | _Connection) -> Screen:
    """The whole wizard for one visitor, on whose behalf `client` asks."""
    from gristmill.client.handles import Connection
    from gristmill_widgets.app import App
    from gristmill_widgets.home.compare import Compare
    from gristmill_widgets.home.page import Home
    from gristmill_widgets.steps.have import Have
    from gristmill_widgets.steps.run import RunPage
    from gristmill_widgets.steps.time import Time
    from gristmill_widgets.steps.want import Want

    asked = client.client if isinstance(client, Connection) else client
    pages = {page.name: page for page in (Home, Compare, Have, Want, Time, RunPage)}
    return App(asked, pages).screen
