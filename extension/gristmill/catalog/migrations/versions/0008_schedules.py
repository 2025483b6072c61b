"""Schedules, and the ticks at which they were due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables of schedules and ticks."""
    op.create_table(
        "schedules",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("cron", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("catch_up", sa.Text, nullable=False),
        sa.Column("margin", sa.Double),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("last_at", sa.Double),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("teams", sa.Text, nullable=False),
        sa.Column("powers", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_schedules_project_id"),
    )
    op.create_index("ix_schedules_created_at_id", "schedules", ["created_at", "id"])
    op.create_index("ix_schedules_project_id_created_at_id", "schedules", ["project_id", "created_at", "id"])
    op.create_index("ix_schedules_paused_next_at", "schedules", ["paused", "next_at"])
    op.create_table(
        "ticks",
        sa.Column("schedule_id", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("claimed_at", sa.Double, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("comparison_id", sa.Text, nullable=False),
        sa.Column("by_hand", sa.Boolean, nullable=False),
        sa.Column("passed_over", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("said", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "at", name="pk_ticks"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_ticks_schedule_id"),
    )
    op.create_index("ix_ticks_outcome_claimed_at", "ticks", ["outcome", "claimed_at"])
    op.create_index("ix_ticks_run_id", "ticks", ["run_id"])
