"""Brings a database to the tables of this version.

A catalog that is current costs one small question, and Alembic is not even imported. Otherwise the migrations run
in one transaction, under a lock: both databases change tables in transactions, so a process that dies in the middle
leaves everything as it was.
"""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from gristmill.catalog.database import Database
from gristmill.catalog.tables import SCHEMA
from gristmill.errors import CatalogFailed
from gristmill.sealing import Keyring

__all__ = ["MIGRATIONS", "migrate", "upgrade", "version"]

MIGRATIONS = Path(__file__).parent / "migrations"

_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps what it works on in module globals


def upgrade(database: Database, keyring: Keyring) -> None:
    """Make the tables, or bring them up to date; CatalogFailed if a newer version of Gristmill wrote them."""
    with database.reading() as connection:
        if _version(connection) == SCHEMA:
            return
    with _ONE_AT_A_TIME, database.writing() as connection:
        database.lock(connection)
        found = _version(connection)
        if found is not None and found > SCHEMA:
            raise CatalogFailed(
                f"The catalog at {database.name} cannot be opened.",
                cause=f"A newer Gristmill wrote it (schema {found}; this one reads {SCHEMA}).",
                cure="Upgrade Gristmill.",
            )
        migrate(connection, "head", keyring)  # nothing to do if another process did it while this one waited


def migrate(connection: Connection, revision: str, keyring: Keyring | None = None) -> None:
    """Run the migrations up to `revision` in the connection's transaction; secrets in the open are sealed."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "keyring": keyring or Keyring()})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))  # % begins a reference there
    command.upgrade(config, revision)


def version(database: Database) -> str | None:
    """The schema that a database is at; None for one without tables."""
    with database.reading() as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
