"""What runs that are not over may still take is kept as sums, and indexes hold no more than is asked of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_SUMS = """
INSERT INTO asked (owner, runs, money, gpu_seconds)
SELECT owner, COUNT(*), SUM(CASE WHEN kind = 'train' THEN price * budget / 3600 ELSE 0 END),
    SUM(CASE WHEN kind = 'train' THEN gpus * budget ELSE 0 END)
FROM runs WHERE status IN ('queued', 'running') GROUP BY owner
"""


def upgrade() -> None:
    """Make the table, add up what there is, and exchange the indexes."""
    op.create_table(
        "asked",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("runs", sa.BigInteger, nullable=False),
        sa.Column("money", sa.Double, nullable=False),
        sa.Column("gpu_seconds", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_asked"),
    )
    op.execute(_SUMS)
    op.drop_index("ix_runs_owner_status_kind_price_budget_gpus", "runs")
    op.drop_index("ix_uploads_owner_status_size", "uploads")
    columns = ["owner", "status", "store_id", "size"]
    op.create_index("ix_uploads_owner_status_store_id_size", "uploads", columns)
    where = sa.text("status = 'running'")
    op.create_index("ix_runs_owner", "runs", ["owner"], sqlite_where=where, postgresql_where=where)
