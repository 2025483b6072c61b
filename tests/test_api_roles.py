"""Who may do what: every route, called as nobody, stranger, viewer, editor, owner and admin.

What a route declares (`who`, `power`) is what docs/api.md shows, and is tried here. CALLS says how each route is called
so that it would work; a route without a line there fails. "May" means that the answer is anything but a refusal: 401,
403 or 404.
"""

# ruff: noqa: ARG005  some calls need nothing of the world

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gristmill.api.app import routed
from gristmill.api.openapi import routes_of
from gristmill.api.routing import ROLES, Spec
from gristmill.catalog import Outcome
from gristmill.records import (
    LOCAL,
    Action,
    Artifact,
    Column,
    ColumnKind,
    Limits,
    MemberKind,
    Membership,
    Notice,
    Profile,
    Project,
    Proposal,
    Role,
    Rule,
    Run,
    RunKind,
    RunStatus,
    ScheduleRequest,
    SchemaChange,
    Severity,
    Subject,
    Table,
    TableForm,
    UploadStatus,
    encode,
    new_id,
    replace,
)
from gristmill.stores import places
from services.apis import Api, listening, make_service
from services.catalogs import an_upload, dataset_of, model_of, run_on

NAMES = {"stranger": "sam", "viewer": "vera", "editor": "emil", "owner": "olga", "admin": "root"}
RECEIVED = UploadStatus.RECEIVED
PROPOSAL = Proposal(task="tabular-classification", target="flour", metric="accuracy", budget=60.0, reasons={})
FLOUR = Column(name="flour", kind=ColumnKind.CATEGORY, dtype="str", rows=9, distinct=2, top=(("rye", 5), ("oat", 4)))
TABLE = Table(path="grain.csv", role=Role.TRAIN, form=TableForm(format="csv"), rows=9, columns=(FLOUR,))
GRAIN: dict[str, Any] = {"profile": Profile(tables=(TABLE,), files=1, bytes=10), "proposal": PROPOSAL}


