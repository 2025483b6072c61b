"""Pretrained weights: listed for everybody, fetched and added by admins."""

from __future__ import annotations

from fastapi import Response

from gristmill.api.routing import Body, Limit, Named, Page, Routes, part
from gristmill.api.service import Service
from gristmill.mill import Mill
from gristmill.records import WeightsEntry

__all__ = ["routes"]

routes = Routes("weights")


class Wanted(Body):
    """Weights of a model hub, by their name in the list or as owner/name."""

    name: str


class NewWeights(Body):
    """Weights of one's own: a ZIP of their folder, uploaded; `kind` is picture or text."""

    name: str
    upload_id: str
    kind: str
    licence: str


class Announced(Body):
    """Weights that somebody is about to send."""

    name: str
    kind: str
    licence: str


@routes.get("/weights", who="user", gives=WeightsEntry, many=True)
def weights(mill: Mill, limit: Limit = 50, cursor: Named = None) -> Page:
    """Pretrained weights that have a name, at hand or not."""
    return part(mill.weights(), limit, cursor, lambda one: one.name)


@routes.post("/weights/check", who="admin", takes=Announced)
def check(mill: Mill, body: Announced) -> None:
    """Whether weights of that name could be kept, before they are uploaded; 204 if so."""
    mill.check_weights(body.name, kind=body.kind, licence=body.licence)


@routes.post("/weights", who="admin", takes=NewWeights, gives=WeightsEntry, status=201, also=[202])
async def add(service: Service, mill: Mill, body: NewWeights) -> WeightsEntry | Response:
    """Keep uploaded weights under a name, once they have answered; 202 while that takes long: ask the same again."""
    name = ("add", mill.who.name, body.name, body.upload_id, body.kind, body.licence)
    kept: WeightsEntry | None = await service.shelving.result(
        name, lambda: mill.keep_weights(body.name, body.upload_id, kind=body.kind, licence=body.licence)
    )
    return _later() if kept is None else kept


@routes.post("/weights/fetch", who="admin", takes=Wanted, gives=WeightsEntry, also=[202])
async def fetch(service: Service, mill: Mill, body: Wanted) -> WeightsEntry | Response:
    """Fetch weights from a model hub, once; 202 while that takes long: ask the same again."""
    kept: WeightsEntry | None = await service.shelving.result(
        ("fetch", mill.who.name, body.name), lambda: mill.fetch_weights(body.name)
    )
    return _later() if kept is None else kept


def _later() -> Response:
    return Response(status_code=202, headers={"Retry-After": "1"})
