"""Runs: asked for, found, ended, and what they left."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from gristmill.api.routes.data import Project
from gristmill.api.routing import Body, Cursor, Limit, Page, Routes, page
from gristmill.api.service import Service
from gristmill.api.zipping import as_zip
from gristmill.mill import Mill
from gristmill.records import Comparison, Run, RunKind, RunRequest, RunStatus

__all__ = ["routes"]

routes = Routes("runs")

_MOST_SENT = 12 << 20  # bytes: a notebook may come along
# A report is somebody's own page: it may run its scripts and draw, and reach neither this API nor anybody else.
_SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:"
)
_SHOWN = {"report": "text/html; charset=utf-8", "log": "text/plain; charset=utf-8"}
_Ids = Annotated[list[str], Query(min_length=2, max_length=20)]
_Word = Annotated[str | None, Query(max_length=200)]


class Ending(Body):
    """How a run shall end: with `keep`, it stops training now and keeps the best model so far."""

    keep: bool = False


class More(Body):
    """What a run that goes on may take, and the recipe's parameters that change."""

    budget: float
    settings: dict[str, Any] | None = None


class Question(Body):
    """Which candidates to explain, the one that answers if none; and the seconds that it may take."""

    candidates: tuple[str, ...] = ()
    every: bool = False
    seconds: float | None = None


@routes.post(
    "/runs", who="editor", power="train", takes=RunRequest, gives=Run, at="/runs/{id}", most=_MOST_SENT, whole=True
)
def train(mill: Mill, body: RunRequest) -> Run:
    """Queue a run; what is left open is taken from the dataset's proposal."""
    return mill.train(body)


@routes.get("/runs", who="user", gives=Run, many=True)
def runs(
    mill: Mill,
    project: Project = None,
    status: RunStatus | None = None,
    task: _Word = None,
    owner: _Word = None,
    kind: RunKind | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page:
    """Runs, newest first."""
    return page(mill.runs(project, status, limit + 1, cursor, task=task, owner=owner, kind=kind), limit)


@routes.get("/runs/compare", who="viewer", gives=Comparison)
def compare(mill: Mill, id: _Ids) -> Comparison:
    """Two runs or more side by side: ?id=…&id=…"""
    return mill.compare(id)


@routes.get("/runs/{run_id}", who="viewer", gives=Run)
def run(mill: Mill, run_id: str) -> Run:
    """A run as it stands now."""
    return mill.run(run_id)


@routes.delete("/runs/{run_id}", who="editor", of=run)
def delete(mill: Mill, run_id: str) -> None:
    """Delete a run that has ended, with all that it has left, its model too; 409 while something needs it."""
    mill.delete_run(run_id)


@routes.post("/runs/{run_id}/explanations", who="editor", takes=Question, gives=Run, at="/runs/{id}", whole=True)
def explain(mill: Mill, run_id: str, body: Question) -> Run:
    """Queue a run that explains candidates of an ended one; its report shows them."""
    return mill.explain(run_id, candidates=body.candidates, every=body.every, seconds=body.seconds)


@routes.post("/runs/{run_id}/cancel", who="editor", takes=Ending, gives=Run)
def cancel(mill: Mill, run_id: str, body: Ending) -> Run:
    """Ask a run to end."""
    return mill.cancel(run_id, keep=body.keep)


@routes.post("/runs/{run_id}/resume", who="editor", power="train", takes=More, gives=Run, at="/runs/{id}", whole=True)
def resume(mill: Mill, run_id: str, body: More) -> Run:
    """A new run that goes on from where an ended one stopped."""
    return mill.resume(run_id, body.budget, body.settings)


@routes.post("/runs/{run_id}/rerun", who="editor", gives=Run, at="/runs/{id}", whole=True)
def rerun(mill: Mill, run_id: str) -> Run:
    """A new run that is asked for as this one was; of a training, it takes the power to train."""
    return mill.rerun(run_id)


@routes.get("/runs/{run_id}/artifacts/{name}", who="viewer", also=[307])
def artifact(mill: Mill, run_id: str, name: str, inline: str | None = None) -> Response:
    """One thing that a run left: 307 to a signed URL; with ?inline, the report or the log as a page."""
    if inline is None or name not in _SHOWN:
        return RedirectResponse(mill.artifact_link(run_id, name), 307)
    size, chunks = mill.artifact_stream(run_id, name)
    headers = {"Content-Length": str(size), "Content-Security-Policy": _SANDBOX, "Cache-Control": "private, no-cache"}
    return StreamingResponse(chunks, headers=headers, media_type=_SHOWN[name])


@routes.get("/runs/{run_id}/report", who="viewer", also=[307])
def report(mill: Mill, run_id: str, inline: str | None = None) -> Response:
    """The run's report."""
    return artifact(mill, run_id, "report", inline)


@routes.get("/runs/{run_id}/folder", who="viewer")
def folder(service: Service, mill: Mill, run_id: str, data: bool = True) -> Response:
    """The run's folder as a ZIP: its notebook runs there by hand, with the run's data; with ?data=false, without it."""
    return as_zip(service.parts.home, lambda to: mill.folder(run_id, to, data=data), run_id)


@routes.post("/runs/folder", who="viewer", takes=RunRequest, most=_MOST_SENT)
def draft(service: Service, mill: Mill, body: RunRequest) -> Response:
    """The folder of a run that would ask for this, as a ZIP without its data; nothing is queued."""
    return as_zip(service.parts.home, lambda to: mill.draft(body, to), "draft")
