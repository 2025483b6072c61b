"""A catalog in PostgreSQL, for any number of hosts, through psycopg 3.

The clock is the server's: hosts need not agree on the time. `statement_timestamp` rather than `clock_timestamp`, which
changes from row to row and so keeps every index from being used. Claims skip rows that another claim has locked
instead of waiting for them (SKIP LOCKED, see `runs`).

Connections are in autocommit: whoever reads asks one thing at a time, whoever writes sends BEGIN. So one that goes from
who reads to who writes need not be changed, which takes longer than what is asked.
"""

from __future__ import annotations

import functools
import select as waiting
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import (
    Connection,
    Double,
    Engine,
    Text,
    bindparam,
    cast,
    create_engine,
    event,
    exc,
    extract,
    func,
    select,
)
from sqlalchemy.engine import URL
from sqlalchemy.sql import ColumnElement

from gristmill.catalog.database import MISSING, TAKEN, UNFIT, Database, Fault
from gristmill.catalog.prepared import Prepared, send_off, written, wrote
from gristmill.errors import CatalogFailed, NotPossible

__all__ = ["PostgresDatabase"]

_LOCK = 0x67726973746D  # "gristm": the advisory lock under which tables are changed
_CONNECT_SECONDS = 10
_DOUBTED = 10.0  # seconds after which a connection is asked whether it stands
_ASKED_AGAIN = 10.0  # seconds after which the server is asked for the time again
_KEPT = 16  # connections that stay open, once so many were needed at once
# A process that is stopped in mid transaction must not keep a run from being taken over.
_OPTIONS = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s"


class PostgresDatabase(Database):
    """A catalog on a server, for any number of threads, processes and hosts."""

    faults: ClassVar[Mapping[str, Fault]] = {
        "22": UNFIT,  # data exceptions
        "23": UNFIT,  # integrity constraints; two of them have a meaning of their own
        "23505": TAKEN,
        "23503": MISSING,
        "53100": Fault(cause="The disk of the database server is full.", cure="Make room there, then try again."),
        "53300": Fault(
            cause="The server has no connection left.",
            cure="Raise its max_connections, or run fewer processes.",
        ),
        "55P03": Fault(
            cause="Another process has kept it locked for 30 seconds.",
            cure="Try again; if it stays locked, look for a process that hangs.",
        ),
        "42501": Fault(
            cause="The database user may not do this.",
            cure="Make that user the owner of the database.",
        ),
    }

    group_lasts = 0.045  # others write meanwhile
    _told = (0.0, 0.0)  # when the server was asked for the time, and what it said

    def _engines(self, url: URL) -> tuple[Engine, Engine]:
        arguments: dict[str, object] = {"connect_timeout": _CONNECT_SECONDS, "application_name": "gristmill"}
        arguments["options"] = _OPTIONS
        try:
            engine = create_engine(
                url.set(drivername="postgresql+psycopg"),
                # what the URL itself says counts
                connect_args={name: value for name, value in arguments.items() if name not in url.query},
                hide_parameters=True,
                pool_size=_KEPT,
                isolation_level="AUTOCOMMIT",
                use_native_hstore=False,  # saves a question on every first connection
            )
        except ModuleNotFoundError as error:
            raise NotPossible(
                "A catalog in PostgreSQL cannot be opened.",
                cause="The driver psycopg is not installed.",
                cure="pip install 'gristmill[cloud]'",
            ) from error
        self.posts = bool(engine.dialect.loaded_dbapi.Pipeline.is_supported())  # not by a libpq before 14
        event.listen(engine, "checkin", _seen)
        event.listen(engine, "checkout", _must_be_there)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "before_cursor_execute", _after_what_was_posted)
        return engine, engine.execution_options(begin="BEGIN")

    def _code(self, error: BaseException) -> str:
        import psycopg

        if isinstance(error, psycopg.DataError) and error.sqlstate is None:
            return "22"  # found by the driver before it asked the server, such as a NUL in a text
        return str(getattr(error, "sqlstate", None) or "")

    def lock(self, connection: Connection) -> None:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    def take_turns(self, connection: Connection, *names: str, wait: bool = True) -> bool:
        # always in one order: no two ever wait for each other
        turns = {f"name_{number}": name for number, name in enumerate(sorted(names))}
        (taken,) = _turns(len(turns), wait=wait).rows(connection, turns)
        return wait or all(taken)

    def progress(self, connection: Connection) -> int:
        """What was carried out so far, be it still on its way; what only reads does not count."""
        return written(connection) if self._stands(connection) else -1

    def _stands(self, connection: Connection) -> bool:
        from psycopg.pq import TransactionStatus

        if connection.invalidated:
            return False
        raw: Any = connection.connection.driver_connection
        return bool(raw.info.transaction_status == TransactionStatus.INTRANS)

    def _must_stand(self, connection: Connection) -> None:
        if not self._stands(connection):
            raise CatalogFailed("The catalog could not keep what it was given.", cause="Something else failed with it.")

    def tell_time(self, connection: Connection) -> float:
        """The server's own, asked every few seconds; in between, this host's clock goes on from there."""
        asked_at, told = self._told
        since = time.time() - asked_at
        if self._clock is not None or not 0 <= since < _ASKED_AGAIN:
            told, since = super().tell_time(connection), 0.0
            self._told = time.time(), told
        return told + since

    def _own_now(self) -> ColumnElement[float]:
        return cast(extract("epoch", func.statement_timestamp()), Double)


def _begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get("begin")
    if begin is not None:
        connection.exec_driver_sql(begin)


def _after_what_was_posted(
    connection: Connection, _cursor: Any, _text: str, _bound: Any, context: Any, _: bool
) -> None:
    send_off(connection)
    if not getattr(context.invoked_statement, "is_select", False):
        wrote(connection)


def _seen(dbapi: Any, record: Any) -> None:
    if dbapi is not None:
        record.info["seen"] = time.monotonic()


def _must_be_there(dbapi: Any, record: Any, _proxy: Any) -> None:
    """Have a server that was restarted met with a new connection, not with an error.

    What a server says that nobody has asked is that it ends. Only one that was not used for a while is asked.
    """
    import psycopg

    seen = record.info.get("seen")
    if seen is None:
        return  # it was just made
    try:
        heard = waiting.poll()
        heard.register(dbapi.fileno(), waiting.POLLIN)
        if heard.poll(0):
            raise exc.InvalidatePoolError
        if time.monotonic() - seen > _DOUBTED:
            dbapi.execute("SELECT")
    except (psycopg.Error, OSError, ValueError) as error:
        raise exc.InvalidatePoolError from error


@functools.lru_cache(maxsize=100)
def _turns(several: int, *, wait: bool) -> Prepared:
    """Takes so many turns, one after the other: `name_0`, `name_1` …"""
    take = func.pg_advisory_xact_lock if wait else func.pg_try_advisory_xact_lock
    names = [bindparam(f"name_{number}", type_=Text) for number in range(several)]
    return Prepared(select(*(take(func.hashtextextended(name, 0)) for name in names)))
