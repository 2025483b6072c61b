"""A catalog in one SQLite file, for one machine: WAL, so that readers never wait, and one writer at a time.

Four traps are met here:
- Python's sqlite3 begins transactions on its own, late and never for reading; it is told not to (`isolation_level`
  None), and BEGIN is sent by us.
- A transaction that reads first and writes later cannot wait for its turn: SQLite answers "database is locked" at once.
  So writing begins with BEGIN IMMEDIATE, which waits.
- Who waits for the lock on the file asks for it again after ever longer pauses, while it stands free. Threads of one
  process wait for one another instead, and only processes for the file.
- Two connections that turn a new file to WAL at the same moment get "database is locked" at once, whatever the timeout:
  the change is tried again until the time is up.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, Double, Engine, create_engine, event, literal
from sqlalchemy.engine import URL
from sqlalchemy.sql import ColumnElement

from gristmill.catalog.database import MISSING, TAKEN, UNFIT, Database, Fault
from gristmill.errors import CatalogFailed, UsageError

__all__ = ["SqliteDatabase"]

_PATIENCE = 30.0  # seconds to wait for another writer
_KEPT = 16  # connections that stay open: opening one takes longer than what is asked
_PAGES = 16_000  # 64 MB
_TRY_AGAIN = 0.01  # seconds between two attempts to turn a file to WAL


class SqliteDatabase(Database):
    """A catalog in one file, for any number of threads and processes of one machine."""

    faults: ClassVar[Mapping[str, Fault]] = {
        "SQLITE_CONSTRAINT": UNFIT,
        "SQLITE_CONSTRAINT_UNIQUE": TAKEN,
        "SQLITE_CONSTRAINT_PRIMARYKEY": TAKEN,
        "SQLITE_CONSTRAINT_FOREIGNKEY": MISSING,
        "SQLITE_TOOBIG": UNFIT,
        "SQLITE_FULL": Fault(cause="The disk that holds it is full.", cure="Make room, then try again."),
        "SQLITE_BUSY": Fault(
            cause=f"Another process has kept it locked for {_PATIENCE:.0f} seconds.",
            cure="Try again; if it stays locked, look for a process that hangs.",
        ),
        "SQLITE_CANTOPEN": Fault(cause="The file cannot be opened.", cure="Check the folder and its permissions."),
        "SQLITE_READONLY": Fault(cause="The file may not be written.", cure="Check the permissions."),
        "SQLITE_NOTADB": Fault(cause="The file is not an SQLite database.", cure="Name another file."),
        "SQLITE_CORRUPT": Fault(cause="The file is damaged.", cure="Put the latest backup in its place."),
        "SQLITE_IOERR": Fault(cause="The disk reports errors.", cure="Check the disk and the space left on it."),
    }
    group_lasts = 0.015  # workers want to write, too

    def _engines(self, url: URL) -> tuple[Engine, Engine]:
        if url.database in (None, "", ":memory:"):
            raise UsageError("A catalog needs a file.", cure="Give sqlite:////path/to/catalog.db.")
        path = Path(str(url.database))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            cause = error.strerror or str(error)
            what = f"The catalog's folder {path.parent} cannot be made."
            raise CatalogFailed(what, cause=cause, cure="Check the folders above it.") from error
        engine = create_engine(
            URL.create("sqlite+pysqlite", database=str(path)),
            connect_args={"timeout": _PATIENCE, "isolation_level": None},
            pool_size=_KEPT,
            pool_use_lifo=True,  # a connection reads each page again that another has written: the last used goes on
            hide_parameters=True,
        )
        self._turn = threading.Lock()
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine, engine.execution_options(begin="BEGIN IMMEDIATE")

    def _code(self, error: BaseException) -> str:
        return str(getattr(error, "sqlite_errorname", ""))

    def lock(self, connection: Connection) -> None:
        """Nothing to do: a transaction that writes has the whole file to itself."""

    def take_turns(self, connection: Connection, *names: str, wait: bool = True) -> bool:
        """Nothing to do, for the same reason."""
        del connection, names, wait
        return True

    def progress(self, connection: Connection) -> int:
        """The rows that were changed; none are of a transaction that SQLite itself has undone."""
        raw: Any = connection.connection.dbapi_connection
        return raw.total_changes if raw.in_transaction else -1

    def catch_up(self) -> None:
        """Move what was written lately into the file, and wait for the disk; who writes meanwhile goes on."""
        with self._in_our_words, self._reader.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").all()

    def tell_time(self, connection: Connection) -> float:
        """This machine's own: nothing needs to be asked."""
        del connection
        return time.time() if self._clock is None else self._clock()

    def _own_now(self) -> ColumnElement[float]:
        return literal(time.time(), Double)


def _begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get("begin")
    if begin is not None:  # reading is one statement at a time, each of its own moment, as it is in PostgreSQL
        connection.exec_driver_sql(begin)


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    _turn_to_wal(connection)
    # In WAL, NORMAL means that a power cut may lose the last commits; it never breaks the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    # Whoever commits when so much has been written moves it into the file itself, and waits for the disk meanwhile, and
    # so do those who stand behind. Where much is written, somebody catches up long before that (`catch_up`).
    connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")


def _turn_to_wal(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(_TRY_AGAIN)
    if mode != "wal":
        raise CatalogFailed(
            "The catalog's file cannot be shared between processes.",
            cause=f"SQLite keeps it in mode {mode}; network file systems do that.",
            cure="Put it on a disk of this machine, or use PostgreSQL.",
        )
