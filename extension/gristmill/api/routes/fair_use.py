"""Fair use: how one stands, what was used, and limits."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated
from urllib.parse import unquote

from fastapi import Query, Request, Response

from gristmill.api.routes.admin import as_csv
from gristmill.api.routing import Cursor, Limit, Named, Page, Routes, page, part
from gristmill.mill import Mill
from gristmill.records import Limits, Standing, Subject, Usage, to_plain

__all__ = ["routes"]

routes = Routes("fair use")

_Month = Annotated[str | None, Query(max_length=7, description="Only that month, such as 2026-01.")]
_Word = Annotated[str | None, Query(max_length=200)]
_Name = Annotated[str, Query(max_length=200, description="A person's or a team's; none for everybody.")]


@routes.get("/me/limits", who="user", gives=Standing)
def standing(mill: Mill) -> Standing:
    """What one may use and has used, by oneself and in each team, and what an hour costs."""
    return mill.standing()


@routes.get("/me/usage", who="user", gives=Usage, many=True)
def my_usage(
    request: Request, mill: Mill, month: _Month = None, limit: Limit = 50, cursor: Cursor = None
) -> Page | Response:
    """What one has used, by project and month; as CSV where Accept asks for text/csv."""
    return _answer(request, page(mill.usage(None, month, limit + 1, cursor), limit))


@routes.get("/projects/{ref}/usage", who="owner", gives=Usage, many=True)
def project_usage(
    request: Request, mill: Mill, ref: str, month: _Month = None, limit: Limit = 50, cursor: Cursor = None
) -> Page | Response:
    """What everybody has used in a project, by person and month; as CSV where Accept asks for text/csv."""
    return _answer(request, page(mill.usage(unquote(ref), month, limit + 1, cursor), limit))


@routes.get("/admin/usage", who="admin", gives=Usage, many=True)
def all_usage(
    request: Request,
    mill: Mill,
    kind: Subject = Subject.PERSON,
    name: _Word = None,
    project_id: _Word = None,
    month: _Month = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page | Response:
    """What all people, or teams, have used; as CSV where Accept asks for text/csv."""
    found = mill.all_usage(kind, limit + 1, cursor, name=name, project_id=project_id, month=month)
    return _answer(request, page(found, limit))


@routes.get("/admin/limits", who="admin", gives=Limits, many=True)
def limits(mill: Mill, limit: Limit = 50, cursor: Named = None) -> Page:
    """All limits that are set."""
    return part(mill.limits(), limit, cursor, lambda one: f"{one.kind}/{one.name}")


@routes.put("/admin/limits", who="admin", takes=Limits, gives=Limits)
def set_limits(mill: Mill, body: Limits) -> Limits:
    """Set the limits of everybody, a team or a person, in place of those they had."""
    return mill.set_limits(body)


@routes.delete("/admin/limits/{kind}", who="admin")
def drop_limits(mill: Mill, kind: Subject, name: _Name = "") -> None:
    """Take limits away."""
    mill.drop_limits(kind, name)


def _answer(request: Request, found: Page) -> Page | Response:
    if "text/csv" not in request.headers.get("accept", ""):
        return found
    return as_csv([to_plain(one) for one in found.items], [field.name for field in fields(Usage)])
