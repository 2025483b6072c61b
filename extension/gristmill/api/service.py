"""What all routes of one API process share."""

from __future__ import annotations

from dataclasses import dataclass, field

from anyio import CapacityLimiter
from starlette.responses import Response

from gristmill.api.browsing import SignIn
from gristmill.api.events import Feeds
from gristmill.api.identity import Identity
from gristmill.api.jobs import Jobs
from gristmill.api.line import Line
from gristmill.api.metrics import Metrics
from gristmill.mill import Mill, Parts

__all__ = ["Service"]


@dataclass(frozen=True, kw_only=True)
class Service:
    """The parts of an API; `mill` asks nobody's leave and is never handed to a route: `mill.on_behalf(who)` is."""

    parts: Parts
    mill: Mill
    identity: Identity
    prefix: str = ""
    sign_in: SignIn | None = None  # for browsers, where a hub signs people in
    feeds: Feeds = field(init=False)
    line: Line[Response] = field(init=False)
    jobs: Jobs = field(default_factory=Jobs)
    shelving: Jobs = field(default_factory=Jobs)  # weights take minutes to come: nobody's upload waits for them
    trials: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))  # each trains for up to a minute
    asking: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(16))  # people who wait for a model
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        object.__setattr__(self, "feeds", Feeds(self.parts.catalog))
        object.__setattr__(self, "line", Line(self.parts.catalog))
