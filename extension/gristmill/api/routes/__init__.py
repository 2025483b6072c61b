"""The routes, one file a noun."""

from __future__ import annotations

from collections.abc import Sequence

from gristmill.api.routes import (
    admin,
    data,
    events,
    fair_use,
    models,
    people,
    recipes,
    runs,
    schedules,
    service,
    telling,
    uploads,
    weights,
)
from gristmill.api.routing import Routes

__all__ = ["all_routes"]


def all_routes() -> Sequence[Routes]:
    """Every noun's routes, in the order in which they are documented."""
    nouns = (
        service,
        people,
        uploads,
        data,
        runs,
        events,
        models,
        recipes,
        weights,
        schedules,
        telling,
        fair_use,
        admin,
    )
    return [noun.routes for noun in nouns]
