"""Models: found, fetched, put into production."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import Response
from fastapi.responses import RedirectResponse

from gristmill.api.routes.data import Project
from gristmill.api.routing import Body, Cursor, Limit, Page, Routes, page
from gristmill.api.service import Service
from gristmill.errors import UsageError
from gristmill.mill import Mill
from gristmill.records import Lineage, Model, Reply, Run, Stage

__all__ = ["routes"]

routes = Routes("models")

_MOST_ASKED = 28 << 20  # bytes: a file of 20 MiB in base64
_LONGEST_NAME = 200


class Staging(Body):
    """Where a model shall be."""

    stage: Stage


class Asking(Body):
    """What a model shall answer: an upload, by its id or URL; none where series only go on."""

    upload_id: str | None = None
    settings: dict[str, Any] | None = None


class Question(Body):
    """A small file, by its name and its bytes in base64; none where series only go on."""

    file: str = ""
    content: bytes | None = None
    settings: dict[str, Any] | None = None


@routes.get("/models", who="user", gives=Model, many=True)
def models(mill: Mill, project: Project = None, limit: Limit = 50, cursor: Cursor = None) -> Page:
    """Models, newest first."""
    return page(mill.models(project, limit + 1, cursor), limit)


@routes.get("/models/{model_id}", who="viewer", gives=Model)
def model(mill: Mill, model_id: str) -> Model:
    """A model; the id of the run that made it will do as well."""
    return mill.model(model_id)


@routes.delete("/models/{model_id}", who="editor", of=model)
def delete(mill: Mill, model_id: str) -> None:
    """Delete a model; its run stays. 409 while it is in production, or a schedule or a run needs it."""
    mill.delete_model(model_id)


@routes.get("/models/{model_id}/archive", who="viewer", also=[307])
def archive(mill: Mill, model_id: str) -> Response:
    """The model's archive: 307 to a signed URL."""
    return RedirectResponse(mill.archive_link(model_id), 307)


@routes.put("/models/{model_id}/stage", who="editor", power="deploy", takes=Staging, gives=Model)
def stage(mill: Mill, model_id: str, body: Staging) -> Model:
    """Put a model into a stage; the one of its name that was in production before retires."""
    return mill.stage(model_id, body.stage)


@routes.get("/models/{model_id}/lineage", who="viewer", gives=Lineage)
def lineage(mill: Mill, model_id: str) -> Lineage:
    """Where a model comes from."""
    return mill.lineage(model_id)


@routes.post("/models/{model_id}/batches", who="viewer", takes=Asking, gives=Run, at="/runs/{id}", whole=True)
def batch(mill: Mill, model_id: str, body: Asking) -> Run:
    """Queue a run that has the model answer every row of an upload, of which one is an editor."""
    return mill.batch(model_id, body.upload_id, body.settings)


@routes.post("/models/{model_id}/ask", who="viewer", takes=Question, gives=Reply, most=_MOST_ASKED)
async def ask(service: Service, mill: Mill, model_id: str, body: Question) -> Reply:
    """What the model says to a small file, at once; it is held open for the next question."""

    def asked() -> Reply:
        if body.content is None:
            return mill.ask(model_id, None, body.settings)
        with tempfile.TemporaryDirectory(prefix="gristmill-") as scratch:
            data = Path(scratch) / _file_name(body.file)
            data.write_bytes(body.content)
            return mill.ask(model_id, data, body.settings)

    return await to_thread.run_sync(asked, limiter=service.asking)


@routes.post("/models/{model_id}/wake", who="viewer")
async def wake(service: Service, mill: Mill, model_id: str) -> None:
    """Opens a model before it is asked, so that the first answer comes at once."""
    await to_thread.run_sync(mill.wake, model_id, limiter=service.asking)


def _file_name(name: str) -> str:
    """The name itself, if a file can have it: it tells what is in the file, and stands in what is said of it."""
    if not name.isprintable() or "/" in name or name.strip(". ") == "" or len(name.encode()) > _LONGEST_NAME:
        raise UsageError(f"{name[:60]!r} cannot be a file's name.", cure="Give one such as row.csv.")
    return name
