"""Statements that every request needs, as the database's driver takes them.

SQLAlchemy keeps the text that it has made of a statement. But each time the statement is carried out it works out anew
what goes with it: values by name and place, what makes each fit its column, a result with its columns by name. For a
row by its id that takes several times as long as SQLite itself. A `Prepared` works it out once, and then hands values
to the driver.

Where a server is far away, going there and back takes longer than anything else. On a connection that is `posting`,
what nobody waits for goes off together with the next question, or when it is told to (`send_off`); what is wrong with
it is heard then.

What the driver raises is left as it is: `Database` says it in our words.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import BindParameter, ClauseElement, ColumnElement, Connection, Dialect, literal_column
from sqlalchemy.sql import visitors
from sqlalchemy.types import TypeEngine

__all__ = ["Prepared", "posting", "send_off", "stop_posting", "written", "wrote"]

Answer = TypeVar("Answer")

_Change = Callable[[Any], Any] | None
_Changes = list[tuple[int, Callable[[Any], Any]]]  # of the values at these places
_Letters = list[tuple[str, Any]]  # statements with their values, which nobody waits for
_POSTED = "gristmill.posted"


class Prepared:
    """One statement, for any connection to one kind of database. It holds no list of values whose length may vary.

    An insert is given the `columns` that it fills; of a select, what comes back has the values of its columns in order.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._statement, self._columns = statement, columns
        self._made: dict[str, _Made] = {}  # by dialect

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What is found with these values."""
        made = self._for(connection)
        return made.found(connection, made.bound(values))

    def carry_out(self, connection: Connection, *several: Mapping[str, Any]) -> None:
        """Do it with these values, and with these …"""
        made = self._for(connection)
        made.carry_out(connection, [made.bound(values) for values in several])

    def keep(self, connection: Connection, record: object) -> None:
        """Do it with what a record holds under the names of its values."""
        made = self._for(connection)
        made.carry_out(connection, [made.bound_of(record)])

    def _for(self, connection: Connection) -> _Made:
        made = self._made.get(connection.dialect.name)
        if made is None:
            made = self._made[connection.dialect.name] = _Made(self._statement, self._columns, connection.dialect)
        return made


class _Made:
    """A statement in one dialect: its text, its values in order, and what is done to them on the way there and back."""

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None, dialect: Dialect) -> None:
        spell_out: Any = functools.partial(_spelt_out, dialect=dialect)
        whole: Any = visitors.replacement_traverse(statement, {}, spell_out)
        compiled = whole.compile(dialect=dialect, column_keys=columns)
        self.text = str(compiled)
        self._by_place = compiled.positiontup is not None  # otherwise the driver takes values by name
        self._names: Sequence[str] = compiled.positiontup or list(compiled.binds)
        self._named, self._held = _all(operator.itemgetter, self._names), _all(operator.attrgetter, self._names)
        changes = [(at, _fit(compiled.binds[name].type, dialect)) for at, name in enumerate(self._names)]
        self._changes = [(at, change) for at, change in changes if change is not None]
        self._selected: Sequence[Any] = list(getattr(statement, "selected_columns", ()))
        self._reading: _Changes | None = None  # known when rows have come once

    def bound(self, values: Mapping[str, Any]) -> Any:
        """Values as the driver takes them."""
        return self._fitted(self._named(values))

    def bound_of(self, record: object) -> Any:
        """What a record holds, as the driver takes it."""
        return self._fitted(self._held(record))

    def _fitted(self, values: Sequence[Any]) -> Any:
        fitted = _changed(values, self._changes)
        return fitted if self._by_place else dict(zip(self._names, fitted, strict=True))

    def found(self, connection: Connection, bound: Any) -> list[tuple[Any, ...]]:
        def ask(cursor: Any) -> list[tuple[Any, ...]]:
            post = _post(connection)
            if post is not None and post.waiting:
                post.go_off(cursor, (self.text, bound))
            else:
                cursor.execute(self.text, bound)
            return self._read(cursor, connection.dialect)

        return _ask(connection, ask)

    def carry_out(self, connection: Connection, several: Sequence[Any]) -> None:
        post = _post(connection)
        if post is not None:
            post.waiting += [(self.text, bound) for bound in several]
            post.written += 1
        elif len(several) == 1:
            _ask(connection, lambda cursor: cursor.execute(self.text, several[0]))
        else:
            _ask(connection, lambda cursor: cursor.executemany(self.text, several))

    def _read(self, cursor: Any, dialect: Dialect) -> list[tuple[Any, ...]]:
        if self._reading is None:
            kinds = [described[1] for described in cursor.description]  # the driver's own, on which changes may depend
            changes = [_back(column.type, dialect, kind) for column, kind in zip(self._selected, kinds, strict=True)]
            self._reading = [(at, change) for at, change in enumerate(changes) if change is not None]
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return [tuple(_changed(row, self._reading)) for row in rows] if self._reading else rows


def _all(getter: Callable[..., Callable[[Any], Any]], names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    """What gets all of these from something; `operator`'s own give no sequence of one."""
    if len(names) > 1:
        return getter(*names)
    each = [getter(name) for name in names]
    return lambda held: [get(held) for get in each]


