"""The catalog's tables: a column for each field of the record it keeps, under the field's name.

What is asked for in a WHERE or an ORDER BY is a plain column with an index; the rest of a record's inside (a profile, a
leaderboard) is JSON text. Long columns stand last, so that SQLite finds the short ones without reading them.

`SCHEMA` names the migration that these tables stand for. A change here comes with a migration, and a test compares the
two on both databases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

from gristmill.errors import UsageError
from gristmill.records import (
    Action,
    Artifact,
    CatchUp,
    Channel,
    DatasetNote,
    EventKind,
    Failure,
    LeaderboardRow,
    Limit,
    MemberKind,
    Membership,
    NewsKind,
    Power,
    Profile,
    Proposal,
    Revision,
    Rule,
    RunKind,
    RunStatus,
    Stage,
    Subject,
    TickOutcome,
    UploadStatus,
    Wanted,
    decode,
    encode,
)

__all__ = [
    "SCHEMA",
    "abouts",
    "answers",
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
    "ticks",
    "tidings",
    "uploads",
    "usage",
    "webhooks",
    "workers",
]

SCHEMA = "0012"


class Encoded(TypeDecorator[Any]):
    """A record, or a container of records, as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        if value is None:
            return None
        # JSON has no NaN: where a number must stand, the row could be written and never be read again.
        try:
            text = encode(value)
            decode(text, self.kind)
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise UsageError("The catalog cannot keep this value as JSON.", cause=str(error)) from error
        return text.decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's signature
        return None if value is None else decode(value, self.kind)


class Word(TypeDecorator[Any]):
    """One word of a fixed set."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        return None if value is None else str(self.kind(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's signature
        return None if value is None else self.kind(value)


class Number(TypeDecorator[float]):
    """A float. SQLite turns NaN into NULL, so it is made NULL everywhere."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002  as above
        return None if value is None or math.isnan(value) else value


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _id() -> Column[Any]:
    return Column("id", Text, primary_key=True)


def _refers(name: str, to: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Text, ForeignKey(to), nullable=nullable)


def _must(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _owner() -> Column[Any]:
    """Who made it; what was there before there were people is the local person's."""
    return Column("owner", Text, nullable=False, server_default="local")


def _in_store() -> Column[Any]:
    """The store that its bytes lie in; none for the platform's own. Rows of stores stay, so nothing holds them."""
    return Column("store_id", Text)


def _pages(*leading: Iterable[str]) -> list[Index]:
    """An index for the pages of each way to narrow a list: newest first, ties by id."""
    return [Index(None, *columns, "created_at", "id") for columns in leading]


projects = Table(
    "projects",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    _must("created_at", Number),
    _owner(),
    _in_store(),
    *_pages(()),
)

stores = Table(
    "stores",
    metadata,
    _id(),
    _must("created_at", Number),
    _refers("project_id", "projects.id"),
    _must("url", Text),
    _must("who", Text),
    _must("updated_at", Number),
    _must("credentials", Text),
    UniqueConstraint("project_id", "url"),
)

members = Table(
    "members",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), primary_key=True),
    Column("kind", Word(MemberKind), primary_key=True),
    Column("name", Text, primary_key=True),
    _must("membership", Word(Membership)),
    _must("created_at", Number),
    Index(None, "kind", "name"),
)

invitations = Table(
    "invitations",
    metadata,
    _id(),
    _refers("project_id", "projects.id"),
    _must("membership", Word(Membership)),
    Column("digest", Text, nullable=False, unique=True),
    _must("created_by", Text),
    _must("created_at", Number),
    _must("expires_at", Number),
)

# The audit trail outlives what it speaks of: it refers to nothing.
deeds = Table(
    "deeds",
    metadata,
    _id(),
    _must("created_at", Number),
    _must("who", Text),
    _must("address", Text),
    _must("action", Text),
    _must("thing", Text),
    Column("project_id", Text),
    _must("outcome", Text),
    *_pages((), ("who",), ("action",), ("thing",), ("project_id",)),
)

uploads = Table(
    "uploads",
    metadata,
    _id(),
    _refers("project_id", "projects.id"),
    _must("name", Text),
    _must("key", Text),
    _must("size", BigInteger),
    _must("status", Word(UploadStatus)),
    _must("created_at", Number),
    Column("sha256", Text),
    Column("failure", Encoded(Failure)),
    Column("token", Text),
    Column("part_size", BigInteger),
    Column("expires_at", Number),
    _owner(),
    _in_store(),
    Index(None, "status", "expires_at"),
    Index(None, "owner", "status", "size"),
)