class World:
    """A project with one of everything, made anew wherever a call would use it up."""

    def __init__(self, api: Api) -> None:
        self.api, self.parts = api, api.service.parts
        self.mill = api.service.mill.on_behalf(LOCAL)
        self.project: Project = api.mill("olga").make_project("mill")
        for name, membership in (("vera", Membership.VIEWER), ("emil", Membership.EDITOR)):
            self.mill.share(self.project.id, name, membership)

    def upload(self) -> str:
        return self.mill.open_upload("grain.csv", 0, project=self.project.id).upload.id

    def received(self) -> str:
        upload_id = self.upload()
        upload = self.parts.catalog.uploads.get(upload_id)
        assert upload.token is not None
        self.parts.store.put_part(upload.key, upload.token, 1, b"")
        self.mill.complete_upload(upload_id)
        return upload_id

    def dataset(self) -> str:
        upload = an_upload(self.parts.catalog, project_id=self.project.id)
        self.parts.catalog.uploads.settle(upload.id, RECEIVED, sha256="ab")
        return self.parts.catalog.datasets.add(dataset_of(upload, **GRAIN)).id

    def filled(self) -> str:
        """A dataset whose bytes are there."""
        dataset = self.parts.catalog.datasets.get(self.dataset())
        self.parts.store.put_bytes(dataset.key, b"a,b\n1,2\n")
        return dataset.id

    def fixed(self) -> str:
        """The project, with a schema."""
        self.mill.fix_schema(self.project.id, SchemaChange(rules=(Rule(column="flour"),)))
        return self.project.id

    def stored(self) -> str:
        """A project with a store of its own, of the same members; what is put into it is nobody's concern."""
        other = self.api.mill("olga").make_project(new_id("stored"))
        for name, membership in (("vera", Membership.VIEWER), ("emil", Membership.EDITOR)):
            self.mill.share(other.id, name, membership)
        self.mill.set_store(other.id, (self.parts.home / "another").as_uri())
        return other.id

    def run(self) -> Run:
        dataset = self.parts.catalog.datasets.get(self.dataset())
        run = self.parts.catalog.runs.add(run_on(dataset))
        self.parts.store.put_bytes(places.proposal(run.id), encode(PROPOSAL))
        self.parts.store.put_bytes(dataset.key, b"a,b\n1,2\n")
        self.parts.store.put_bytes(places.recipe(run.id), b"{}")
        return run

    def ended(self) -> str:
        self.mill.cancel((run := self.run()).id)
        return run.id

    def done(self) -> str:
        """A run that succeeded, with its model."""
        run = self.run()
        held = self.parts.catalog.runs.claim("test", 60, only=run.id)
        assert held is not None
        self.parts.store.put_bytes("report.html", b"report")
        artifacts = (Artifact(name="report", key="report.html", size=6, sha256="ab"),)
        outcome = Outcome(status=RunStatus.SUCCEEDED, artifacts=artifacts)
        self.parts.catalog.runs.finish(run.id, held.fence, outcome, model_of(run, id=new_id("model")))
        return run.id

    def kept(self) -> str:
        """A run that failed and kept its candidates."""
        held = self.parts.catalog.runs.claim("test", 60, only=self.run().id)
        assert held is not None
        kept = (Artifact(name="checkpoint", key="checkpoint.tar", size=6, sha256="ab"),)
        self.parts.catalog.runs.finish(held.id, held.fence, Outcome(status=RunStatus.FAILED, artifacts=kept))
        return held.id

    def model(self) -> str:
        return str(self.parts.catalog.runs.get(self.done()).model_id)

    def schedule(self) -> str:
        request = ScheduleRequest(cron="0 6 * * 1", action=Action.BATCH, subject=self.model(), source="new.csv")
        return self.mill.schedule(request).id

    def limited(self) -> str:
        self.mill.set_limits(Limits(kind=Subject.PERSON, name="guest", runs_at_once=1))
        return "guest"

    def guest(self) -> str:
        self.mill.share(self.project.id, "guest", Membership.VIEWER)
        return "guest"

    def invitation(self) -> str:
        return self.mill.invite(self.project.id, Membership.VIEWER)[0].id

    def hook(self) -> str:
        """A webhook of nobody's in particular: of the project that all but the stranger are in."""
        return self.mill.add_webhook("https://example.org/hook", project=self.project.id)[0].id

    def token(self) -> str:
        """A link into a project that nobody here is a member of."""
        other = self.mill.make_project(new_id("other"))
        return self.mill.invite(other.id, Membership.VIEWER)[1]


