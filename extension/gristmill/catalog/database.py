"""One database that holds a catalog: transactions, its clock, and its faults in our words.

The two kinds differ in how they lock, tell the time and name what went wrong; each has a file of its own. Everything
above writes plain SQLAlchemy Core in `with database.reading()` or `with database.writing()`, each one transaction.
What belongs together beyond that is written in `with database.together()`, and several such blocks are kept at once in
`with database.grouped()`: see `together`.

A *fault* is an error of the driver, by its stable code, as one of our errors with cause and cure. All of them are
mapped in `_InOurWords`, and nowhere else.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar

from sqlalchemy import Connection, Double, Engine, exc, literal, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.sql import ColumnElement

from gristmill.catalog.prepared import Prepared
from gristmill.catalog.together import Group, Together
from gristmill.errors import CatalogFailed, Conflict, GristmillError, NotFound, UsageError

__all__ = ["MISSING", "TAKEN", "UNFIT", "Database", "Fault", "open_database"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What one code of a driver means; without `what` it is the catalog as a whole that failed."""

    what: str = ""
    cause: str = ""
    cure: str = ""
    kind: type[GristmillError] = CatalogFailed


TAKEN = Fault(what="This is in the catalog already.", kind=Conflict)
MISSING = Fault(what="This refers to something that is not in the catalog.", kind=NotFound)
UNFIT = Fault(
    what="The catalog cannot keep this value.",
    cure="Leave out control characters, numbers that are not finite, and whole numbers beyond 64 bits.",
    kind=UsageError,
)


class Database(ABC):
    """A database by URL. Subclasses give the engine, the lock and the faults of their kind."""

    faults: ClassVar[Mapping[str, Fault]]  # the start of a driver's code -> what it means; the longest match counts
    posts: bool = False  # whether its driver can send several statements at once
    group_lasts: ClassVar[float]  # seconds that several blocks may take to be written together

    def __init__(self, url: URL, clock: Callable[[], float] | None) -> None:
        self._clock = clock
        self._password = url.password or str(url.query.get("password", ""))
        self.name = url.set(query={}).render_as_string(hide_password=True)
        self._turn: AbstractContextManager[object] = nullcontext()  # which a kind may make one thread's at a time
        self._here = threading.local()
        self._reader, self._writer = self._engines(url)
        self._driver_errors: type[Exception] = self._reader.dialect.loaded_dbapi.Error  # what a `Prepared` lets through
        self._in_our_words = _InOurWords(self._explained, self._driver_errors)
        self._time = Prepared(select(self._own_now()))

    @abstractmethod
    def _engines(self, url: URL) -> tuple[Engine, Engine]:
        """Two views on one pool of connections: one for reading, one for writing."""

    @abstractmethod
    def _code(self, error: BaseException) -> str:
        """The driver's stable code for this error; empty where it has none."""

    @abstractmethod
    def lock(self, connection: Connection) -> None:
        """Keep every other process from changing the tables themselves until this transaction ends."""

    @abstractmethod
    def take_turns(self, connection: Connection, *names: str, wait: bool = True) -> bool:
        """Wait until nobody else takes a turn under one of these names, and keep them until this transaction ends.

        Without `wait`, False where somebody does; what could be had is kept.
        """

    @abstractmethod
    def progress(self, connection: Connection) -> int:
        """What tells whether a transaction has changed anything; see `together.Progress`."""

    @abstractmethod
    def _own_now(self) -> ColumnElement[float]:
        """The time by the clock that all users of this database share."""

    def _must_stand(self, connection: Connection) -> None:
        """CatalogFailed where the database would undo a transaction that it is told to keep, and say nothing of it."""
        del connection

    def catch_up(self) -> None:
        """Do beside those who write what would keep one of them waiting sooner or later; most kinds do so unasked."""
        return

    def now(self) -> ColumnElement[float]:
        """The time, as part of a statement."""
        return self._own_now() if self._clock is None else literal(self._clock(), Double)

    def tell_time(self, connection: Connection) -> float:
        """The time by that clock, asked once."""
        if self._clock is not None:
            return self._clock()
        ((now,),) = self._time.rows(connection, {})
        return float(now)

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to read with; it sees what this thread has written."""
        together = self._together()
        return self._reading() if together is None else _Part(self._in_our_words, together, None)

    def writing(self, *turns: str) -> AbstractContextManager[Connection]:
        """A transaction to write in: kept when the block ends, undone when it raises.

        Before anything is written, it takes a turn under each of these names: see `take_turns`.
        """
        together = self._together()
        return self._writing(turns) if together is None else _Part(self._in_our_words, together, turns)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        group = self._group()
        with self._in_our_words:
            if group is not None and group.connection is not None:
                yield group.connection
                return
            with self._reader.connect() as connection:
                yield connection

    @contextmanager
    def _writing(self, turns: Sequence[str]) -> Iterator[Connection]:
        with self._in_our_words, self._begun(turns) as connection:
            yield connection

    @contextmanager
    def together(self) -> Iterator[Together]:
        """One transaction for all that this thread writes in the block; a block inside another is part of it."""
        joined = self._together()
        if joined is not None:
            try:
                yield joined
            except BaseException:
                joined.undo()
                raise
            return
        together = self._here.together = Together(self._begun, self.take_turns, self._reader.connect, self._group())
        try:
            yield together
            with self._in_our_words:
                together.keep()
        except BaseException:
            together.undo()
            raise
        finally:
            self._here.together = None
            together.close()

    @contextmanager
    def grouped(self) -> Iterator[Group]:
        """One transaction for all blocks of this thread that write in here, each of which is undone by itself."""
        group = self._here.group = Group(
            self._begin, self.take_turns, self.progress, posts=self.posts, lasts=self.group_lasts
        )
        try:
            yield group
        finally:
            self._here.group = None
            group.keep()

    def rest(self) -> None:
        """Keep what this thread's group has written so far: what comes now may take long, and others want to write."""
        group = self._group()
        if group is not None:
            group.rest()

    def afterwards(self, what: Callable[[], object], *, always: bool = False) -> None:
        """Do something once what this thread has written is kept: now, unless it is in a block `together`.

        With `always`, it is done after the block even where nothing is kept.
        """
        together = self._together()
        if together is None:
            what()
        else:
            together.afterwards(what, always=always)

    @property
    def is_together(self) -> bool:
        """Whether this thread is in a block `together`."""
        return self._together() is not None

    def _together(self) -> Together | None:
        found: Together | None = getattr(self._here, "together", None)
        return found

    def _group(self) -> Group | None:
        found: Group | None = getattr(self._here, "group", None)
        return found

    def _begun(self, turns: Sequence[str]) -> AbstractContextManager[Connection]:
        group = self._group()
        return self._begin(turns) if group is None else group.writing(turns)

    @contextmanager
    def _begin(self, turns: Sequence[str]) -> Iterator[Connection]:
        with self._in_our_words, self._turn, self._writer.begin() as connection:
            if turns:
                self.take_turns(connection, *turns)
            yield connection
            self._must_stand(connection)

    def close(self) -> None:
        """Close the connections."""
        self._writer.dispose()

    def _explained(self, error: BaseException) -> GristmillError:
        if isinstance(error, UnicodeEncodeError | OverflowError):  # drivers let these through as they are
            fault = UNFIT
        else:
            code = self._code(error)
            starts = sorted((start for start in self.faults if code.startswith(start)), key=len)
            fault = self.faults[starts[-1]] if starts else Fault()
        what = fault.what or f"The catalog at {self.name} did not do what it was asked."
        cause = fault.cause or (self._said(error) if fault.kind is CatalogFailed else "")
        cure = fault.cure or ("Check that the database runs and can be reached." if fault.kind is CatalogFailed else "")
        return fault.kind(what, cause=cause, cure=cure)

    def _said(self, error: BaseException) -> str:
        """The first line of what the driver said, without the password."""
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return said.replace(self._password, "***") if self._password else said


