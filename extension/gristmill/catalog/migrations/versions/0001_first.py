"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    _projects()
    _uploads()
    _datasets()
    _runs()
    _events()
    _models()


def _must(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _refers(table: str, *columns: tuple[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}") for column, to in columns]


def _pages(table: str, *leading: tuple[str, ...]) -> None:
    for columns in leading:
        op.create_index("_".join(("ix", table, *columns, "created_at_id")), table, [*columns, "created_at", "id"])


def _projects() -> None:
    op.create_table(
        "projects",
        _must("id", sa.Text),
        _must("name", sa.Text),
        _must("created_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("name", name="uq_projects_name"),
    )
    _pages("projects", ())


def _uploads() -> None:
    op.create_table(
        "uploads",
        _must("id", sa.Text),
        _must("project_id", sa.Text),
        _must("name", sa.Text),
        _must("key", sa.Text),
        _must("size", sa.BigInteger),
        _must("status", sa.Text),
        _must("created_at", sa.Double),
        sa.Column("sha256", sa.Text),
        sa.Column("failure", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        *_refers("uploads", ("project_id", "projects")),
    )


def _datasets() -> None:
    op.create_table(
        "datasets",
        _must("id", sa.Text),
        _must("project_id", sa.Text),
        _must("upload_id", sa.Text),
        _must("name", sa.Text),
        _must("version", sa.Integer),
        _must("key", sa.Text),
        _must("filename", sa.Text),
        _must("size", sa.BigInteger),
        _must("sha256", sa.Text),
        _must("created_at", sa.Double),
        sa.Column("proposal", sa.Text),
        _must("profile", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_datasets"),
        sa.UniqueConstraint("project_id", "name", "version", name="uq_datasets_project_id_name_version"),
        sa.UniqueConstraint("upload_id", name="uq_datasets_upload_id"),
        *_refers("datasets", ("project_id", "projects"), ("upload_id", "uploads")),
    )
    _pages("datasets", (), ("project_id",))


def _runs() -> None:
    op.create_table(
        "runs",
        _must("id", sa.Text),
        _must("project_id", sa.Text),
        _must("dataset_id", sa.Text),
        _must("name", sa.Text),
        _must("recipe", sa.Text),
        _must("task", sa.Text),
        _must("target", sa.Text),
        _must("metric", sa.Text),
        _must("budget", sa.Double),
        _must("seed", sa.BigInteger),
        _must("status", sa.Text),
        _must("wanted", sa.Text),
        _must("created_at", sa.Double),
        sa.Column("claimed_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        _must("fence", sa.Integer),
        sa.Column("worker", sa.Text),
        sa.Column("lease_until", sa.Double),
        sa.Column("resumed_from", sa.Text),
        _must("salvaged", sa.Boolean),
        sa.Column("score", sa.Double),
        sa.Column("model_id", sa.Text),
        _must("accepted", sa.Text),
        _must("seconds", sa.Text),
        sa.Column("failure", sa.Text),
        _must("artifacts", sa.Text),
        _must("settings", sa.Text),
        _must("leaderboard", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        *_refers("runs", ("project_id", "projects"), ("dataset_id", "datasets"), ("resumed_from", "runs")),
    )
    _pages("runs", (), ("project_id",), ("status",), ("project_id", "status"))


def _events() -> None:
    op.create_table(
        "events",
        _must("run_id", sa.Text),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        _must("at", sa.Double),
        _must("kind", sa.Text),
        _must("body", sa.Text),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_events"),
        *_refers("events", ("run_id", "runs")),
    )


def _models() -> None:
    op.create_table(
        "models",
        _must("id", sa.Text),
        _must("project_id", sa.Text),
        _must("run_id", sa.Text),
        _must("name", sa.Text),
        _must("version", sa.Integer),
        _must("task", sa.Text),
        _must("target", sa.Text),
        _must("metric", sa.Text),
        _must("score", sa.Double),
        _must("stage", sa.Text),
        _must("key", sa.Text),
        _must("size", sa.BigInteger),
        _must("sha256", sa.Text),
        _must("created_at", sa.Double),
        _must("metrics", sa.Text),
        _must("lineage", sa.Text),
        _must("schema", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("project_id", "name", "version", name="uq_models_project_id_name_version"),
        sa.UniqueConstraint("run_id", name="uq_models_run_id"),
        *_refers("models", ("project_id", "projects"), ("run_id", "runs")),
    )
    _pages("models", (), ("project_id",))
