"""What Alembic runs: the migrations, in the transaction that `upgrading` has begun."""

from __future__ import annotations

from alembic import context

from gristmill.catalog.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by writing it anew
)
with context.begin_transaction():
    context.run_migrations()
