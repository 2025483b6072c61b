"""Datasets: uploads that were found good."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import Query, Response
from fastapi.responses import RedirectResponse

from gristmill.api.routing import Body, Cursor, Limit, Page, Routes, page
from gristmill.api.service import Service
from gristmill.api.zipping import as_zip
from gristmill.mill import Mill
from gristmill.records import About, AboutChange, Dataset, DatasetEntry, Edit, Preview, Proposal, Run, encode

__all__ = ["Project", "routes"]

routes = Routes("datasets")

Project = Annotated[str | None, Query(max_length=300, description="A project's id or name; all of one's own without.")]


class NewDataset(Body):
    """An upload to be made a dataset; `table` names the file to train on where an archive holds several."""

    upload_id: str
    name: str | None = None
    table: str | None = None


class Choice(Body):
    """What a person has settled already."""

    task: str | None = None
    target: str | None = None
    metric: str | None = None


class Looked(Body):
    """What a look at data is to be for; proposed if nothing is said."""

    target: str | None = None
    task: str | None = None


class NewVersion(Body):
    """Steps that make another version; see Edit."""

    edits: tuple[Edit, ...]


@routes.post("/datasets", who="editor", takes=NewDataset, gives=Dataset, at="/datasets/{id}", also=[202])
async def admit(service: Service, mill: Mill, body: NewDataset) -> Dataset | Response:
    """Make an upload a dataset; 202 where looking at it takes longer than ten seconds: GET /uploads/{id} tells on."""
    await to_thread.run_sync(mill.transfer, body.upload_id)  # refuses strangers before anything is looked up or begun
    name = ("admit", body.upload_id, body.name, body.table)
    made: Dataset | None = await service.jobs.result(
        name, lambda: mill.admit(body.upload_id, name=body.name, table=body.table)
    )
    if made is None:
        at = f"{service.prefix}/uploads/{body.upload_id}"
        return Response(status_code=202, headers={"Location": at, "Retry-After": "1"})
    return made


@routes.get("/datasets", who="user", gives=DatasetEntry, many=True)
def datasets(mill: Mill, project: Project = None, limit: Limit = 50, cursor: Cursor = None) -> Page:
    """Datasets, newest first."""
    return page(mill.datasets(project, limit + 1, cursor), limit)


@routes.get("/datasets/{dataset_id}", who="viewer", gives=Dataset)
def dataset(mill: Mill, dataset_id: str) -> Dataset:
    """A dataset with its profile."""
    return mill.dataset(dataset_id)


@routes.delete("/datasets/{dataset_id}", who="editor", of=dataset)
def delete(mill: Mill, dataset_id: str) -> None:
    """Delete a dataset and its file; runs and models made of it stay."""
    mill.delete_dataset(dataset_id)


@routes.get("/datasets/{dataset_id}/file", who="viewer", also=[307])
def file(mill: Mill, dataset_id: str) -> Response:
    """The file that the dataset was made of, as it was sent: 307 to a signed URL."""
    return RedirectResponse(mill.dataset_link(dataset_id), 307)


@routes.get("/datasets/{dataset_id}/preview", who="viewer", gives=Preview)
def preview(mill: Mill, dataset_id: str) -> Preview:
    """What the dataset looks like: a few rows, small pictures, series."""
    return mill.preview(dataset_id)


@routes.get("/datasets/{dataset_id}/folder", who="viewer")
def data(service: Service, mill: Mill, dataset_id: str) -> Response:
    """The dataset's files as a ZIP."""
    return as_zip(service.parts.home, lambda to: mill.data(dataset_id, to), dataset_id)


@routes.post("/datasets/{dataset_id}/proposal", who="viewer", takes=Choice, gives=Proposal)
def propose(mill: Mill, dataset_id: str, body: Choice) -> Proposal:
    """What the platform suggests to do with a dataset, given what a person has settled."""
    return mill.propose(dataset_id, task=body.task, target=body.target, metric=body.metric)


@routes.post("/datasets/{dataset_id}/explorations", who="editor", takes=Looked, gives=Run, at="/runs/{id}")
def explore(mill: Mill, dataset_id: str, body: Looked) -> Run:
    """Queue a run that draws what to know of a dataset before training; its report is the page."""
    return mill.exploration(dataset_id, target=body.target, task=body.task)


@routes.post("/datasets/{dataset_id}/versions", who="editor", takes=NewVersion, gives=Dataset, status=201, also=[202])
async def revise(service: Service, mill: Mill, dataset_id: str, body: NewVersion) -> Dataset | Response:
    """Make an edited version of a dataset; 202 while that takes long: ask the same again, and wait on."""
    await to_thread.run_sync(mill.dataset, dataset_id)  # refuses strangers before anything is looked up or begun
    name = ("revise", mill.who.name, dataset_id, encode(body.edits))
    made: Dataset | None = await service.jobs.result(name, lambda: mill.revise(dataset_id, body.edits))
    if made is None:
        return Response(status_code=202, headers={"Retry-After": "1"})
    return made


@routes.get("/datasets/{dataset_id}/versions", who="viewer", gives=DatasetEntry, many=True)
def versions(mill: Mill, dataset_id: str, limit: Limit = 50, cursor: Cursor = None) -> Page:
    """Every version of a dataset's name in its project, newest first."""
    return page(mill.versions(dataset_id, limit + 1, cursor), limit)


@routes.get("/datasets/{dataset_id}/about", who="viewer", gives=About)
def about(mill: Mill, dataset_id: str) -> About:
    """What people say about a dataset; all its versions share it."""
    return mill.about(dataset_id)


@routes.patch("/datasets/{dataset_id}", who="editor", takes=AboutChange, gives=About)
def describe(mill: Mill, dataset_id: str, body: AboutChange) -> About:
    """Change a dataset's name, description, tags or columns' descriptions, or add a note; the rows stay."""
    return mill.describe(dataset_id, body)