class _Part:
    """A part of what is kept together: it reads, or where there are `turns`, be it none, it writes.

    A class, for each request has many: a function that yields takes three times as long.
    """

    __slots__ = ("_in_our_words", "_together", "_turns")

    def __init__(self, in_our_words: _InOurWords, together: Together, turns: Sequence[str] | None) -> None:
        self._in_our_words, self._together, self._turns = in_our_words, together, turns

    def __enter__(self) -> Connection:
        with self._in_our_words:
            return self._together.reading() if self._turns is None else self._together.writing(self._turns)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            return
        if self._turns is None:
            self._together.rest()
        else:
            self._together.undo(error)
        self._in_our_words.__exit__(kind, error, at)


class _InOurWords:
    """Around whatever asks a driver: its errors come out as ours. One for all threads."""

    __slots__ = ("_drivers", "_explained")

    def __init__(self, explained: Callable[[BaseException], GristmillError], driver_errors: type[Exception]) -> None:
        self._explained = explained
        self._drivers = (exc.SQLAlchemyError, driver_errors, UnicodeEncodeError, OverflowError)

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None or not isinstance(error, self._drivers):
            return
        original = error.orig if isinstance(error, exc.StatementError) else None
        if isinstance(original, GristmillError):  # raised while a value was made ready for the statement
            raise original from None
        raise self._explained(original or error) from error


def open_database(url: str, clock: Callable[[], float] | None = None) -> Database:
    """The database at `url`; nothing is read or written yet."""
    from gristmill.catalog.postgres import PostgresDatabase
    from gristmill.catalog.sqlite import SqliteDatabase

    kinds: dict[str, Any] = {
        "sqlite": SqliteDatabase,
        "postgresql": PostgresDatabase,
        "postgres": PostgresDatabase,
    }
    cure = "Give sqlite:////path/to/catalog.db or postgresql://user:password@host/database."
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):  # its message repeats the URL, and so the password
        raise UsageError("The catalog's URL cannot be read.", cure=cure) from None
    scheme = parsed.drivername.partition("+")[0]
    if scheme not in kinds:
        raise UsageError(f"A catalog cannot be kept in {scheme}.", cure=cure)
    database: Database = kinds[scheme](parsed, clock)
    return database
