"""People: who made a project or asked for a run, who is a member of what, and who did what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Give everything that is there to the local person, and make the tables of people."""
    for table in ("projects", "runs"):
        op.add_column(table, sa.Column("owner", sa.Text, nullable=False, server_default="local"))
    op.create_index("ix_runs_owner_created_at_id", "runs", ["owner", "created_at", "id"])
    _members()
    op.execute(
        "INSERT INTO members (project_id, kind, name, membership, created_at)"
        " SELECT id, 'person', 'local', 'owner', created_at FROM projects"
    )
    _invitations()
    _deeds()


def _members() -> None:
    op.create_table(
        "members",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("membership", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "kind", "name", name="pk_members"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_members_project_id"),
    )
    op.create_index("ix_members_kind_name", "members", ["kind", "name"])


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("membership", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("digest", name="uq_invitations_digest"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_invitations_project_id"),
    )


def _deeds() -> None:
    op.create_table(
        "deeds",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("thing", sa.Text, nullable=False),
        sa.Column("project_id", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deeds"),
    )
    op.create_index("ix_deeds_created_at_id", "deeds", ["created_at", "id"])
    for column in ("who", "action", "thing", "project_id"):
        op.create_index(f"ix_deeds_{column}_created_at_id", "deeds", [column, "created_at", "id"])
