"""Fair use: limits, what was used, and who is in which team; runs have a price, uploads an owner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables; what ran before cost nothing, and what was uploaded is the local person's."""
    op.add_column("runs", sa.Column("price", sa.Double, nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("gpus", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("ix_runs_owner_status", "runs", ["owner", "status"])
    op.add_column("uploads", sa.Column("owner", sa.Text, nullable=False, server_default="local"))
    op.create_index("ix_uploads_owner_status_size", "uploads", ["owner", "status", "size"])
    op.create_table(
        "limits",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("runs_at_once", sa.BigInteger),
        sa.Column("queued_runs", sa.BigInteger),
        sa.Column("gpu_hours", sa.Double),
        sa.Column("money", sa.Double),
        sa.Column("storage", sa.BigInteger),
        sa.Column("largest_budget", sa.Double),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_limits"),
    )
    op.create_table(
        "teammates",
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("person", "team", name="pk_teammates"),
    )
    op.create_index("ix_teammates_team_person", "teammates", ["team", "person"])
    _usage()


def _usage() -> None:
    op.create_table(
        "usage",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("runs", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("gpu_seconds", sa.Double, nullable=False),
        sa.Column("money", sa.Double, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_usage"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_usage_project_id"),
        sa.UniqueConstraint("kind", "name", "month", "project_id", name="uq_usage_kind_name_month_project_id"),
    )
    op.create_index("ix_usage_kind_created_at_id", "usage", ["kind", "created_at", "id"])
    op.create_index("ix_usage_project_id_kind_created_at_id", "usage", ["project_id", "kind", "created_at", "id"])
    op.create_index("ix_usage_kind_month_created_at_id", "usage", ["kind", "month", "created_at", "id"])
