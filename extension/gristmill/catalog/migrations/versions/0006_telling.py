"""Telling people and seeing inside: tidings, news and their deliveries, choices, webhooks; workers that are alive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables, and let runs be found by when they ended."""
    op.create_index("ix_runs_finished_at_id", "runs", ["finished_at", "id"])
    op.create_table("tidings", *_about(), sa.PrimaryKeyConstraint("id", name="pk_tidings"))
    op.create_index("ix_tidings_created_at_id", "tidings", ["created_at", "id"])
    op.create_table(
        "news",
        *_about(),
        sa.Column("bell", sa.Boolean, nullable=False),
        sa.Column("read_at", sa.Double),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_news"),
    )
    op.create_index("ix_news_created_at_id", "news", ["created_at", "id"])
    op.create_index("ix_news_who_created_at_id", "news", ["who", "created_at", "id"])
    _deliveries()
    op.create_table(
        "choices",
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("mail", sa.Text, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("who", name="pk_choices"),
    )
    _webhooks()
    op.create_table(
        "workers",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )


def _about() -> list[sa.Column[object]]:
    """What tidings and news have in common."""
    return [
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("thing", sa.Text, nullable=False),
        sa.Column("project_id", sa.Text),
        sa.Column("facts", sa.Text, nullable=False),
    ]


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("news_id", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Double),
        sa.Column("sent_at", sa.Double),
        sa.Column("failure", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["news_id"], ["news.id"], name="fk_deliveries_news_id"),
    )
    op.create_index("ix_deliveries_next_at", "deliveries", ["next_at"])
    op.create_index("ix_deliveries_news_id", "deliveries", ["news_id"])


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("project_id", sa.Text),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_webhooks_project_id"),
    )
    op.create_index("ix_webhooks_who", "webhooks", ["who"])
    op.create_index("ix_webhooks_project_id", "webhooks", ["project_id"])
