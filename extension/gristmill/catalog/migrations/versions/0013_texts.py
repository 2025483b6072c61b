"""Texts that many runs are asked with are kept once, and runs have no more indexes than are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_OLD = (
    "finished_at_id",
    "owner_status",
    "project_id_created_at_id",
    "project_id_kind_created_at_id",
    "project_id_owner_created_at_id",
    "project_id_task_created_at_id",
    "upload_id_created_at_id",
)
_NEW = (
    ("project_id", "created_at", "id", "owner", "kind", "task"),
    ("owner", "status", "kind", "price", "budget", "gpus"),
)


def upgrade() -> None:
    """Make the table, the column and the indexes. Papers that are there already stay as they are."""
    op.create_table(
        "texts",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_texts"),
    )
    # Alembic cannot add a column that refers to another table on SQLite; both databases take this.
    op.execute("ALTER TABLE papers ADD COLUMN digest TEXT CONSTRAINT fk_papers_digest REFERENCES texts (digest)")
    for name in _OLD:
        op.drop_index(f"ix_runs_{name}", "runs")
    for columns in _NEW:
        op.create_index(f"ix_runs_{'_'.join(columns)}", "runs", list(columns))
    for name in ("upload_id", "finished_at"):
        where = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_runs_{name}_id", "runs", [name, "id"], sqlite_where=where, postgresql_where=where)
