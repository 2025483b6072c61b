"""What is kept together: all that a thread writes in a block (`Together`), and several such blocks (`Group`).

A commit takes about as long for many blocks as for one, since they write to the same pages of the same indexes. Where
only one can write at a time, whoever waits for it does better to go along. So a thread carries out one block after the
other in a `Group`, and nobody is told that theirs is done before the transaction of all is kept.

A block that fails is undone alone. A savepoint before each would do it, but where a block takes less than a millisecond
savepoints are a twentieth of it, and hardly any block fails after it has begun to write. So where the database can tell
that one has (`Progress`), blocks go without: if it happens, all are undone, and each is carried out again by itself.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

from sqlalchemy import Connection, text

from gristmill.catalog.prepared import Prepared, posting, send_off, stop_posting
from gristmill.errors import CatalogFailed, GristmillError

__all__ = ["Group", "Progress", "Together"]

Answer = TypeVar("Answer")

_log = logging.getLogger("gristmill.catalog")

Begin = Callable[[Sequence[str]], AbstractContextManager[Connection]]
"""A transaction that has taken turns under these names."""

Progress = Callable[[Connection], int | None]
"""A number that changes with all that a transaction changes, or None: only a savepoint can undo a part of it."""

_MARK, _BACK, _PASS = (Prepared(text(f"{word} block")) for word in ("SAVEPOINT", "ROLLBACK TO", "RELEASE"))
_MARKED = "SAVEPOINT block"


class Group:
    """Blocks of one thread in one transaction, which begins with the first that writes; each is undone by itself."""

    def __init__(self, begin: Begin, take_turns: Callable[..., bool], progress: Progress, *, posts: bool) -> None:
        self._begin, self._take_turns, self._progress, self._posts = begin, take_turns, progress, posts
        self._open: ExitStack | None = None
        self._in_block = False
        self._carried: list[Callable[[], None]] = []  # what is done once more if one of them fails
        self._carrying = self._marks = self._spoilt = False
        self._lost: GristmillError | None = None
        self._told: list[Callable[[GristmillError | None], object]] = []
        self._at_last: Callable[[], object] = _nothing
        self._at_rest: Callable[[], object] = _nothing
        self.connection: Connection | None = None

    def carry_out(self, what: Callable[[], Answer], tell: Callable[[Answer, GristmillError | None], object]) -> None:
        """Carry out a block, and tell what it comes to as `then` does; it may be carried out twice."""

        def carry() -> None:
            answer = what()
            self.then(functools.partial(tell, answer))

        self._carried.append(carry)
        self._carrying = True
        try:
            carry()
        finally:
            self._carrying = False
        if self._spoilt:
            self._again()

    def _again(self) -> None:
        """Undo what was not kept, and carry out each block by itself."""
        carried, self._carried, self._told, self._spoilt = self._carried, [], [], False
        opened, self._open, self.connection = self._open, None, None
        if opened is not None:
            opened.__exit__(_Undone, _Undone(), None)
        for carry in carried:
            carry()
            self.keep()

    @contextmanager
    def writing(self, turns: Sequence[str]) -> Iterator[Connection]:
        """One block's part of the transaction, which takes turns under these names first.

        Whoever has to wait for one holds none: what came before is kept, or two groups might wait for each other.
        """
        if self._lost is not None:  # the database has undone all of it: no part of it may be kept
            raise self._lost
        if self.connection is not None and turns and not self._take_turns(self.connection, *turns, wait=False):
            self.keep()
        if self.connection is None:
            self._open = ExitStack()
            self.connection = self._open.enter_context(self._begin(turns))
            if self._posts:
                posting(self.connection)
        connection = self.connection
        before = self._progress(connection) if self._carrying and not self._marks else None
        self._marks = before is None
        self._in_block = True
        try:
            if before is None:
                _MARK.carry_out(connection, {})
            yield connection
            if before is None:
                _PASS.carry_out(connection, {})
                send_off(connection)
        except BaseException:
            if before is None:
                self._undo(connection)
            else:
                self._spoilt |= self._progress(connection) != before
            raise
        finally:
            self._in_block = False

    def _undo(self, connection: Connection) -> None:
        try:
            unsent = stop_posting(connection)
            if _MARKED not in unsent[:1]:  # some of the block has gone off
                _BACK.carry_out(connection, {})
                _PASS.carry_out(connection, {})
            if self._posts:
                posting(connection)
        except Exception as error:  # where the disk is full or broken, the database may have gone back to the beginning
            self._lost = CatalogFailed("The catalog could not keep what it was given.", cause=f"{error}.")

    def then(self, what: Callable[[GristmillError | None], object]) -> None:
        """Tell what has come of it, once that is sure: None if all was kept, or why nothing was."""
        self._told.append(what)

    def at_last(self, what: Callable[[], object]) -> None:
        """Do this each time that some have been told."""
        self._at_last = what

    def at_rest(self, what: Callable[[], object]) -> None:
        """Do this each time that something comes which may take long."""
        self._at_rest = what

    def rest(self) -> None:
        """Keep what there is, unless a block is writing: what comes next may take long."""
        self._at_rest()
        if not self._in_block and not self._spoilt:
            self.keep()

    def keep(self) -> None:
        """Commit, and tell."""
        if self.connection is not None and not self.connection.invalidated:
            stop_posting(self.connection)
        opened, self._open, self.connection = self._open, None, None
        lost, self._lost = self._lost, None
        self._carried, self._marks = self._carried[-1:] if self._carrying else [], False
        if opened is not None:
            try:
                opened.__exit__(None if lost is None else type(lost), lost, None)
            except GristmillError as error:
                lost = error
        told, self._told = self._told, []
        for tell in told:
            try:
                tell(lost)
            except Exception:  # the others must be told all the same
                _log.exception("what was to be done after a transaction has failed")
        if told:
            self._at_last()


class Together:
    """One transaction for all that a thread writes in a block. It begins with the first of it, so what is slow and only
    reads keeps nobody waiting, and it is kept when the block ends.

    Whatever raises while it writes undoes all of it there and then; so does `undo`.
    """

    def __init__(
        self,
        begin: Begin,
        take_turns: Callable[..., bool],
        read: Callable[[], Connection],
        group: Group | None = None,
    ) -> None:
        self._begin, self._take_turns, self._read, self._group = begin, take_turns, read, group
        self._open: ExitStack | None = None
        self._reader: Connection | None = None
        self._afterwards: list[tuple[bool, Callable[[], object]]] = []
        self.connection: Connection | None = None

    def reading(self) -> Connection:
        """One connection for all that is read before something is written, and that one afterwards."""
        if self.connection is not None:
            return self.connection
        if self._group is not None and self._group.connection is not None:
            return self._group.connection
        if self._reader is None:
            self._reader = self._read()
        return self._reader

    def rest(self) -> None:
        """Let go of what was read with."""
        if self._reader is not None:
            reader, self._reader = self._reader, None
            reader.close()

    def writing(self, turns: Sequence[str]) -> Connection:
        """The transaction; turns are taken before the first of it, or where it stands."""
        if self.connection is None:
            self.rest()
            self._open = ExitStack()
            self.connection = self._open.enter_context(self._begin(turns))
        elif turns:
            try:
                self._take_turns(self.connection, *turns)
            except BaseException as error:
                self.undo(error)
                raise
        return self.connection

    def undo(self, error: BaseException | None = None) -> None:
        """Forget what was written so far, and what was to be done once it is kept."""
        self._afterwards = [(always, what) for always, what in self._afterwards if always]
        if self._open is not None:
            opened, self._open, self.connection = self._open, None, None
            undone = error or _Undone()
            opened.__exit__(type(undone), undone, None)

    def afterwards(self, what: Callable[[], object], *, always: bool) -> None:
        """Do something once all is kept; or whatever comes of it."""
        self._afterwards.append((always, what))

    def keep(self) -> None:
        """Commit."""
        if self._open is not None:
            opened, self._open, self.connection = self._open, None, None
            opened.__exit__(None, None, None)

    def close(self) -> None:
        """Undo what was not kept, and do what was to be done after it."""
        self.rest()
        if self._open is not None:
            self.undo()
        for always, what in self._afterwards:
            if self._group is None:
                what()
            else:
                self._group.then(_unless_lost(what, always=always))


def _nothing() -> None: ...


class _Undone(Exception):
    """Ends a transaction that is not to be kept."""


def _unless_lost(what: Callable[[], object], *, always: bool) -> Callable[[GristmillError | None], object]:
    return lambda lost: what() if lost is None or always else None