Call = Callable[[World], tuple[str, Any]]
CALLS: dict[str, Call] = {
    "GET /me": lambda w: ("/me", None),
    "GET /me/limits": lambda w: ("/me/limits", None),
    "GET /me/usage": lambda w: ("/me/usage", None),
    "GET /projects/{ref}/usage": lambda w: (f"/projects/{w.project.id}/usage", None),
    "GET /admin/usage": lambda w: ("/admin/usage", None),
    "GET /admin/limits": lambda w: ("/admin/limits", None),
    "PUT /admin/limits": lambda w: ("/admin/limits", {"kind": "person", "name": "guest", "runs_at_once": 1}),
    "DELETE /admin/limits/{kind}": lambda w: (f"/admin/limits/person?name={w.limited()}", None),
    "GET /health": lambda w: ("/health", None),
    "GET /ready": lambda w: ("/ready", None),
    "GET /metrics": lambda w: ("/metrics", None),
    "GET /openapi.json": lambda w: ("/openapi.json", None),
    "GET /projects": lambda w: ("/projects", None),
    "POST /projects": lambda w: ("/projects", {"name": new_id("p")}),
    "GET /projects/{ref}": lambda w: (f"/projects/{w.project.id}", None),
    "GET /projects/{ref}/schema": lambda w: (f"/projects/{w.fixed()}/schema", None),
    "PUT /projects/{ref}/schema": lambda w: (f"/projects/{w.project.id}/schema", {"rules": [{"column": "flour"}]}),
    "DELETE /projects/{ref}/schema": lambda w: (f"/projects/{w.fixed()}/schema", None),
    "GET /projects/{ref}/store": lambda w: (f"/projects/{w.stored()}/store", None),
    # A store that cannot be: who may give one is told so, and no cloud is asked.
    "PUT /projects/{ref}/store": lambda w: (
        f"/projects/{w.project.id}/store",
        {"url": "s3://bucket", "credentials": {"aws_access_key_id": "half of it"}},
    ),
    "DELETE /projects/{ref}/store": lambda w: (f"/projects/{w.stored()}/store", None),
    "GET /projects/{ref}/members": lambda w: (f"/projects/{w.project.id}/members", None),
    "PUT /projects/{ref}/members/{kind}/{name}": lambda w: (
        f"/projects/{w.project.id}/members/person/guest",
        {"membership": "viewer"},
    ),
    "DELETE /projects/{ref}/members/{kind}/{name}": lambda w: (
        f"/projects/{w.project.id}/members/person/{w.guest()}",
        None,
    ),
    "GET /projects/{ref}/invitations": lambda w: (f"/projects/{w.project.id}/invitations", None),
    "POST /projects/{ref}/invitations": lambda w: (f"/projects/{w.project.id}/invitations", {"membership": "viewer"}),
    "DELETE /invitations/{invitation_id}": lambda w: (f"/invitations/{w.invitation()}", None),
    "POST /invitations/accept": lambda w: ("/invitations/accept", {"token": w.token()}),
    "GET /uploads/origins": lambda w: ("/uploads/origins", None),
    "POST /uploads": lambda w: ("/uploads", {"name": "a.csv", "size": 1, "project": w.project.id}),
    "GET /uploads/{upload_id}": lambda w: (f"/uploads/{w.upload()}", None),
    "POST /uploads/{upload_id}/complete": lambda w: (f"/uploads/{w.upload()}/complete", {}),
    "DELETE /uploads/{upload_id}": lambda w: (f"/uploads/{w.upload()}", None),
    "POST /uploads/{upload_id}/check": lambda w: (f"/uploads/{w.received()}/check", {}),
    "POST /uploads/{upload_id}/explorations": lambda w: (f"/uploads/{w.received()}/explorations", {}),
    "POST /datasets": lambda w: ("/datasets", {"upload_id": w.received()}),
    "GET /datasets": lambda w: ("/datasets", None),
    "GET /datasets/{dataset_id}": lambda w: (f"/datasets/{w.dataset()}", None),
    "PATCH /datasets/{dataset_id}": lambda w: (f"/datasets/{w.dataset()}", {"description": "Grain."}),
    "DELETE /datasets/{dataset_id}": lambda w: (f"/datasets/{w.filled()}", None),
    "GET /datasets/{dataset_id}/file": lambda w: (f"/datasets/{w.filled()}/file", None),
    "GET /datasets/{dataset_id}/preview": lambda w: (f"/datasets/{w.dataset()}/preview", None),
    "GET /datasets/{dataset_id}/folder": lambda w: (f"/datasets/{w.filled()}/folder", None),
    "GET /datasets/{dataset_id}/about": lambda w: (f"/datasets/{w.dataset()}/about", None),
    "GET /datasets/{dataset_id}/versions": lambda w: (f"/datasets/{w.dataset()}/versions", None),
    "POST /datasets/{dataset_id}/explorations": lambda w: (f"/datasets/{w.dataset()}/explorations", {}),
    "POST /datasets/{dataset_id}/versions": lambda w: (f"/datasets/{w.dataset()}/versions", {"edits": []}),
    "POST /datasets/{dataset_id}/proposal": lambda w: (f"/datasets/{w.dataset()}/proposal", {}),
    "POST /runs": lambda w: ("/runs", {"dataset_id": w.dataset()}),
    "GET /runs": lambda w: ("/runs", None),
    "GET /runs/compare": lambda w: (f"/runs/compare?id={w.ended()}&id={w.ended()}", None),
    "GET /runs/{run_id}": lambda w: (f"/runs/{w.ended()}", None),
    "DELETE /runs/{run_id}": lambda w: (f"/runs/{w.ended()}", None),
    "POST /runs/{run_id}/cancel": lambda w: (f"/runs/{w.run().id}/cancel", {}),
    "POST /runs/{run_id}/resume": lambda w: (f"/runs/{w.ended()}/resume", {"budget": 60}),
    "POST /runs/{run_id}/rerun": lambda w: (f"/runs/{w.ended()}/rerun", None),
    "POST /runs/{run_id}/explanations": lambda w: (f"/runs/{w.kept()}/explanations", {}),
    "GET /runs/{run_id}/artifacts/{name}": lambda w: (f"/runs/{w.done()}/artifacts/report", None),
    "GET /runs/{run_id}/report": lambda w: (f"/runs/{w.done()}/report?inline=", None),
    "GET /runs/{run_id}/folder": lambda w: (f"/runs/{w.ended()}/folder", None),
    "POST /runs/folder": lambda w: ("/runs/folder", {"dataset_id": w.filled()}),
    "GET /runs/{run_id}/events": lambda w: (f"/runs/{w.ended()}/events", None),
    "GET /models": lambda w: ("/models", None),
    "GET /models/{model_id}": lambda w: (f"/models/{w.model()}", None),
    "DELETE /models/{model_id}": lambda w: (f"/models/{w.model()}", None),
    "GET /models/{model_id}/archive": lambda w: (f"/models/{w.model()}/archive", None),
    "PUT /models/{model_id}/stage": lambda w: (f"/models/{w.model()}/stage", {"stage": "retired"}),
    "GET /models/{model_id}/lineage": lambda w: (f"/models/{w.model()}/lineage", None),
    "POST /models/{model_id}/batches": lambda w: (f"/models/{w.model()}/batches", {}),  # none has rows to answer
    # One without a row: who may ask is told what is missing, and nothing is opened.
    "POST /models/{model_id}/ask": lambda w: (f"/models/{w.model()}/ask", {}),
    "POST /models/{model_id}/wake": lambda w: (f"/models/{w.model()}/wake", None),
    "POST /schedules": lambda w: (
        "/schedules",
        {"cron": "0 6 * * 1", "action": "batch", "subject": w.model(), "source": "new.csv"},
    ),
    "GET /schedules": lambda w: ("/schedules", None),
    "GET /schedules/{schedule_id}": lambda w: (f"/schedules/{w.schedule()}", None),
    "DELETE /schedules/{schedule_id}": lambda w: (f"/schedules/{w.schedule()}", None),
    "POST /schedules/{schedule_id}/pause": lambda w: (f"/schedules/{w.schedule()}/pause", None),
    "POST /schedules/{schedule_id}/resume": lambda w: (f"/schedules/{w.schedule()}/resume", None),
    "POST /schedules/{schedule_id}/run": lambda w: (f"/schedules/{w.schedule()}/run", None),
    "GET /recipes": lambda w: (f"/recipes?project={w.project.id}", None),
    "GET /recipes/{source}/notebook": lambda w: (f"/recipes/tabular/notebook?project={w.project.id}", None),
    # Notebooks that are none: who may send one is told so, and nothing is trained for a minute.
    "POST /recipes": lambda w: (
        "/recipes",
        {
            "source": "mine",
            "notebook": "{}",
            "entry": {"name": "mine", "version": "", "tasks": [], "project": w.project.id},
        },
    ),
    "POST /recipes/trial": lambda w: (
        "/recipes/trial",
        {"source": "mine", "notebook": "{}", "project": w.project.id},
    ),
    "GET /me/notices": lambda w: ("/me/notices", None),
    "POST /me/notices/read": lambda w: ("/me/notices/read", {}),
    "GET /me/choices": lambda w: ("/me/choices", None),
    "PUT /me/choices": lambda w: ("/me/choices", {"mail": "o@example.org"}),
    "GET /me/webhooks": lambda w: ("/me/webhooks", None),
    "POST /me/webhooks": lambda w: ("/me/webhooks", {"url": f"https://example.org/{new_id('hook')}"}),
    "DELETE /me/webhooks/{webhook_id}": lambda w: (f"/me/webhooks/{w.hook()}", None),
    "GET /weights": lambda w: ("/weights", None),
    "POST /weights": lambda w: (
        "/weights",
        {"name": "efficientnet-lite0", "upload_id": w.received(), "kind": "text", "licence": "MIT"},
    ),
    "POST /weights/check": lambda w: (
        "/weights/check",
        {"name": "efficientnet-lite0", "kind": "text", "licence": "MIT"},
    ),
    "POST /weights/fetch": lambda w: ("/weights/fetch", {"name": "efficientnet-lite0"}),  # a package brings it
    "GET /admin/deeds": lambda w: ("/admin/deeds", None),
    "GET /admin/people": lambda w: ("/admin/people", None),
    "GET /admin/workers": lambda w: ("/admin/workers", None),
    "GET /admin/settings": lambda w: ("/admin/settings", None),
}
ROUTES = {f"{' '.join(route.methods)} {route.path}": route.endpoint.gristmill for route in routes_of(routed(""))}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with listening(make_service(tmp_path_factory.mktemp("roles") / "home")) as api:
        yield World(api)


