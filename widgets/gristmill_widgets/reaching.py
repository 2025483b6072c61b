"""Saying that the platform does not answer, as long as it does not.

A client that asks over a wire tells when its hub goes away, and when it is back (`reach`); one in this process has
none. What a page has asked is meanwhile asked again by the client, for a minute. After that nobody might ask any more,
so somebody goes on here until there is an answer; a page that has given up then begins anew.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gristmill.client.reach import Reach
from gristmill.errors import HubAway
from gristmill.records import Who

if TYPE_CHECKING:
    from gristmill_widgets.app import App

__all__ = ["Reaching"]

_PAUSE = 1.0  # seconds between two looks; a look itself tries for longer


class Reaching:
    """Whether the platform can be reached."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.is_away = False
        reach = getattr(app.client, "reach", None)
        if isinstance(reach, Reach):
            reach.hear(lambda is_away: app.work.later(lambda: self._turn(is_away=is_away)))

    def _turn(self, *, is_away: bool) -> None:
        self.is_away = self._app.screen.away = is_away
        if is_away:
            self._look()
            self._app.draw()
            return
        self._app.say(self._app.strings.back)
        self._app.shell.begin()
        page = self._app.page
        if page is not None and page.why is not None and page.why.code == HubAway.code:
            page.hear("again", "", {}, [])
        self._app.draw()

    def _look(self) -> None:
        def look() -> Who:
            time.sleep(_PAUSE)
            return self._app.client.me()

        if self.is_away:
            self._app.ask(look, lambda _: None, lambda _: self._look())