answers = Table(
    "answers",
    metadata,
    Column("who", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _must("digest", Text),
    _must("created_at", Number),
    Column("status", Integer),
    _must("headers", Encoded(dict[str, str])),
    _must("body", Text),
    Index(None, "created_at"),
)

datasets = Table(
    "datasets",
    metadata,
    _id(),
    _refers("project_id", "projects.id"),
    _refers("upload_id", "uploads.id"),
    _must("name", Text),
    _must("version", Integer),
    _must("key", Text),
    _must("filename", Text),
    _must("size", BigInteger),
    _must("sha256", Text),
    _must("created_at", Number),
    Column("edited_from", Text),
    _in_store(),
    Column("proposal", Encoded(Proposal)),
    _must("profile", Encoded(Profile)),
    Column("revision", Encoded(Revision)),
    UniqueConstraint("project_id", "name", "version"),
    UniqueConstraint("upload_id", "version"),
    *_pages((), ("project_id",)),
)

abouts = Table(
    "abouts",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    _must("description", Text),
    _must("tags", Encoded(tuple[str, ...])),
    _must("columns", Encoded(dict[str, str])),
    _must("notes", Encoded(tuple[DatasetNote, ...])),
    Column("updated_at", Number),
    _must("updated_by", Text),
)

schemas = Table(
    "schemas",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), primary_key=True),
    _must("rules", Encoded(tuple[Rule, ...])),
    _must("others", Boolean),
    _must("updated_at", Number),
    _must("updated_by", Text),
)

# `lease_until` and `fence` have no index on purpose: only the few runs that run are searched for a lapsed lease, and
# PostgreSQL renews a lease in place when no indexed column changes. `model_id` refers to models without a constraint,
# because models refer to runs.
runs = Table(
    "runs",
    metadata,
    _id(),
    _refers("project_id", "projects.id"),
    Column("kind", Word(RunKind), nullable=False, server_default=RunKind.TRAIN.value),
    _refers("dataset_id", "datasets.id", nullable=True),
    _refers("upload_id", "uploads.id", nullable=True),
    _must("name", Text),
    _must("recipe", Text),
    _must("task", Text),
    _must("target", Text),
    _must("metric", Text),
    _must("budget", Number),
    _must("seed", BigInteger),
    _must("status", Word(RunStatus)),
    _must("wanted", Word(Wanted)),
    _must("created_at", Number),
    Column("claimed_at", Number),
    Column("finished_at", Number),
    _must("fence", Integer),
    Column("worker", Text),
    Column("lease_until", Number),
    _refers("resumed_from", "runs.id", nullable=True),
    _must("salvaged", Boolean),
    Column("score", Number),
    Column("rows", BigInteger),
    Column("model_id", Text),
    _must("accepted", Encoded(tuple[str, ...])),
    _must("seconds", Encoded(dict[str, float])),
    Column("failure", Encoded(Failure)),
    _must("artifacts", Encoded(tuple[Artifact, ...])),
    _must("settings", Encoded(dict[str, Any])),
    _must("leaderboard", Encoded(tuple[LeaderboardRow, ...])),
    _owner(),
    *_pages((), ("project_id",), ("status",), ("owner",), ("kind",), ("task",), ("upload_id",)),
    *_pages(*(("project_id", narrowed) for narrowed in ("status", "owner", "kind", "task"))),
    Column("price", Number, nullable=False, server_default="0"),
    Column("gpus", BigInteger, nullable=False, server_default="0"),
    _in_store(),
    Index(None, "finished_at", "id"),
    Index(None, "owner", "status"),
)

papers = Table(
    "papers",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    _must("text", Text),
)

events = Table(
    "events",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _must("at", Number),
    _must("kind", Word(EventKind)),
    _must("body", Encoded(dict[str, Any])),
)

