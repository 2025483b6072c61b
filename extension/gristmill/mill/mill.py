"""The Mill: all use cases together."""

from __future__ import annotations

from gristmill.mill.drafts import Drafts
from gristmill.mill.explanations import Explanations
from gristmill.mill.explorations import Explorations
from gristmill.mill.fair_use import FairUse
from gristmill.mill.own_stores import OwnStores
from gristmill.mill.people import People
from gristmill.mill.questions import Questions
from gristmill.mill.recipes import Recipes
from gristmill.mill.schedules import Schedules
from gristmill.mill.seeing import Seeing
from gristmill.mill.telling import Telling
from gristmill.mill.weights import Weights
from gristmill.records import Who

__all__ = ["Mill"]


class Mill(
    Questions,
    Schedules,
    Explanations,
    Explorations,
    Drafts,
    Recipes,
    Weights,
    People,
    OwnStores,
    Telling,
    FairUse,
    Seeing,
):
    """The platform in process, for one person; `on_behalf` gives the same platform to another."""

    def on_behalf(self, who: Who) -> Mill:
        """The same parts, asked by `who`."""
        return Mill(self._parts, who)
