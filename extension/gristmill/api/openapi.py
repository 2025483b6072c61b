"""The API's own description: made of the routes' declarations, kept in docs/openapi.json.

`python -m gristmill.api FILE` writes it; a test says when the kept one is stale.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from gristmill.api.routing import Spec, strict_form

__all__ = ["document"]

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
        for method in route.methods:
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
    good: dict[str, Any] = {"description": "Done."}
    if spec.gives is not None and spec.gives not in (str, bytes):
        shape = known.get(spec.gives, {"type": "object"})
        if spec.many:
            items = {"items": {"type": "array", "items": shape}, "next": {"type": ["string", "null"]}}
            shape = {"type": "object", "properties": items, "required": ["items"]}
        good["content"] = {_JSON: {"schema": shape}}
    wrong = {"description": "A problem.", "content": {_PROBLEM: {"schema": known[Problem]}}}
    also = {str(status): {"description": "See the route."} for status in spec.also}
    operation["responses"] = {str(spec.status): good, **also, "default": wrong}
    if spec.public:
        operation["security"] = []
