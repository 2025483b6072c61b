"""The API's own description, made of the routes' declarations: docs/openapi.json, and the table in docs/api.md.

`python -m gristmill.api docs` writes both; a test says when the kept ones are stale.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from gristmill.api.routing import ROLES, Spec, strict_form

__all__ = ["by_role", "document", "renewed", "routes_of"]

_HEADS = ("stranger", "viewer", "editor", "owner", "admin")
_BEGIN = "<!-- made by `python -m gristmill.api docs`; do not edit -->"
_END = "<!-- end -->"
_JSON, _PROBLEM = "application/json", "application/problem+json"
_ABOUT = "Data in, trained models and reports out. Errors are RFC 9457 problems; creates take an Idempotency-Key."


class Problem(msgspec.Struct):
    """What failed (title), why (detail), and what to do about it (cure); `code` is stable, for machines."""

    type: str
    title: str
    status: int
    detail: str
    cure: str
    code: str
    instance: str


def document(app: FastAPI, prefix: str = "") -> dict[str, Any]:
    """The OpenAPI document of an application."""
    declared = [(route, spec) for route in routes_of(app) if isinstance(spec := _spec(route), Spec)]
    routes = [route for route, _ in declared]
    made = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=routes)
    kinds = [kind for _, spec in declared for kind in (spec.takes and strict_form(spec.takes), spec.gives)]
    kinds = [Problem, *dict.fromkeys(kind for kind in kinds if kind is not None and kind not in (str, bytes, dict))]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    known = dict(zip(kinds, schemas, strict=True))
    for route, spec in declared:
        for method in route.methods or ():
            _describe(made["paths"][route.path][method.lower()], spec, known)
    made["paths"] = {path.removeprefix(prefix): found for path, found in made["paths"].items()}
    made["servers"] = [{"url": prefix or "/"}]
    made["components"] = {
        "schemas": components,
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    }
    made["security"] = [{"token": []}]
    return made


def routes_of(app: FastAPI) -> list[APIRoute]:
    """Every route that was declared."""
    return [route for route in app.routes if isinstance(route, APIRoute)]


def _spec(route: APIRoute) -> Any:
    return getattr(route.endpoint, "gristmill", None)


def _describe(operation: dict[str, Any], spec: Spec, known: dict[Any, Any]) -> None:
    if spec.takes is not None:
        shape = known[strict_form(spec.takes)]
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": shape}}}
    if spec.creates:
        key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}
        operation.setdefault("parameters", []).append(key)
    if spec.of is not None:
        seen = {"name": "If-Match", "in": "header", "schema": {"type": "string", "maxLength": 200}}
        operation.setdefault("parameters", []).append(seen)
    good: dict[str, Any] = {"description": "Done."}
    if spec.gives is not None and spec.gives not in (str, bytes):
        shape = known.get(spec.gives, {"type": "object"})
        if spec.many:
            items = {"items": {"type": "array", "items": shape}, "next": {"type": ["string", "null"]}}
            shape = {"type": "object", "properties": items, "required": ["items"]}
        good["content"] = {_JSON: {"schema": shape}}
    wrong = {"description": "A problem.", "content": {_PROBLEM: {"schema": known[Problem]}}}
    also = {str(status): {"description": "See the route."} for status in spec.also}
    operation["x-who"], operation["x-power"] = spec.who, spec.power
    operation["responses"] = {str(spec.status): good, **also, "default": wrong}
    if spec.public:
        operation["security"] = []


def by_role(app: FastAPI) -> str:
    """Who may do what, as a table in Markdown; what it says, tests/test_api_roles.py tries."""
    roles = ROLES[1:]
    lines = [f"| route | does | {' | '.join(_HEADS)} | power |", "|---" * (len(_HEADS) + 3) + "|"]
    for route in routes_of(app):
        spec = _spec(route)
        least = max(0, ROLES.index(spec.who) - 1)
        marks = " | ".join("✓" if number >= least else "-" for number in range(len(roles)))
        power = "none" if spec.public else spec.power
        does = str(route.summary).partition(";")[0].rstrip(".").replace("|", "\\|")
        lines.append(f"| `{' '.join(route.methods or ())} {route.path}` | {does} | {marks} | {power} |")
    return "\n".join(lines)


def renewed(page: str, app: FastAPI) -> str:
    """A page of the docs with the table in it made anew."""
    before, _, rest = page.partition(_BEGIN)
    return f"{before}{_BEGIN}\n\n{by_role(app)}\n\n{_END}{rest.partition(_END)[2]}"
