"""Schedules and their ticks. A tick names its run by no foreign key: the id is settled before the run is made."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from gristmill.catalog.tables.columns import Encoded, Number, Word, id_, metadata, must, pages, refers
from gristmill.records import Action, CatchUp, Power, TickOutcome

__all__ = ["schedules", "ticks"]

schedules = Table(
    "schedules",
    metadata,
    id_(),
    refers("project_id", "projects.id"),
    must("name", Text),
    must("cron", Text),
    must("zone", Text),
    must("action", Word(Action)),
    must("subject", Text),
    must("source", Text),
    must("catch_up", Word(CatchUp)),
    Column("margin", Number),
    must("created_at", Number),
    must("next_at", Number),
    Column("last_at", Number),
    must("paused", Boolean),
    must("owner", Text),
    must("teams", Encoded(tuple[str, ...])),
    must("powers", Encoded(tuple[Power, ...])),
    must("settings", Encoded(dict[str, Any])),
    *pages((), ("project_id",)),
    Index(None, "paused", "next_at"),
)

ticks = Table(
    "ticks",
    metadata,
    Column("schedule_id", Text, ForeignKey("schedules.id"), primary_key=True),
    Column("at", Number, primary_key=True),
    must("claimed_at", Number),
    must("run_id", Text),
    must("comparison_id", Text),
    must("by_hand", Boolean),
    must("passed_over", Integer),
    Column("outcome", Word(TickOutcome)),
    must("said", Text),
    Index(None, "outcome", "claimed_at"),
    Index(None, "run_id"),
)
