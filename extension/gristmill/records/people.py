"""People: who asks, what they may do, and what they did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LOCAL", "Deed", "Invitation", "Member", "MemberKind", "Membership", "Power", "Who"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """Somebody who asks, as whoever let them in knows them: JupyterHub, a token, or this machine itself."""

    name: str
    teams: tuple[str, ...] = ()  # a hub's groups
    powers: frozenset[Power] = frozenset()
    address: str = ""  # where the request came from


class Power(StrEnum):
    """What somebody may do at all, on their own projects and others'; a hub's scopes custom:gristmill:… say so."""

    USE = "use"  # look, upload, predict
    TRAIN = "train"  # have runs executed
    DEPLOY = "deploy"  # put models into production
    ADMIN = "admin"  # everything, in every project


class Membership(StrEnum):
    """What somebody may do in one project."""

    OWNER = "owner"  # everything, sharing included
    EDITOR = "editor"  # change what is in it
    VIEWER = "viewer"  # see and download what is in it

    def covers(self, need: Membership) -> bool:
        """Whether this one may do what `need` may."""
        ranks = list(Membership)
        return ranks.index(self) <= ranks.index(need)


class MemberKind(StrEnum):
    """Whom a membership is given to."""

    PERSON = "person"
    TEAM = "team"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One person's or team's place in a project."""

    project_id: str
    kind: MemberKind
    name: str
    membership: Membership
    created_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """A link that makes whoever follows it, before it expires, a member. Its token is known to the link alone."""

    id: str
    project_id: str
    membership: Membership
    digest: str  # sha256 of the token
    created_by: str
    created_at: float
    expires_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """One line of the audit trail: who did what to which thing, from where, and how it ended. Never changed."""

    id: str
    created_at: float
    who: str
    address: str
    action: str  # such as run.cancel
    thing: str  # the id of what it was done to; empty if there came to be none
    project_id: str | None
    outcome: str  # done, or the code of what went wrong


LOCAL = Who(name="local", powers=frozenset(Power))
"""The one person of an embedded platform, who may do everything."""
