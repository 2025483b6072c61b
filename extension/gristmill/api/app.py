"""The API put together: `create_app(service)`.

How a route is added
--------------------
1. The use case is a method of the Mill (mill/*.py): it asks the gate, and `@audited` writes it down.
2. `api/routes/<noun>.py` has `routes = Routes("<noun>")` and a function for each route, three lines long; see
   `api/routing.py` for what a function gets and may return.
3. The noun is named in `api/routes/__init__.py`.
4. `python -m gristmill.api docs` writes docs/openapi.json and the table in docs/api.md anew, and CALLS in
   tests/test_api_roles.py gets a line: how the route is called. The test calls it as stranger, viewer, editor, owner
   and admin, and says where that is not what the declaration promises.

A middleware sees each request first and each answer last (`envelope.py`). Errors get their shape in `problems.py`.
Background work (nudging workers, sweeping) is in `rounds.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

import gristmill
from gristmill.api import routes
from gristmill.api.browsing import Browsing
from gristmill.api.door import AtTheDoor
from gristmill.api.envelope import Envelope
from gristmill.api.problems import problem_of
from gristmill.api.rounds import Rounds
from gristmill.api.service import Service
from gristmill.errors import GristmillError

__all__ = ["create_app"]

_THREADS = 16  # that answer; most of a create is waiting for the disk


def create_app(service: Service, *, rounds: bool = True) -> ASGIApp:
    """The ASGI application; without `rounds`, nothing is done that nobody asks for."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = _THREADS
        async with Rounds(service, on=rounds):
            yield
        if service.parts.serving is not None:
            await to_thread.run_sync(service.parts.serving.close)
        await service.identity.close()

    app = routed(service.prefix, life)
    app.router.routes.sort(key=_is_seldom)  # they are tried one after the other
    app.state.service = service
    for kind in (GristmillError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _explain)
    door = service.parts.store.door(f"{service.prefix}/store")
    if door is not None:
        app.mount(f"{service.prefix}/store", AtTheDoor(door, f"{service.prefix}/store"))
    own = f"{service.prefix}/stores"
    app.mount(own, AtTheDoor(service.parts.shelf.doors(own), own))
    if service.sign_in is None:
        return Envelope(app, service.metrics)
    return Envelope(Browsing(app, service.sign_in, service.identity, service.prefix), service.metrics)


def routed(prefix: str, life: Any = None) -> FastAPI:
    """All routes, with nothing behind them yet."""
    app = FastAPI(
        title="Gristmill", version=gristmill.__version__, lifespan=life,
        openapi_url=None, docs_url=None, redoc_url=None,
    )  # fmt: skip
    for noun in routes.all_routes():
        noun.add_to(app, prefix)
    return app


def _is_seldom(route: Any) -> bool:
    """Whether it is not one of those that are asked all day; a noun's own stay in their order."""
    return "runs" not in getattr(route, "tags", ())


async def _explain(request: Request, error: Any) -> Response:
    return problem_of(error, request)
