"""Telling people: see records/telling.py. What a tiding or news speaks of may be gone: neither refers to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from gristmill.catalog.tables.columns import Encoded, Number, Word, id_, metadata, must, pages, refers
from gristmill.records import Channel, Failure, NewsKind

__all__ = ["choices", "deliveries", "news", "tidings", "webhooks"]

tidings = Table(
    "tidings",
    metadata,
    id_(),
    must("created_at", Number),
    must("kind", Word(NewsKind)),
    must("who", Text),
    must("thing", Text),
    Column("project_id", Text),
    must("facts", Encoded(dict[str, Any])),
    *pages(()),
)

news = Table(
    "news",
    metadata,
    id_(),
    must("created_at", Number),
    must("who", Text),
    must("kind", Word(NewsKind)),
    must("thing", Text),
    Column("project_id", Text),
    must("bell", Boolean),
    Column("read_at", Number),
    must("title", Text),
    must("text", Text),
    must("facts", Encoded(dict[str, Any])),
    *pages((), ("who",)),
)

deliveries = Table(
    "deliveries",
    metadata,
    id_(),
    must("created_at", Number),
    refers("news_id", "news.id"),
    must("channel", Word(Channel)),
    must("address", Text),
    must("attempts", Integer),
    Column("next_at", Number),
    Column("sent_at", Number),
    Column("failure", Encoded(Failure)),
    Index(None, "next_at"),
    Index(None, "news_id"),
)

choices = Table(
    "choices",
    metadata,
    Column("who", Text, primary_key=True),
    must("mail", Text),
    must("kinds", Encoded(dict[NewsKind, tuple[Channel, ...]])),
)

webhooks = Table(
    "webhooks",
    metadata,
    id_(),
    must("created_at", Number),
    must("who", Text),
    refers("project_id", "projects.id", nullable=True),
    must("url", Text),
    must("kinds", Encoded(tuple[NewsKind, ...])),
    must("secret", Text),
    Index(None, "who"),
    Index(None, "project_id"),
)
