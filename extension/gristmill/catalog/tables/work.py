"""Projects and who is in them; what they hold, from an upload to a model; what runs were asked with and have said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from gristmill.catalog.tables.columns import (
    Encoded,
    Number,
    Word,
    id_,
    in_store,
    metadata,
    must,
    only_where,
    owner,
    pages,
    refers,
)
from gristmill.records import (
    Artifact,
    DatasetNote,
    EventKind,
    Failure,
    LeaderboardRow,
    MemberKind,
    Membership,
    Profile,
    Proposal,
    Revision,
    Rule,
    RunKind,
    RunStatus,
    Stage,
    UploadStatus,
    Wanted,
)

__all__ = [
    "abouts",
    "answers",
    "datasets",
    "deeds",
    "events",
    "invitations",
    "members",
    "models",
    "papers",
    "projects",
    "recipes",
    "runs",
    "schemas",
    "stores",
    "texts",
    "uploads",
    "workers",
]

projects = Table(
    "projects",
    metadata,
    id_(),
    Column("name", Text, nullable=False, unique=True),
    must("created_at", Number),
    owner(),
    in_store(),
    *pages(()),
)

stores = Table(
    "stores",
    metadata,
    id_(),
    must("created_at", Number),
    refers("project_id", "projects.id"),
    must("url", Text),
    must("who", Text),
    must("updated_at", Number),
    must("credentials", Text),
    UniqueConstraint("project_id", "url"),
)

members = Table(
    "members",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), primary_key=True),
    Column("kind", Word(MemberKind), primary_key=True),
    Column("name", Text, primary_key=True),
    must("membership", Word(Membership)),
    must("created_at", Number),
    Index(None, "kind", "name"),
)

invitations = Table(
    "invitations",
    metadata,
    id_(),
    refers("project_id", "projects.id"),
    must("membership", Word(Membership)),
    Column("digest", Text, nullable=False, unique=True),
    must("created_by", Text),
    must("created_at", Number),
    must("expires_at", Number),
)

# The audit trail outlives what it speaks of: it refers to nothing.
deeds = Table(
    "deeds",
    metadata,
    id_(),
    must("created_at", Number),
    must("who", Text),
    must("address", Text),
    must("action", Text),
    must("thing", Text),
    Column("project_id", Text),
    must("outcome", Text),
    *pages((), ("who",), ("action",), ("thing",), ("project_id",)),
)

uploads = Table(
    "uploads",
    metadata,
    id_(),
    refers("project_id", "projects.id"),
    must("name", Text),
    must("key", Text),
    must("size", BigInteger),
    must("status", Word(UploadStatus)),
    must("created_at", Number),
    Column("sha256", Text),
    Column("failure", Encoded(Failure)),
    Column("token", Text),
    Column("part_size", BigInteger),
    Column("expires_at", Number),
    owner(),
    in_store(),
    Index(None, "status", "expires_at"),
    Index(None, "owner", "status", "store_id", "size"),
)

answers = Table(
    "answers",
    metadata,
    Column("who", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    must("digest", Text),
    must("created_at", Number),
    Column("status", Integer),
    must("headers", Encoded(dict[str, str])),
    must("body", Text),
    Index(None, "created_at"),
)

datasets = Table(
    "datasets",
    metadata,
    id_(),
    refers("project_id", "projects.id"),
    refers("upload_id", "uploads.id"),
    must("name", Text),
    must("version", Integer),
    must("key", Text),
    must("filename", Text),
    must("size", BigInteger),
    must("sha256", Text),
    must("created_at", Number),
    Column("edited_from", Text),
    in_store(),
    Column("proposal", Encoded(Proposal)),
    must("profile", Encoded(Profile, kept=128)),
    Column("revision", Encoded(Revision)),
    UniqueConstraint("project_id", "name", "version"),
    UniqueConstraint("upload_id", "version"),
    *pages((), ("project_id",)),
)

abouts = Table(
    "abouts",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    must("description", Text),
    must("tags", Encoded(tuple[str, ...])),
    must("columns", Encoded(dict[str, str])),
    must("notes", Encoded(tuple[DatasetNote, ...])),
    Column("updated_at", Number),
    must("updated_by", Text),
)

schemas = Table(
    "schemas",
    metadata,
    Column("project_id", Text, ForeignKey("projects.id"), primary_key=True),
    must("rules", Encoded(tuple[Rule, ...])),
    must("others", Boolean),
    must("updated_at", Number),
    must("updated_by", Text),
)

# `lease_until` and `fence` have no index on purpose: only the few runs that run are searched for a lapsed lease, and
# PostgreSQL renews a lease in place when no indexed column changes. `model_id` refers to models without a constraint,
# because models refer to runs.
#
# Each index is written to by each submit, so there are no more than are read. A project's runs are narrowed by reading
# over the others in an index that holds what they are narrowed by, but for those of one status, which change and are
# few.
runs = Table(
    "runs",
    metadata,
    id_(),
    refers("project_id", "projects.id"),
    Column("kind", Word(RunKind), nullable=False, server_default=RunKind.TRAIN.value),
    refers("dataset_id", "datasets.id", nullable=True),
    refers("upload_id", "uploads.id", nullable=True),
    must("name", Text),
    must("recipe", Text),
    must("task", Text),
    must("target", Text),
    must("metric", Text),
    must("budget", Number),
    must("seed", BigInteger),
    must("status", Word(RunStatus)),
    must("wanted", Word(Wanted)),
    must("created_at", Number),
    Column("claimed_at", Number),
    Column("finished_at", Number),
    must("fence", Integer),
    Column("worker", Text),
    Column("lease_until", Number),
    refers("resumed_from", "runs.id", nullable=True),
    must("salvaged", Boolean),
    Column("score", Number),
    Column("rows", BigInteger),
    Column("model_id", Text),
    must("accepted", Encoded(tuple[str, ...])),
    must("seconds", Encoded(dict[str, float])),
    Column("failure", Encoded(Failure)),
    must("artifacts", Encoded(tuple[Artifact, ...])),
    must("settings", Encoded(dict[str, Any])),
    must("leaderboard", Encoded(tuple[LeaderboardRow, ...])),
    owner(),
    *pages((), ("status",), ("owner",), ("kind",), ("task",), ("project_id", "status")),
    Column("price", Number, nullable=False, server_default="0"),
    Column("gpus", BigInteger, nullable=False, server_default="0"),
    in_store(),
    Index(None, "project_id", "created_at", "id", "owner", "kind", "task"),
    Index(None, "owner", **only_where("status = 'running'")),
    *(Index(None, name, "id", **only_where(f"{name} IS NOT NULL")) for name in ("upload_id", "finished_at")),
)

texts = Table(
    "texts",
    metadata,
    Column("digest", Text, primary_key=True),
    must("text", Text),
)

papers = Table(
    "papers",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    must("text", Text),
    refers("digest", "texts.digest", nullable=True),
)

events = Table(
    "events",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    must("at", Number),
    must("kind", Word(EventKind)),
    must("body", Encoded(dict[str, Any])),
)

models = Table(
    "models",
    metadata,
    id_(),
    refers("project_id", "projects.id"),
    refers("run_id", "runs.id"),
    must("name", Text),
    must("version", Integer),
    must("task", Text),
    must("target", Text),
    must("metric", Text),
    must("score", Number),
    must("stage", Word(Stage)),
    must("key", Text),
    must("size", BigInteger),
    must("sha256", Text),
    must("created_at", Number),
    must("metrics", Encoded(dict[str, Any])),
    must("lineage", Encoded(dict[str, Any])),
    must("schema", Encoded(dict[str, Any])),
    in_store(),
    UniqueConstraint("project_id", "name", "version"),
    UniqueConstraint("run_id"),
    *pages((), ("project_id",)),
)

recipes = Table(
    "recipes",
    metadata,
    id_(),
    refers("project_id", "projects.id"),
    must("name", Text),
    must("version", Integer),
    must("task", Text),
    must("public", Boolean),
    must("key", Text),
    must("sha256", Text),
    must("created_at", Number),
    in_store(),
    UniqueConstraint("project_id", "name", "version"),
    *pages((), ("project_id",)),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    must("started_at", Number),
    must("seen_at", Number),
)
