"""What runs were asked with, until somebody claims them; and an index for each way to narrow a list of runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table and the indexes. Papers of runs that are queued already are in the store, and found there."""
    op.create_table(
        "papers",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key", name="pk_papers"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_papers_run_id"),
    )
    for narrowed in (("task",), ("project_id", "owner"), ("project_id", "kind"), ("project_id", "task")):
        columns = [*narrowed, "created_at", "id"]
        op.create_index(f"ix_runs_{'_'.join(columns)}", "runs", columns)
