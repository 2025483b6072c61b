"""Telling people: what happened, whom it is told, how it reaches them, and what each of them chooses.

Terms
-----
tiding     that something happened which people may be told of; whoever makes it happen leaves one in the catalog.
news       one tiding as one person gets it: a title, a text, and whether it was read. What lies in the bell is news.
channel    a way to people: the bell in the dashboard, mail, webhooks.
delivery   one piece of news, on its way to one address by one channel.
choices    which kinds of news a person wants by which channel.
webhook    an address that is sent news by POST, signed: a person's own, or a project's.

A delivery is *waiting* while it has a `next_at`: the time of its next try, and while somebody is trying, the time at
which they are given up for dead. Without one it is over: `sent_at` says that it arrived, `failure` why it never did.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gristmill.records.failure import Failure

__all__ = ["Channel", "Choices", "Delivery", "News", "NewsKind", "Tiding", "Webhook"]


class NewsKind(StrEnum):
    """What people are told of."""

    RUN_FINISHED = "run-finished"
    RUN_SALVAGED = "run-salvaged"  # it was cut short, and has a model all the same
    RUN_FAILED = "run-failed"
    BUDGET_NEAR = "budget-near"  # money or hours of a month are nearly used
    QUOTA_NEAR = "quota-near"  # storage or runs are nearly at their limit
    SHARED = "shared"  # somebody made them a member of a project


class Channel(StrEnum):
    """A way to people."""

    BELL = "bell"
    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiding:
    """That something happened. `facts` are what its news are worded from."""

    id: str
    created_at: float
    kind: NewsKind
    who: str  # whom it concerns
    thing: str  # the id of what it is about
    project_id: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What one person is told. News for a project's webhooks alone are nobody's: `who` is empty."""

    id: str
    created_at: float
    who: str
    kind: NewsKind
    thing: str
    project_id: str | None
    title: str
    text: str
    facts: dict[str, Any] = field(default_factory=dict)
    read_at: float | None = None
    bell: bool = True  # whether it lies in the bell


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One piece of news on its way; see the top of this module for its states."""

    id: str
    created_at: float
    news_id: str
    channel: Channel
    address: str  # a mail address, or the id of a webhook
    attempts: int = 0
    next_at: float | None = None
    sent_at: float | None = None
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What one person chooses; a kind that is not named comes by bell and mail."""

    who: str
    mail: str = ""  # where mail goes; empty for what the installation makes of the name
    kinds: dict[NewsKind, tuple[Channel, ...]] = field(default_factory=dict)

    def by(self, kind: NewsKind) -> tuple[Channel, ...]:
        """The channels by which the person wants such news. Their webhooks choose for themselves."""
        return self.kinds.get(kind, (Channel.BELL, Channel.MAIL))


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """An address that is sent news by POST. `secret` signs them; it is shown once, when the webhook is made."""

    id: str
    created_at: float
    who: str  # who made it
    project_id: str | None  # of which it tells everything; None for what its maker is told
    url: str
    kinds: tuple[NewsKind, ...]  # empty for all
    secret: str = ""
