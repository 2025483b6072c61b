"""Recipes of one's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of saved recipes."""
    op.create_table(
        "recipes",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recipes"),
        sa.UniqueConstraint("project_id", "name", "version", name="uq_recipes_project_id_name_version"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_recipes_project_id"),
    )
    op.create_index("ix_recipes_created_at_id", "recipes", ["created_at", "id"])
    op.create_index("ix_recipes_project_id_created_at_id", "recipes", ["project_id", "created_at", "id"])
