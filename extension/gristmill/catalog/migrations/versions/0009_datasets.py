"""Datasets that stay right: edited versions of one upload, what people say about datasets, schemas of projects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Let an upload have several versions, and make the tables."""
    _let_uploads_have_versions()
    op.add_column("datasets", sa.Column("edited_from", sa.Text))
    op.add_column("datasets", sa.Column("revision", sa.Text))
    op.create_table(
        "abouts",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("columns", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Double),
        sa.Column("updated_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_abouts"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_abouts_project_id"),
    )
    op.create_table(
        "schemas",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("others", sa.Boolean, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("updated_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_schemas"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_schemas_project_id"),
    )


def _let_uploads_have_versions() -> None:
    """Have upload and version together be unique, where the upload was alone.

    SQLite cannot change a constraint, and to copy the table would break what refers to it. The constraint is written
    anew, as in 0005, and its index, which SQLite keeps by the constraint's words, is built anew from them.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint("uq_datasets_upload_id", "datasets")
        op.create_unique_constraint("uq_datasets_upload_id_version", "datasets", ["upload_id", "version"])
        return
    old = "CONSTRAINT uq_datasets_upload_id UNIQUE (upload_id)"
    new = "CONSTRAINT uq_datasets_upload_id_version UNIQUE (upload_id, version)"
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.exec_driver_sql(
        f"UPDATE sqlite_schema SET sql = replace(sql, '{old}', '{new}')"
        f" WHERE type = 'table' AND name = 'datasets' AND instr(sql, '{old}') > 0"
    )
    if changed.rowcount != 1:
        raise RuntimeError("The table datasets is not as the earlier migrations make it.")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
    connection.exec_driver_sql("REINDEX datasets")
