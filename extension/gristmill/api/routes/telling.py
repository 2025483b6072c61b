"""Being told: the bell, one's choices, webhooks."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query

from gristmill.api.routing import Body, Cursor, Limit, Page, Routes, page, part
from gristmill.mill import Mill
from gristmill.records import Channel, Choices, News, NewsKind, Webhook

__all__ = ["routes"]

routes = Routes("telling")

Unread = Annotated[bool, Query(description="Only what was not read.")]
OfProject = Annotated[str | None, Query(max_length=300, description="A project's, by its id or name.")]


class Which(Body):
    """Notices, by their ids; all of them if none is named."""

    ids: tuple[str, ...] = ()


class Marked(msgspec.Struct):
    """How many notices were unread until now."""

    read: int


class NewChoices(Body):
    """What shall change: where mail goes, and the channels of some kinds."""

    mail: str | None = None
    kinds: dict[NewsKind, tuple[Channel, ...]] = msgspec.field(default_factory=dict)


class NewWebhook(Body):
    """An address to be sent news; of all kinds if none is named, and all of a project's if one is."""

    url: str
    kinds: tuple[NewsKind, ...] = ()
    project: str | None = None


class Hook(msgspec.Struct):
    """A webhook's secret, which is shown this once."""

    id: str
    webhook: Webhook
    secret: str


@routes.get("/me/notices", who="user", gives=News, many=True)
def notices(mill: Mill, limit: Limit = 50, cursor: Cursor = None, unread: Unread = False) -> Page:
    """What one was told, newest first."""
    return page(mill.notices(limit + 1, cursor, unread=unread), limit)


@routes.post("/me/notices/read", who="user", takes=Which, gives=Marked)
def read_notices(mill: Mill, body: Which) -> Marked:
    """Mark notices as read."""
    return Marked(read=mill.read_notices(body.ids))


@routes.get("/me/choices", who="user", gives=Choices)
def choices(mill: Mill) -> Choices:
    """What one chooses to be told; a kind that is not named comes by bell and mail."""
    return mill.choices()


@routes.put("/me/choices", who="user", takes=NewChoices, gives=Choices)
def choose(mill: Mill, body: NewChoices) -> Choices:
    """Choose the channels of some kinds, and where mail goes; what is not named stays as it is."""
    return mill.choose(body.kinds, mail=body.mail)


@routes.get("/me/webhooks", who="user", gives=Webhook, many=True)
def webhooks(mill: Mill, project: OfProject = None, limit: Limit = 50, cursor: Cursor = None) -> Page:
    """One's webhooks, or a project's, for its owners; without their secrets."""
    return part(mill.webhooks(project), limit, cursor)


@routes.post("/me/webhooks", who="user", takes=NewWebhook, gives=Hook, at="/me/webhooks/{id}")
def add_webhook(mill: Mill, body: NewWebhook) -> Hook:
    """Have news sent to an address, signed; the secret is shown this once."""
    webhook, secret = mill.add_webhook(body.url, kinds=body.kinds, project=body.project)
    return Hook(id=webhook.id, webhook=webhook, secret=secret)


@routes.delete("/me/webhooks/{webhook_id}", who="owner")
def remove_webhook(mill: Mill, webhook_id: str) -> None:
    """Have nothing sent there any more."""
    mill.remove_webhook(webhook_id)
