"""Who may sign in, with what, and who has been asked to join: a SQLite file of the hub's own.

    person        a name, the hash of a password, whether they administer the hub
    invitation    a link that makes somebody a person, or lets a person choose a new password; counts once, for a week
    attempt       a sign-in that did not go right; forgotten after ten minutes

Of a link, only a hash is kept, so that whoever reads the file cannot use it. Attempts are counted by name and by
address, whether or not anybody has that name. A name is locked for the address that has tried it too often, so that a
stranger's guessing locks nobody out of their own machine; and for all addresses once all together have tried far too
often. An address is locked when it has tried too many names.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from gristmill.errors import Conflict, NotFound, UsageError
from gristmill_hub.keeping import folder_of_ours
from gristmill_hub.login import hashing
from gristmill_hub.login.passwords import fault_in

__all__ = ["Invitation", "People", "Person", "fault_in_name"]

WINDOW = 600.0  # seconds that a wrong attempt counts
OF_NAME_AT_ADDRESS, OF_NAME, OF_ADDRESS = 5, 50, 100  # wrong attempts; a class may share one address
_WEEK = 7 * 86_400.0
_NAME = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
_LONGEST = 32

_tables = sa.MetaData()
_people = sa.Table(
    "people", _tables,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("password", sa.String, nullable=False),
    sa.Column("admin", sa.Boolean, nullable=False),
    sa.Column("since", sa.Float, nullable=False),
)  # fmt: skip
_invitations = sa.Table(
    "invitations", _tables,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),  # empty: whoever comes chooses one
    sa.Column("admin", sa.Boolean, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)  # fmt: skip
_attempts = sa.Table(
    "attempts", _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, index=True),  # hashed: people type passwords there
    sa.Column("address", sa.String, nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who may sign in."""

    name: str
    admin: bool
    since: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """A link that has not been used; `renews` if it lets a person choose a new password."""

    digest: str
    name: str
    admin: bool
    by: str
    until: float
    renews: bool


def fault_in_name(name: str) -> str:
    """Why nobody can be called so; nothing if somebody can."""
    if len(name) <= _LONGEST and _NAME.fullmatch(name) and name != "local":
        return ""
    return f"A name has up to {_LONGEST} small letters and digits, with dots, dashes or underlines between them."


