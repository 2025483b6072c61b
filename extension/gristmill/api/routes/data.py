"""Datasets: uploads that were found good."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import Query, Response

from gristmill.api.routing import Body, Cursor, Limit, Page, Routes, page
from gristmill.api.service import Service
from gristmill.mill import Mill
from gristmill.records import Dataset, DatasetEntry, Proposal

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


@routes.post("/datasets/{dataset_id}/proposal", who="viewer", takes=Choice, gives=Proposal)
def propose(mill: Mill, dataset_id: str, body: Choice) -> Proposal:
    """What the platform suggests to do with a dataset, given what a person has settled."""
    return mill.propose(dataset_id, task=body.task, target=body.target, metric=body.metric)
