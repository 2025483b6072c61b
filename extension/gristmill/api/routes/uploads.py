"""Uploads: begun here, sent to the store, completed here."""

from __future__ import annotations

import msgspec
from anyio import to_thread
from fastapi import Response

from gristmill.api.routing import Body, Routes
from gristmill.api.service import Service
from gristmill.mill import Mill
from gristmill.records import Profile, Proposal, Run, Transfer, Upload, replace

__all__ = ["routes"]

routes = Routes("uploads")


class NewUpload(Body):
    """A file to be sent; `filename` is its own name, where it is to be called something else."""

    name: str
    size: int
    project: str = "default"
    sha256: str | None = None
    filename: str | None = None


class Completion(Body):
    """What makes an upload whole."""

    sha256: str | None = None


class Origins(msgspec.Struct):
    """Addresses without paths, as a browser's content security policy names them."""

    origins: list[str]


class Check(Body):
    """What to look at; with a project, its schema is held against it."""

    table: str | None = None
    project: str | None = None


class Looked(Body):
    """What a look at an upload is to be for, proposed if nothing is said; `table` names one file of several."""

    target: str | None = None
    task: str | None = None
    table: str | None = None


class Checked(msgspec.Struct):
    """What is in an upload, and what could be done with it."""

    profile: Profile
    proposal: Proposal | None


@routes.get("/uploads/origins", who="user", gives=Origins)
def origins(mill: Mill) -> Origins:
    """Where a browser sends what one puts in: the platform's store, and those of the projects that one may put into."""
    return Origins(origins=list(mill.origins()))


@routes.post("/uploads", who="editor", takes=NewUpload, gives=Transfer, at="/uploads/{id}")
def open_upload(mill: Mill, body: NewUpload) -> Transfer:
    """Begin an upload: the parts' signed URLs come back."""
    return mill.open_upload(body.name, body.size, project=body.project, sha256=body.sha256, filename=body.filename)


@routes.get("/uploads/{upload_id}", who="editor", gives=Transfer)
def transfer(service: Service, mill: Mill, upload_id: str) -> Transfer:
    """How far an upload is: what has arrived, and fresh URLs for the rest."""
    at_work = service.jobs.at_work(lambda name: name[:2] == ("admit", upload_id))
    return replace(mill.transfer(upload_id), at_work=at_work)


@routes.post("/uploads/{upload_id}/complete", who="editor", takes=Completion, gives=Upload)
def complete(mill: Mill, upload_id: str, body: Completion) -> Upload:
    """Make the parts one file."""
    return mill.complete_upload(upload_id, sha256=body.sha256)


@routes.delete("/uploads/{upload_id}", who="editor")
def abandon(mill: Mill, upload_id: str) -> None:
    """Drop an upload that is no dataset."""
    mill.abandon(upload_id)


@routes.post("/uploads/{upload_id}/check", who="editor", takes=Check, gives=Checked, also=[202])
async def check(service: Service, mill: Mill, upload_id: str, body: Check) -> Checked | Response:
    """Look at an upload without making it a dataset; 202 while it takes long: ask again, and wait on."""
    await to_thread.run_sync(mill.transfer, upload_id)  # refuses strangers before anything is looked up or begun
    name = ("check", mill.who.name, upload_id, body.table, body.project)
    found = await service.jobs.result(
        name, lambda: mill.check_upload(upload_id, table=body.table, project=body.project)
    )
    if found is None:
        return Response(status_code=202, headers={"Retry-After": "1"})
    profile, proposal = found
    return Checked(profile=profile, proposal=proposal)


@routes.post("/uploads/{upload_id}/explorations", who="editor", takes=Looked, gives=Run, status=201, also=[202])
async def explore(service: Service, mill: Mill, upload_id: str, body: Looked) -> Run | Response:
    """Queue a run that draws what to know of an upload; 202 while looking at it takes long: ask again, and wait on."""
    await to_thread.run_sync(mill.transfer, upload_id)  # refuses strangers before anything is looked up or begun
    name = ("explore", mill.who.name, upload_id, body.target, body.task, body.table)
    queued: Run | None = await service.jobs.result(
        name, lambda: mill.exploration(upload_id, target=body.target, task=body.task, table=body.table)
    )
    return Response(status_code=202, headers={"Retry-After": "1"}) if queued is None else queued