def _changed(values: Sequence[Any], changes: _Changes) -> list[Any]:
    """The values, with some of them made something else."""
    changed = list(values)
    for at, change in changes:
        changed[at] = change(changed[at])
    return changed


class _Post:
    """What one connection has been given since it is posting."""

    __slots__ = ("waiting", "written")

    def __init__(self) -> None:
        self.waiting: _Letters = []
        self.written = 0

    def go_off(self, cursor: Any, *question: tuple[str, Any]) -> None:
        """Send all that waits, and a question behind it; the cursor has what the last of them has found."""
        letters, self.waiting = [*self.waiting, *question], []
        with cursor.connection.pipeline():
            for text, bound in letters:
                cursor.execute(text, bound)


def _post(connection: Connection) -> _Post | None:
    post: _Post | None = connection.info.get(_POSTED)
    return post


def posting(connection: Connection) -> None:
    """Have what is carried out on this connection go off with the next question."""
    connection.info[_POSTED] = _Post()


def stop_posting(connection: Connection) -> None:
    """Send at once what comes; what has not gone off is forgotten."""
    connection.info.pop(_POSTED, None)


def send_off(connection: Connection) -> None:
    """Send what is waiting, and hear what has come of it."""
    post = _post(connection)
    if post is not None and post.waiting:
        _ask(connection, post.go_off)


def wrote(connection: Connection) -> None:
    """Count what was carried out otherwise."""
    post = _post(connection)
    if post is not None:
        post.written += 1


def written(connection: Connection) -> int:
    """How often something was carried out on this connection since it is posting."""
    post = _post(connection)
    return 0 if post is None else post.written


def _ask(connection: Connection, what: Callable[[Any], Answer]) -> Answer:
    """Do something with a cursor."""
    cursor = connection.connection.cursor()
    try:
        return what(cursor)
    except connection.dialect.loaded_dbapi.Error as error:
        if connection.dialect.is_disconnect(error, connection.connection, cursor):
            connection.invalidate(error)  # it must not go back among those that are kept
        raise
    finally:
        cursor.close()


def _spelt_out(part: Any, *, dialect: Dialect, **_: Any) -> ColumnElement[Any] | None:
    """A value that is the same each time, as a part of the text: it need not be handed over."""
    if not isinstance(part, BindParameter) or part.required:
        return None
    spelt: Any = part.type.dialect_impl(dialect).literal_processor(dialect)
    return literal_column(spelt(part.value), part.type)


def _fit(kind: TypeEngine[Any], dialect: Dialect) -> _Change:
    """What makes a value fit for the driver."""
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _back(kind: TypeEngine[Any], dialect: Dialect, described: Any) -> _Change:
    """What makes a value of what the driver gives."""
    return kind.dialect_impl(dialect).result_processor(dialect, described)
