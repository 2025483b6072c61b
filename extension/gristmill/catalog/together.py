"""What is kept together: all that a thread writes in a block (`Together`), and several such blocks (`Group`).

A commit takes about as long for many blocks as for one, since they write to the same pages of the same indexes. Where
only one can write at a time, whoever waits for it does better to go along. So a thread carries out one block after the
other in a `Group`, and nobody is told that theirs is done before the transaction of all is kept.

A block that fails is undone alone. A savepoint before each would do it, but it takes up to a tenth of a block, and
hardly any block fails after it has begun to write (`Progress`). If one does, all are undone, and each is carried out
again in transactions of its own. So what a block writes may be on its way to the database when the next one begins,
and where something is wrong with it, the one that it is wrong with hears so the second time.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import TypeVar

from sqlalchemy import Connection

from gristmill.catalog.prepared import posting, send_off, stop_posting
from gristmill.errors import GristmillError

__all__ = ["Group", "Progress", "Together"]

Answer = TypeVar("Answer")

_log = logging.getLogger("gristmill.catalog")

Begin = Callable[[Sequence[str]], AbstractContextManager[Connection]]
"""A transaction that has taken turns under these names."""

Progress = Callable[[Connection], int]
"""A number that changes with all that a transaction changes; below 0 where the database has given it up."""


class Group:
    """Blocks of one thread in one transaction, which begins with the first that writes; each is undone by itself."""

    def __init__(
        self, begin: Begin, take_turns: Callable[..., bool], progress: Progress, *, posts: bool, lasts: float
    ) -> None:
        self._begin, self._take_turns, self._progress, self._posts = begin, take_turns, progress, posts
        self.lasts = lasts  # seconds, after which it should take in nobody more
        self._open: ExitStack | None = None
        self._in_block = False
        self._carried: list[Callable[[], None]] = []  # what is done once more if one of them fails
        self._carrying = self._spoilt = False
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
        self._undo()
        carried, self._carried, self._told, self._spoilt = self._carried, [], [], False
        for carry in carried:
            carry()
            self.keep()

    @contextmanager
    def writing(self, turns: Sequence[str]) -> Iterator[Connection]:
        """One block's part of the transaction, which takes turns under these names first.

        Whoever has to wait for one holds none: what came before is kept, or two groups might wait for each other. What
        is not being carried out for the first time has a transaction of its own: nobody would carry it out again.
        """
        if not self._carrying:
            self.keep()
            with self._begin(turns) as connection:
                yield connection
            return
        if self.connection is not None and turns and not self._take_turns(self.connection, *turns, wait=False):
            self.keep()
        if self.connection is None:
            self._open = ExitStack()
            self.connection = self._open.enter_context(self._begin(turns))
            if self._posts:
                posting(self.connection)
        before = self._progress(self.connection)
        self._in_block = True
        try:
            yield self.connection
        except BaseException:
            if self._progress(self.connection) != before:
                self._spoil()
            raise
        finally:
            self._in_block = False

    def _spoil(self) -> None:
        """Undo all that was not kept; it is carried out again."""
        self._spoilt = True
        self._undo()

    def _undo(self) -> None:
        opened = self._closing()
        if opened is not None:
            with suppress(GristmillError):  # a connection that cannot be told to undo it is lost, and it with it
                opened.__exit__(_Undone, _Undone(), None)

    def _closing(self) -> ExitStack | None:
        """The transaction, which is nobody's to write in from now on."""
        if self.connection is not None and not self.connection.invalidated:
            stop_posting(self.connection)
        opened, self._open, self.connection = self._open, None, None
        return opened

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
        """Commit, and tell; where something is wrong with what was written, each hears it by itself."""
        if not self._has_gone_off():
            self._spoil()
        if self._spoilt:
            if not self._carrying:  # or it is done once that has ended
                self._again()
            return
        opened, lost = self._closing(), None
        self._carried = self._carried[-1:] if self._carrying else []
        if opened is not None:
            try:
                opened.__exit__(None, None, None)
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

    def _has_gone_off(self) -> bool:
        """Send what is on its way; whether nothing of it is wrong."""
        if self.connection is None:
            return True
        try:
            send_off(self.connection)
        except Exception:
            return False
        return self._progress(self.connection) >= 0


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
