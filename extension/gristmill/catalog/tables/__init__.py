"""The catalog's tables: a column for each field of the record it keeps, under the field's name.

What is asked for in a WHERE or an ORDER BY is a plain column with an index; the rest of a record's inside (a profile, a
leaderboard) is JSON text. Long columns stand last, so that SQLite finds the short ones without reading them.

`SCHEMA` names the migration that these tables stand for. A change here comes with a migration, and a test compares the
two on both databases.
"""

from __future__ import annotations

from gristmill.catalog.tables.columns import metadata
from gristmill.catalog.tables.fair_use import asked, limits, nears, teammates, usage
from gristmill.catalog.tables.telling import choices, deliveries, news, tidings, webhooks
from gristmill.catalog.tables.ticking import schedules, ticks
from gristmill.catalog.tables.work import (
    abouts,
    answers,
    datasets,
    deeds,
    events,
    invitations,
    members,
    models,
    papers,
    projects,
    recipes,
    runs,
    schemas,
    stores,
    texts,
    uploads,
    workers,
)

__all__ = [
    "SCHEMA",
    "abouts",
    "answers",
    "asked",
    "choices",
    "datasets",
    "deeds",
    "deliveries",
    "events",
    "invitations",
    "limits",
    "members",
    "metadata",
    "models",
    "nears",
    "news",
    "papers",
    "projects",
    "recipes",
    "runs",
    "schedules",
    "schemas",
    "stores",
    "teammates",
    "texts",
    "ticks",
    "tidings",
    "uploads",
    "usage",
    "webhooks",
    "workers",
]

SCHEMA = "0014"
