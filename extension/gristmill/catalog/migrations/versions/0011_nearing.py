"""Limits that were nearly used up, and of which people were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "nears",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("limit", sa.Text, nullable=False),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("most", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "limit", "month", name="pk_nears"),
    )