class People:
    """All that the hub knows of people's passwords. Each method is one transaction."""

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        folder_of_ours(file.parent)
        file.touch(mode=0o600)
        self._clock = clock
        self._engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": 20})
        with self._engine.begin() as to:
            to.execute(sa.text("pragma journal_mode = wal"))
            _tables.create_all(to)

    def close(self) -> None:
        self._engine.dispose()

    # --- people ------------------------------------------------------------------------------------------------------

    def all(self) -> list[Person]:
        with self._engine.begin() as of:
            return [_person(row) for row in of.execute(sa.select(_people).order_by(_people.c.name))]

    def find(self, name: str) -> Person | None:
        with self._engine.begin() as of:
            row = of.execute(sa.select(_people).where(_people.c.name == name)).first()
        return None if row is None else _person(row)

    def admins(self) -> list[str]:
        return [person.name for person in self.all() if person.admin]

    def remove(self, name: str) -> None:
        """Nobody signs in under this name any more; whoever is the last to administer the hub stays."""
        with self._engine.begin() as to:
            others = sa.select(sa.func.count()).where(_people.c.admin, _people.c.name != name)
            person = to.execute(sa.select(_people).where(_people.c.name == name)).first()
            if person is None:
                raise NotFound(f"There is nobody called {name}.")
            if person.admin and not to.scalar(others):
                raise Conflict(f"{name} is the only one who administers this hub.", cure="Invite another first.")
            to.execute(sa.delete(_people).where(_people.c.name == name))
            to.execute(sa.delete(_invitations).where(_invitations.c.name == name))

    # --- passwords ---------------------------------------------------------------------------------------------------

    def knows(self, name: str, password: str) -> Person | None:
        """Who it is, if the password is theirs; takes as long if it is not, or if nobody is called so."""
        with self._engine.begin() as of:
            row = of.execute(sa.select(_people).where(_people.c.name == name)).first()
        right = hashing.matches(password, hashing.NOBODY if row is None else row.password)
        if row is None or not right:
            return None
        if hashing.is_outdated(row.password):
            self._set_password(name, password)
        return _person(row)

    def change(self, name: str, password: str) -> None:
        """Gives a person another password; UsageError says what is wrong with it."""
        _must_be_sound(password, name)
        self._set_password(name, password)

    def _set_password(self, name: str, password: str) -> None:
        kept = hashing.hashed(password)
        with self._engine.begin() as to:
            to.execute(sa.update(_people).where(_people.c.name == name).values(password=kept))

    # --- invitations -------------------------------------------------------------------------------------------------

    def invite(self, *, by: str, name: str = "", admin: bool = False) -> str:
        """The secret of a new link. For a name that somebody has, it lets them choose a new password."""
        if name and self.find(name) is None and (fault := fault_in_name(name)):
            raise UsageError(f"Nobody can be called {name!r}.", cause=fault)
        secret = secrets.token_urlsafe(24)
        with self._engine.begin() as to:
            if name:
                to.execute(sa.delete(_invitations).where(_invitations.c.name == name))
            to.execute(
                sa.insert(_invitations).values(
                    digest=_digest(secret), name=name, admin=admin, by=by, until=self._clock() + _WEEK
                )
            )
        return secret

    def first(self) -> str | None:
        """The secret that lets the first administrator in; earlier ones count no more. None once there is one."""
        if self.admins():
            return None
        with self._engine.begin() as to:
            to.execute(sa.delete(_invitations).where(_invitations.c.by == ""))
        return self.invite(by="", admin=True)

    def invitation(self, secret: str) -> Invitation | None:
        """The invitation that a link stands for, if it still counts."""
        return next((each for each in self.invitations() if each.digest == _digest(secret)), None)

    def invitations(self) -> list[Invitation]:
        """All that still count, the newest first."""
        with self._engine.begin() as of:
            rows = of.execute(
                sa.select(_invitations, _people.c.name.is_not(None).label("renews"))
                .select_from(_invitations.outerjoin(_people, _people.c.name == _invitations.c.name))
                .where(_invitations.c.until > self._clock())
                .order_by(_invitations.c.until.desc())
            )
            return [Invitation(**row._mapping) for row in rows]

    def withdraw(self, digest: str) -> None:
        with self._engine.begin() as to:
            to.execute(sa.delete(_invitations).where(_invitations.c.digest == digest))

    def accept(self, secret: str, name: str, password: str) -> Person:
        """Makes somebody a person, or gives one a new password; the link counts no more."""
        found = self.invitation(secret)
        if found is None:
            raise NotFound("This invitation counts no more.", cure="Ask whoever invited you for another.")
        name = found.name or name
        if not found.renews and (fault := fault_in_name(name)):
            raise UsageError(fault)
        if not found.renews and self.find(name) is not None:
            raise Conflict(f"Somebody is called {name} already.", cure="Take another name.")
        _must_be_sound(password, name)
        kept = hashing.hashed(password)
        with self._engine.begin() as to:
            used = to.execute(sa.delete(_invitations).where(_invitations.c.digest == found.digest))
            if not used.rowcount:
                raise NotFound("This invitation has just been used.", cure="Ask whoever invited you for another.")
            if found.renews:
                to.execute(sa.update(_people).where(_people.c.name == name).values(password=kept))
            else:
                _insert(to, name, kept, admin=found.admin, since=self._clock())
            return _person(to.execute(sa.select(_people).where(_people.c.name == name)).one())

    # --- attempts ----------------------------------------------------------------------------------------------------

    def attempt(self, name: str, address: str) -> float:
        """Counts an attempt before it is made, so that many at once are no more than many one by one.

        Answers the seconds to wait if there were too many already; then this one does not count.
        """
        now = self._clock()
        with self._engine.begin() as to:
            to.execute(sa.delete(_attempts).where(_attempts.c.at <= now - WINDOW))  # holds all others off, too
            wait = self._locked(to, name, address)
            if not wait:
                to.execute(sa.insert(_attempts).values(name=_digest(name), address=address, at=now))
        return wait

    def locked(self, name: str, address: str) -> float:
        """Seconds for which this name cannot be tried from this address; 0 if it can."""
        with self._engine.begin() as of:
            return self._locked(of, name, address)

    def succeeded(self, name: str, address: str) -> None:
        """It was the right password: what was tried before counts no more."""
        with self._engine.begin() as to:
            to.execute(
                sa.delete(_attempts).where((_attempts.c.name == _digest(name)) & (_attempts.c.address == address))
            )

    def _locked(self, of: sa.Connection, name: str, address: str) -> float:
        of_name, of_address = _attempts.c.name == _digest(name), _attempts.c.address == address
        return max(
            self._wait(of, OF_NAME_AT_ADDRESS, of_name & of_address),
            self._wait(of, OF_NAME, of_name),
            self._wait(of, OF_ADDRESS, of_address),
        )

    def _wait(self, of: sa.Connection, most: int, which: sa.ColumnElement[bool]) -> float:
        """Until fewer than `most` of these attempts count."""
        recent = sa.select(_attempts.c.at).where(which, _attempts.c.at > self._clock() - WINDOW)
        at = of.scalar(recent.order_by(_attempts.c.at.desc()).offset(most - 1).limit(1))
        return 0.0 if at is None else max(0.0, at + WINDOW - self._clock())


def _insert(to: sa.Connection, name: str, kept: str, *, admin: bool, since: float) -> None:
    try:
        to.execute(sa.insert(_people).values(name=name, password=kept, admin=admin, since=since))
    except sa.exc.IntegrityError:
        raise Conflict(f"Somebody is called {name} already.", cure="Take another name.") from None


def _must_be_sound(password: str, name: str) -> None:
    if fault := fault_in(password, name):
        raise UsageError(fault)


def _person(row: sa.Row[tuple[object, ...]]) -> Person:
    return Person(name=row.name, admin=row.admin, since=row.since)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
