"""Fair use: limits, who was told of them, teams, what was used and is asked for; see records/fair_use.py."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, UniqueConstraint

from gristmill.catalog.tables.columns import Number, Word, id_, metadata, must, pages, refers
from gristmill.records import Limit, Subject

__all__ = ["asked", "limits", "nears", "teammates", "usage"]

limits = Table(
    "limits",
    metadata,
    Column("kind", Word(Subject), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("runs_at_once", BigInteger),
    Column("queued_runs", BigInteger),
    Column("gpu_hours", Number),
    Column("money", Number),
    Column("storage", BigInteger),
    Column("largest_budget", Number),
)

nears = Table(
    "nears",
    metadata,
    Column("kind", Word(Subject), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("limit", Word(Limit), primary_key=True),
    Column("month", Text, primary_key=True),
    must("most", Number),
)

teammates = Table(
    "teammates",
    metadata,
    Column("person", Text, primary_key=True),
    Column("team", Text, primary_key=True),
    Index(None, "team", "person"),
)

usage = Table(
    "usage",
    metadata,
    id_(),
    must("created_at", Number),
    must("kind", Word(Subject)),
    must("name", Text),
    refers("project_id", "projects.id"),
    must("month", Text),
    must("runs", BigInteger),
    must("seconds", Number),
    must("gpu_seconds", Number),
    must("money", Number),
    must("bytes", BigInteger),
    UniqueConstraint("kind", "name", "month", "project_id"),
    *pages(("kind",), ("project_id", "kind"), ("kind", "month")),
)

# What an owner's runs that are not over may still take: raised when one is queued, lowered when it ends.
asked = Table(
    "asked",
    metadata,
    Column("owner", Text, primary_key=True),
    must("runs", BigInteger),
    must("money", Number),
    must("gpu_seconds", Number),
)
