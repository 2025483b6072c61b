"""Many people: what they have in a catalog, a hub that knows them, and what they ask for; for bench_api.py."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from gristmill.catalog import Catalog, tables
from gristmill.records import (
    Column,
    ColumnKind,
    Dataset,
    Limits,
    MemberKind,
    Membership,
    Profile,
    Proposal,
    Role,
    Run,
    RunStatus,
    Subject,
    Table,
    TableForm,
    Upload,
    UploadStatus,
    Wanted,
    new_id,
)

__all__ = ["Line", "Submitter", "World", "crowd", "fill", "person", "serve_hub"]

_TEAM = 20  # people
_BATCH = 5000
_COLUMNS = 20
_OF_EACH = 5  # projects that a person is a member of
_READ = 200  # runs of the person who reads, however many others there are: the same pages are full
_KINDS = ("tabular-classification", "tabular-regression")


@dataclass(frozen=True, kw_only=True)
class World:
    """Ids of what is there: each person's dataset, some old runs of the first person, and the projects they are in."""

    datasets: tuple[str, ...]
    runs: tuple[str, ...]
    project: str


def person(number: int) -> str:
    """Their name; it is their token as well."""
    return f"person-{number}"


def serve_hub(port: int) -> None:
    """Answer as a JupyterHub does that is asked whose a token is; a process of its own."""

    class Knows(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.headers.get("Authorization", person(0)).rpartition(" ")[2]
            team = f"team-{int(name.rpartition('-')[2]) // _TEAM}"
            told = {"kind": "user", "name": name, "groups": [team], "scopes": ["custom:gristmill:train"]}
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    ThreadingHTTPServer(("127.0.0.1", port), Knows).serve_forever()


def fill(catalog_url: str, *, projects: int, runs: int, people: int) -> World:
    """Projects, a few of each person's and the others strangers'; a dataset for each person; old runs everywhere.

    Limits are set for everybody and for each team, and wide enough that nobody is refused.
    """
    from sqlalchemy import insert, text

    with Catalog.open(catalog_url) as catalog:
        own = [[_project(person(one), number) for number in range(_OF_EACH)] for one in range(people)]
        others = [_project("sam", number) for number in range(projects - people * _OF_EACH)]
        of = [project for each in own for project in each]
        members = [_owner(project) for project in of]
        with catalog._database.writing() as connection:
            connection.execute(insert(tables.projects), of + others)
            connection.execute(insert(tables.members), members)
        _limit(catalog, people)
        datasets = [_dataset(catalog, each[0]) for each in own]
        strangers = _dataset(catalog, (others or own[-1])[-1])
        rows = [
            _old(datasets[1], number, person(1)) if number < _READ else
            _old(datasets[number % people], number, person(number % people)) if number % 2 else
            _old(strangers, number, "sam")
            for number in range(runs)
        ]  # fmt: skip
        for start in range(0, len(rows), _BATCH):
            with catalog._database.writing() as connection:
                connection.execute(insert(tables.runs), rows[start : start + _BATCH])
        with catalog._database.writing() as connection:
            connection.execute(text("ANALYZE"))
        first = [row["id"] for row in rows if row["owner"] == person(1)]
        return World(
            datasets=tuple(dataset.id for dataset in datasets), runs=tuple(first), project=datasets[1].project_id
        )


def _project(owner: str, number: int) -> dict[str, Any]:
    return {"id": new_id("project"), "name": f"{owner}/{number}", "created_at": float(number), "owner": owner}


def _owner(project: dict[str, Any]) -> dict[str, Any]:
    return {
        "project_id": project["id"], "kind": MemberKind.PERSON, "name": project["owner"],
        "membership": Membership.OWNER, "created_at": 1.0,
    }  # fmt: skip


def _limit(catalog: Catalog, people: int) -> None:
    wide = {"runs_at_once": 200, "queued_runs": 100_000, "gpu_hours": 1e6, "money": 1e6, "storage": 1 << 50}
    catalog.fair_use.limits.put(Limits(kind=Subject.EVERYBODY, **wide))
    for team in range(people // _TEAM + 1):
        catalog.fair_use.limits.put(Limits(kind=Subject.TEAM, name=f"team-{team}", **wide))


def _dataset(catalog: Catalog, project: dict[str, Any]) -> Dataset:
    numbers = [_number(f"column {number}") for number in range(_COLUMNS)]
    target = Column(name="y", kind=ColumnKind.CATEGORY, dtype="str", rows=9000, distinct=2, top=(("yes", 5000),))
    table = Table(
        path="a.csv", role=Role.TRAIN, form=TableForm(format="csv"), rows=9000, columns=(*numbers, target)
    )  # fmt: skip
    reasons = {name: "A sentence that says why." for name in ("task", "target", "metric", "budget")}
    proposal = Proposal(task=_KINDS[0], target="y", metric="accuracy", budget=60.0, reasons=reasons)
    upload = Upload(
        id=new_id("upload"), project_id=project["id"], name="a.csv", key="a.csv", size=1, status=UploadStatus.OPEN,
        created_at=1.0, owner=project["owner"],
    )  # fmt: skip
    catalog.uploads.add(upload)
    catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
    return catalog.datasets.add(
        Dataset(
            id=new_id("dataset"),
            project_id=project["id"],
            upload_id=upload.id,
            name="a",
            version=0,
            key="a.csv",
            filename="a.csv",
            size=1,
            sha256="ab",
            profile=Profile(tables=(table,), files=1, bytes=1),
            proposal=proposal,
            created_at=1.0,
        )
    )


def _number(name: str) -> Column:
    return Column(
        name=name, kind=ColumnKind.NUMBER, dtype="float64", rows=9000, distinct=800, minimum=0.0, maximum=1.0, mean=0.5,
        deviation=0.2, quantiles=(0.01, 0.25, 0.5, 0.75, 0.99),
        histogram=tuple((step / 20, (step + 1) / 20, 450) for step in range(20)), examples=("0.1", "0.2"),
    )  # fmt: skip


def _old(dataset: Dataset, number: int, owner: str) -> dict[str, Any]:
    run = Run(
        id=new_id("run"), project_id=dataset.project_id, dataset_id=dataset.id, name=f"run {number}",
        recipe="tabular@1", task=_KINDS[number // 2 % 2], target="y", metric="accuracy", budget=60.0, seed=0,
        settings={}, accepted=(), status=RunStatus.FAILED, wanted=Wanted.FINISH, created_at=float(number), owner=owner,
    )  # fmt: skip
    return {field.name: getattr(run, field.name) for field in fields(run)}


class Line:
    """One connection, spoken to by hand: a client library would take as long as the API."""

    def __init__(self, url: str, token: str) -> None:
        self._at, self._token = httpx.URL(url), token

    @classmethod
    async def to(cls, url: str, token: str) -> Line:
        line = cls(url, token)
        await line._open()
        return line

    async def _open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._at.host, self._at.port)

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """What is answered; it must be good."""
        key = f"Idempotency-Key: {new_id('key')}\r\nContent-Type: application/json\r\n" if body else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._token}\r\n{key}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        if self._reader.at_eof():  # nothing was said for so long that the server has hung up
            self.close()
            await self._open()
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        told = await self._reader.readexactly(int(answer.partition(b"content-length: ")[2].partition(b"\r")[0]))
        assert answer.startswith(b"http/1.1 20"), answer + told
        return told

    def close(self) -> None:
        self._writer.close()


class Submitter:
    """A person who submits runs, one after the other."""

    def __init__(self, line: Line, dataset: str) -> None:
        self._line, self._dataset = line, dataset
        self.accepted: list[str] = []

    async def submit(self) -> float:
        """Seconds until the run is accepted."""
        body = b'{"dataset_id":"%s","budget":60}' % self._dataset.encode()
        started = time.perf_counter()
        told = await self._line.ask("POST", "/runs", body)
        seconds = time.perf_counter() - started
        self.accepted.append(json.loads(told).get("id", ""))
        return seconds

    async def several(self, count: int) -> list[float]:
        return [await self.submit() for _ in range(count)]


async def crowd(url: str, datasets: Sequence[str]) -> list[Submitter]:
    lines = [await Line.to(url, person(number)) for number in range(len(datasets))]
    return [Submitter(line, dataset) for line, dataset in zip(lines, datasets, strict=True)]


if __name__ == "__main__":
    import sys

    serve_hub(int(sys.argv[1]))
