"""Stores of projects: everything names the store that it lies in. Secrets of webhooks are sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table and the columns; what is there lies in the platform's own store."""
    for table in ("projects", "uploads", "datasets", "runs", "models", "recipes"):
        op.add_column(table, sa.Column("store_id", sa.Text))
    op.create_table(
        "stores",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("credentials", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stores"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_stores_project_id"),
        sa.UniqueConstraint("project_id", "url", name="uq_stores_project_id_url"),
    )
    _seal()


def _seal() -> None:
    """Seal the webhooks' secrets, which stood here as they are."""
    webhooks = sa.table("webhooks", sa.column("id", sa.Text), sa.column("secret", sa.Text))
    connection, keyring = op.get_bind(), context.config.attributes["keyring"]
    for id, secret in connection.execute(sa.select(webhooks.c.id, webhooks.c.secret)).all():
        sealed = keyring.seal(secret, of=f"webhooks/{id}")
        connection.execute(sa.update(webhooks).where(webhooks.c.id == id).values(secret=sealed))