models = Table(
    "models",
    metadata,
    _id(),
    _refers("project_id", "projects.id"),
    _refers("run_id", "runs.id"),
    _must("name", Text),
    _must("version", Integer),
    _must("task", Text),
    _must("target", Text),
    _must("metric", Text),
    _must("score", Number),
    _must("stage", Word(Stage)),
    _must("key", Text),
    _must("size", BigInteger),
    _must("sha256", Text),
    _must("created_at", Number),
    _must("metrics", Encoded(dict[str, Any])),
    _must("lineage", Encoded(dict[str, Any])),
    _must("schema", Encoded(dict[str, Any])),
    _in_store(),
    UniqueConstraint("project_id", "name", "version"),
    UniqueConstraint("run_id"),
    *_pages((), ("project_id",)),
)

recipes = Table(
    "recipes",
    metadata,
    _id(),
    _refers("project_id", "projects.id"),
    _must("name", Text),
    _must("version", Integer),
    _must("task", Text),
    _must("public", Boolean),
    _must("key", Text),
    _must("sha256", Text),
    _must("created_at", Number),
    _in_store(),
    UniqueConstraint("project_id", "name", "version"),
    *_pages((), ("project_id",)),
)

# Telling people: see records/telling.py. What a tiding or news speaks of may be gone: neither refers to it.
tidings = Table(
    "tidings",
    metadata,
    _id(),
    _must("created_at", Number),
    _must("kind", Word(NewsKind)),
    _must("who", Text),
    _must("thing", Text),
    Column("project_id", Text),
    _must("facts", Encoded(dict[str, Any])),
    *_pages(()),
)

news = Table(
    "news",
    metadata,
    _id(),
    _must("created_at", Number),
    _must("who", Text),
    _must("kind", Word(NewsKind)),
    _must("thing", Text),
    Column("project_id", Text),
    _must("bell", Boolean),
    Column("read_at", Number),
    _must("title", Text),
    _must("text", Text),
    _must("facts", Encoded(dict[str, Any])),
    *_pages((), ("who",)),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    _must("created_at", Number),
    _refers("news_id", "news.id"),
    _must("channel", Word(Channel)),
    _must("address", Text),
    _must("attempts", Integer),
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
    _must("mail", Text),
    _must("kinds", Encoded(dict[NewsKind, tuple[Channel, ...]])),
)

webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    _must("created_at", Number),
    _must("who", Text),
    _refers("project_id", "projects.id", nullable=True),
    _must("url", Text),
    _must("kinds", Encoded(tuple[NewsKind, ...])),
    _must("secret", Text),
    Index(None, "who"),
    Index(None, "project_id"),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    _must("started_at", Number),
    _must("seen_at", Number),
)

# A tick names its run by no foreign key: the id is settled before the run is made.
schedules = Table(
    "schedules",
    metadata,
    _id(),
    _refers("project_id", "projects.id"),
    _must("name", Text),
    _must("cron", Text),
    _must("zone", Text),
    _must("action", Word(Action)),
    _must("subject", Text),
    _must("source", Text),
    _must("catch_up", Word(CatchUp)),
    Column("margin", Number),
    _must("created_at", Number),
    _must("next_at", Number),
    Column("last_at", Number),
    _must("paused", Boolean),
    _must("owner", Text),
    _must("teams", Encoded(tuple[str, ...])),
    _must("powers", Encoded(tuple[Power, ...])),
    _must("settings", Encoded(dict[str, Any])),
    *_pages((), ("project_id",)),
    Index(None, "paused", "next_at"),
)

ticks = Table(
    "ticks",
    metadata,
    Column("schedule_id", Text, ForeignKey("schedules.id"), primary_key=True),
    Column("at", Number, primary_key=True),
    _must("claimed_at", Number),
    _must("run_id", Text),
    _must("comparison_id", Text),
    _must("by_hand", Boolean),
    _must("passed_over", Integer),
    Column("outcome", Word(TickOutcome)),
    _must("said", Text),
    Index(None, "outcome", "claimed_at"),
    Index(None, "run_id"),
)

# Fair use: see records/fair_use.py.
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
    _must("most", Number),
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
    _id(),
    _must("created_at", Number),
    _must("kind", Word(Subject)),
    _must("name", Text),
    _refers("project_id", "projects.id"),
    _must("month", Text),
    _must("runs", BigInteger),
    _must("seconds", Number),
    _must("gpu_seconds", Number),
    _must("money", Number),
    _must("bytes", BigInteger),
    UniqueConstraint("kind", "name", "month", "project_id"),
    *_pages(("kind",), ("project_id", "kind"), ("kind", "month")),
)
