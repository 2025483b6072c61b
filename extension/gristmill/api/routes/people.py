"""Projects, their members, and links by which people become members."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

import msgspec
from fastapi import Query

from gristmill.api.routing import Body, Cursor, Limit, Named, Page, Routes, page, part
from gristmill.errors import NotFound
from gristmill.mill import Mill
from gristmill.records import Invitation, Member, MemberKind, Membership, OwnStore, Project, Schema, SchemaChange

__all__ = ["routes"]

routes = Routes("projects")

Name = Annotated[str | None, Query(max_length=300, description="Only the project of that name.")]


class NewProject(Body):
    """A project to be made."""

    name: str


class Place(Body):
    """What a member shall be."""

    membership: Membership


class NewInvitation(Body):
    """A link to be made: what it makes people, and for how many seconds it is good."""

    membership: Membership
    seconds: float = 7 * 24 * 3600.0


class NewStore(Body):
    """A bucket, and the credentials for it by their names; without any, which takes an admin, the platform's rights."""

    url: str
    credentials: dict[str, str] | None = None


class Link(msgspec.Struct):
    """A link's token, which is shown this once."""

    id: str
    invitation: Invitation
    token: str


class Token(Body):
    """The token of a link."""

    token: str


@routes.get("/projects", who="user", gives=Project, many=True)
def projects(mill: Mill, limit: Limit = 50, cursor: Cursor = None, name: Name = None) -> Page:
    """The projects that one is a member of, newest first."""
    if name is not None:
        try:
            return Page(items=[mill.project(name)])
        except NotFound:
            return Page(items=[])
    return page(mill.projects(limit + 1, cursor), limit)


@routes.post("/projects", who="user", takes=NewProject, gives=Project, at="/projects/{id}")
def make_project(mill: Mill, body: NewProject) -> Project:
    """Make a project of one's own."""
    return mill.make_project(body.name)


@routes.get("/projects/{ref}", who="viewer", gives=Project)
def project(mill: Mill, ref: str) -> Project:
    """A project by its id or name; the slash of owner/name is written %2F."""
    return mill.project(unquote(ref))


@routes.get("/projects/{ref}/members", who="viewer", gives=Member, many=True)
def members(mill: Mill, ref: str, limit: Limit = 50, cursor: Named = None) -> Page:
    """Who is a member of a project."""
    return part(mill.members(unquote(ref)), limit, cursor, lambda one: f"{one.kind}/{one.name}")


@routes.put("/projects/{ref}/members/{kind}/{name}", who="owner", takes=Place, gives=Member)
def share(mill: Mill, ref: str, kind: MemberKind, name: str, body: Place) -> Member:
    """Make a person or a team a member, or change what they are."""
    return mill.share(unquote(ref), unquote(name), body.membership, kind)


@routes.delete("/projects/{ref}/members/{kind}/{name}", who="owner")
def unshare(mill: Mill, ref: str, kind: MemberKind, name: str) -> None:
    """Make a member a stranger; anybody may leave."""
    mill.unshare(unquote(ref), unquote(name), kind)


@routes.get("/projects/{ref}/invitations", who="owner", gives=Invitation, many=True)
def invitations(mill: Mill, ref: str, limit: Limit = 50, cursor: Cursor = None) -> Page:
    """The links to a project."""
    return part(mill.invitations(unquote(ref)), limit, cursor)


@routes.post("/projects/{ref}/invitations", who="owner", takes=NewInvitation, gives=Link, at="/invitations/{id}")
def invite(mill: Mill, ref: str, body: NewInvitation) -> Link:
    """Make a link by which whoever has it becomes a member."""
    invitation, token = mill.invite(unquote(ref), body.membership, body.seconds)
    return Link(id=invitation.id, invitation=invitation, token=token)


@routes.delete("/invitations/{invitation_id}", who="owner")
def withdraw(mill: Mill, invitation_id: str) -> None:
    """Make a link worthless."""
    mill.withdraw(invitation_id)


@routes.post("/invitations/accept", who="user", takes=Token, gives=Project)
def accept(mill: Mill, body: Token) -> Project:
    """Become a member by a link."""
    return mill.accept(body.token)


@routes.get("/projects/{ref}/schema", who="viewer", gives=Schema)
def schema(mill: Mill, ref: str) -> Schema:
    """What a project asks of the tables that are put into it."""
    return mill.schema(unquote(ref))


@routes.put("/projects/{ref}/schema", who="owner", takes=SchemaChange, gives=Schema)
def fix_schema(mill: Mill, ref: str, body: SchemaChange) -> Schema:
    """Hold later uploads and batches to these rules, or to those that one of the project's datasets fits."""
    return mill.fix_schema(unquote(ref), body)


@routes.delete("/projects/{ref}/schema", who="owner")
def drop_schema(mill: Mill, ref: str) -> None:
    """Let a project take whatever comes."""
    mill.drop_schema(unquote(ref))


@routes.get("/projects/{ref}/store", who="owner", gives=OwnStore)
def own_store(mill: Mill, ref: str) -> OwnStore:
    """The store of its own that takes what comes into a project; 404 where that is the platform's."""
    return mill.own_store(unquote(ref))


@routes.put("/projects/{ref}/store", who="owner", takes=NewStore, gives=OwnStore)
def set_store(mill: Mill, ref: str, body: NewStore) -> OwnStore:
    """Put what comes into a project into a bucket of its own from now on; credentials are never given back."""
    return mill.set_store(unquote(ref), body.url, body.credentials)


@routes.delete("/projects/{ref}/store", who="owner")
def drop_store(mill: Mill, ref: str) -> None:
    """Put what comes into a project into the platform's store again; the rest stays where it is."""
    mill.drop_store(unquote(ref))
