"""What admins see."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from typing import Annotated

from fastapi import Query, Request, Response

from gristmill.api.routing import Cursor, Limit, Named, Page, Routes, page, part
from gristmill.mill import Mill
from gristmill.records import Alive, Deed, Person, Setting, to_plain

__all__ = ["as_csv", "routes"]

routes = Routes("admin")

_Word = Annotated[str | None, Query(max_length=200)]
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@routes.get("/admin/deeds", who="admin", gives=Deed, many=True)
def deeds(
    request: Request,
    mill: Mill,
    who: _Word = None,
    action: _Word = None,
    thing: _Word = None,
    project_id: _Word = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page | Response:
    """The audit trail, newest first; as CSV where Accept asks for text/csv."""
    asked = {"who": who, "action": action, "thing": thing, "project_id": project_id}
    found = mill.deeds(limit + 1, cursor, **{name: value for name, value in asked.items() if value is not None})
    if "text/csv" in request.headers.get("accept", ""):
        return as_csv([to_plain(deed) for deed in found[:limit]], [field.name for field in fields(Deed)])
    return page(found, limit)


@routes.get("/admin/people", who="admin", gives=Person, many=True)
def people(mill: Mill, limit: Limit = 50, cursor: Named = None) -> Page:
    """The people whom the platform knows, by name, and when each was last seen."""
    return page(mill.people(limit + 1, cursor), limit, lambda one: one.name)


@routes.get("/admin/workers", who="admin", gives=Alive, many=True)
def workers(mill: Mill, limit: Limit = 50, cursor: Named = None) -> Page:
    """The workers that were heard of within a day."""
    return part(mill.workers(), limit, cursor, lambda one: one.name)


@routes.get("/admin/settings", who="admin", gives=Setting, many=True)
def settings(mill: Mill) -> Page:
    """What the platform was started with, secrets left out."""
    return Page(items=mill.settings())


def as_csv(rows: list[dict[str, object]], columns: list[str]) -> Response:
    """Rows as a table that a spreadsheet opens without calculating what somebody wrote into a name."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)  # where a semicolon ends a cell, what follows one might begin one
    writer.writerow(columns)
    writer.writerows([_harmless(row.get(column)) for column in columns] for row in rows)
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8")


def _harmless(value: object) -> object:
    if isinstance(value, str) and value.startswith(_BEGINS_A_FORMULA):
        return f"'{value}"
    return "" if value is None else value
