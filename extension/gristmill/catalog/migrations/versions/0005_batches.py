"""Batches: runs know what they are for, and one that predicts a file has an upload and no dataset."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Let runs say their kind, name an upload, count rows, and do without a dataset."""
    _let_dataset_be_null()
    op.add_column("runs", sa.Column("kind", sa.Text, nullable=False, server_default="train"))
    # Alembic cannot add a column that refers to another table on SQLite; both databases take this.
    op.execute("ALTER TABLE runs ADD COLUMN upload_id TEXT CONSTRAINT fk_runs_upload_id REFERENCES uploads (id)")
    op.add_column("runs", sa.Column("rows", sa.BigInteger))
    op.create_index("ix_runs_kind_created_at_id", "runs", ["kind", "created_at", "id"])
    op.create_index("ix_runs_upload_id_created_at_id", "runs", ["upload_id", "created_at", "id"])


def _let_dataset_be_null() -> None:
    """Drop one NOT NULL.

    SQLite cannot, and to copy the table would break what refers to it. Its own documentation gives this way for a
    change that leaves the rows as they are stored: https://www.sqlite.org/lang_altertable.html, section 7.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.alter_column("runs", "dataset_id", nullable=True)
        return
    (version,) = connection.exec_driver_sql("PRAGMA schema_version").one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, 'dataset_id TEXT NOT NULL', 'dataset_id TEXT')"
        " WHERE type = 'table' AND name = 'runs' AND sql LIKE '%dataset_id TEXT NOT NULL%'".replace("%", "%%")
    )
    if changed.rowcount != 1:
        raise RuntimeError("The table runs is not as the earlier migrations make it.")
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