def call(world: World, route: str, client: httpx.Client) -> httpx.Response:
    path, body = CALLS[route](world)
    return client.request(route.split(" ")[0], path, json=body)


def test_every_route_is_called_here() -> None:
    assert set(CALLS) == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_lets_in_whom_it_declares_and_nobody_else(world: World, route: str) -> None:
    spec: Spec = ROUTES[route]
    least = max(ROLES.index(spec.who), 1)
    with httpx.Client(base_url=world.api.url) as nobody:
        assert (call(world, route, nobody).status_code == 401) is (spec.who != "anyone")
    for place, (role, name) in enumerate(NAMES.items(), start=1):
        powers = "admin" if role == "admin" else "use,train,deploy"
        with world.api.client(name, powers=powers) as client:
            answer = call(world, route, client)
        assert answer.status_code < 500, (role, answer.text)
        refused = answer.status_code in (401, 403, 404)
        assert refused is (place < least), (role, answer.status_code, answer.text)
        if refused:
            hidden = role == "stranger" and spec.who != "admin"
            assert answer.status_code == (404 if hidden else 403), (role, answer.text)


@pytest.mark.parametrize("route", [route for route, spec in ROUTES.items() if spec.who != "anyone"])
def test_a_route_takes_the_power_that_it_declares(world: World, route: str) -> None:
    spec: Spec = ROUTES[route]
    others = ",".join({"use", "train", "deploy"} - {spec.power}) if spec.power != "use" else ""
    with world.api.client("olga", powers=others) as client:
        answer = call(world, route, client)
    assert answer.status_code == 403, answer.text
    assert answer.json()["code"] == "not-allowed"


