"""The service itself: whether it lives, whether it can serve, what it counts, how it is spoken to."""

from __future__ import annotations

import msgspec
from fastapi import Request, Response

import gristmill
from gristmill.api import openapi
from gristmill.api.routing import Routes
from gristmill.api.service import Service
from gristmill.errors import GristmillError, NotAllowed
from gristmill.mill import Mill
from gristmill.records import Failure, Power, Who, encode

__all__ = ["routes"]

routes = Routes("service")


class Health(msgspec.Struct):
    """That the process answers, and which version it is."""

    status: str
    version: str


class Ready(msgspec.Struct):
    """Whether the parts can be reached: null, or why not."""

    ready: bool
    catalog: Failure | None
    store: Failure | None


@routes.get("/me", who="user", gives=Who)
def me(mill: Mill) -> Who:
    """Who asks, as the platform knows them."""
    return mill.me()


@routes.get("/health", who="anyone", gives=Health)
async def health() -> Health:
    """Whether the process lives."""
    return Health(status="ok", version=gristmill.__version__)


@routes.get("/ready", who="anyone", gives=Ready, also=[503])
def ready(service: Service) -> Response:
    """Whether catalog and store can be reached; 503 while one of them cannot."""
    faults: dict[str, Failure | None] = {"catalog": None, "store": None}
    for name, asked in (("catalog", service.parts.catalog.now), ("store", lambda: service.parts.store.stat("ready"))):
        try:
            asked()
        except GristmillError as error:
            # Nobody has said who they are: they learn that it is so, not at which address.
            faults[name] = Failure(code=error.failure.code, what=f"The {name} cannot be reached.")
    is_ready = not any(faults.values())
    told = encode(Ready(ready=is_ready, **faults))
    headers = {} if is_ready else {"Retry-After": "5"}
    return Response(told, 200 if is_ready else 503, headers, "application/json")


@routes.get("/metrics", who="admin", gives=str)
def metrics(service: Service, mill: Mill) -> Response:
    """What the service counts, for Prometheus; it takes the power to admin."""
    if Power.ADMIN not in mill.who.powers:
        raise NotAllowed("The figures are not for everybody.", cause="It takes the power to admin.")
    figures = service.metrics.page(service.parts.catalog, len(service.feeds), service.parts.store)
    return Response(figures, media_type="text/plain; version=0.0.4")


@routes.get("/openapi.json", who="anyone", gives=dict)
def description(request: Request, service: Service) -> Response:
    """This API, described."""
    state = request.app.state
    if not hasattr(state, "openapi"):
        state.openapi = encode(openapi.document(request.app, service.prefix))
    return Response(state.openapi, media_type="application/json")
