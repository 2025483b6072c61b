"""What happens in a run, as it happens."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import Header, Query, Request, Response

from gristmill.api.events import EventStream
from gristmill.api.routing import Page, Routes
from gristmill.api.service import Service
from gristmill.mill import Mill
from gristmill.records import Event

__all__ = ["routes"]

routes = Routes("events")

_After = Annotated[int, Query(ge=0, le=2**53, description="The number of the last event that is known.")]
_Wait = Annotated[float, Query(ge=0, le=25, description="Seconds to wait for something to happen.")]
_Last = Annotated[int | None, Header(ge=0, le=2**53)]


@routes.get("/runs/{run_id}/events", who="viewer", gives=Event, many=True)
async def events(
    request: Request,
    service: Service,
    mill: Mill,
    run_id: str,
    after: _After = 0,
    wait: _Wait = 0,
    last_event_id: _Last = None,
) -> Page | Response:
    """A run's events: JSON, or a stream where Accept asks for text/event-stream, resumable by Last-Event-ID."""
    run = await to_thread.run_sync(mill.run, run_id)
    after = after if last_event_id is None else last_event_id
    if "text/event-stream" in request.headers.get("accept", ""):
        return EventStream(service.feeds, run, after, lambda: mill.run(run_id))
    return Page(items=await service.feeds.wait(run, after, wait))