def test_a_batch_is_asked_for_again_without_the_power_to_train_and_a_training_is_not(world: World) -> None:
    upload = an_upload(world.parts.catalog, project_id=world.project.id)
    batch = run_on(
        world.parts.catalog.datasets.get(world.dataset()), kind=RunKind.BATCH, dataset_id=None, upload_id=upload.id,
        model_id=world.model(),
    )  # fmt: skip
    world.parts.catalog.runs.add(batch, {places.recipe(batch.id): b"{}"})
    with world.api.client("emil", powers="use") as client:
        assert client.post(f"/runs/{batch.id}/rerun").status_code == 201
        refused = client.post(f"/runs/{world.ended()}/rerun")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")


def test_a_team_is_let_in_as_its_membership_says(world: World) -> None:
    world.mill.share(world.project.id, "bakers", Membership.EDITOR, MemberKind.TEAM)
    run = world.run()
    with world.api.client("tina", "bakers") as member, world.api.client("bakers") as namesake:
        assert namesake.get(f"/runs/{run.id}").status_code == 404
        assert member.post(f"/runs/{run.id}/cancel", json={}).status_code == 200


def test_what_a_dataset_asks_is_confirmed_by_code(world: World) -> None:
    upload = an_upload(world.parts.catalog, project_id=world.project.id)
    world.parts.catalog.uploads.settle(upload.id, RECEIVED, sha256="ab")
    notice = Notice(code="rare-classes", message="Two classes are rare.", severity=Severity.CONFIRM)
    asking = GRAIN | {"proposal": replace(PROPOSAL, notices=(notice,))}
    dataset = world.parts.catalog.datasets.add(dataset_of(upload, **asking))
    with world.api.client("emil") as client:
        refused = client.post("/runs", json={"dataset_id": dataset.id})
        assert (refused.status_code, refused.json()["code"]) == (409, "not-confirmed")
        sent = {"dataset_id": dataset.id, "accepted": ["rare-classes"]}
        assert client.post("/runs", json=sent).status_code == 201


def test_the_page_shows_each_route() -> None:
    page = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    assert [route for route in ROUTES if f"| `{route}` |" not in page] == []
