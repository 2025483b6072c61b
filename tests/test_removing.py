"""Runs and models that are deleted: what goes, what stays, and what is needed too much to go; on both databases."""

# ruff: noqa: ARG001  what makes a model needed may need little of it

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gristmill import cli
from gristmill.catalog import Catalog, Outcome
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.errors import Conflict, NotFound, RunCancelled
from gristmill.reconciler import sweep_uploads
from gristmill.records import (
    Action,
    Artifact,
    CatchUp,
    Deed,
    EventKind,
    Failure,
    Model,
    Run,
    RunKind,
    RunRequest,
    RunStatus,
    Schedule,
    Stage,
    Subject,
    Tick,
    TickOutcome,
    UploadStatus,
    Wanted,
    Who,
    new_id,
)
from gristmill.stores import places
from services.apis import Api, a_table, badge
from services.catalogs import a_dataset, an_upload, model_of, run_on

WHY = Failure(code="deleted", what="It was deleted.")
ADA = Who(name="ada", teams=("millers",))


def a_run(catalog: Catalog, **fields: Any) -> Run:
    """A queued run with its papers, asked for by somebody in a team."""
    run = run_on(a_dataset(catalog), owner="ada", price=1.0, **fields)
    return catalog.runs.add(run, {places.recipe(run.id): b"{}"}, who=ADA, decide=lambda _: None)


def carried_out(catalog: Catalog, run: Run, status: RunStatus = RunStatus.SUCCEEDED) -> tuple[Run, Model | None]:
    """The run as it ended, with its model if it trained, an event, and artifacts of 12 bytes."""
    held = catalog.runs.claim("test", 60, only=run.id)
    assert held is not None
    catalog.events.add(run.id, held.fence, [(EventKind.LOG, {"text": "ground"})])
    left = (
        Artifact(name="model", key=f"runs/{run.id}/1/model.zip", size=5, sha256="ab"),
        Artifact(name="report", key=f"runs/{run.id}/1/report.html", size=7, sha256="ab"),
    )
    trains = run.kind is RunKind.TRAIN and status is RunStatus.SUCCEEDED
    model = model_of(run, key=left[0].key) if trains else None
    outcome = Outcome(status=status, artifacts=left if trains else left[1:])
    ended = catalog.runs.finish(run.id, held.fence, outcome, model)
    return ended, None if model is None else catalog.models.get(model.id)


def trained(catalog: Catalog) -> tuple[Run, Model]:
    """A run that succeeded, and its model."""
    run, model = carried_out(catalog, a_run(catalog))
    assert model is not None
    return run, model


def a_schedule(catalog: Catalog, action: Action, subject: str, project_id: str, source: str = "") -> Schedule:
    return catalog.schedules.add(
        Schedule(
            id=new_id("schedule"), project_id=project_id, name="weekly", cron="0 6 * * 1", zone="UTC", action=action,
            subject=subject, source=source, catch_up=CatchUp.ONCE, margin=None, settings={}, created_at=1.0,
            next_at=9e9, paused=True,
        )
    )  # fmt: skip


def a_tick(schedule: Schedule, run_id: str, at: float = 5.0, outcome: TickOutcome | None = None) -> Tick:
    return Tick(
        schedule_id=schedule.id, at=at, claimed_at=at, run_id=run_id, comparison_id=new_id("run"), outcome=outcome
    )


# --- what goes, and what stays ---------------------------------------------------------------------------------------


def test_a_run_goes_with_its_model_and_leaves_what_was_metered(catalog: Catalog) -> None:
    run, model = trained(catalog)
    before = {(one.kind, one.name): one for one in catalog.fair_use.usage.list(Subject.PERSON)}
    before |= {(one.kind, one.name): one for one in catalog.fair_use.usage.list(Subject.TEAM)}
    assert {one.bytes for one in before.values()} == {12}
    assert catalog.removing.run(run.id, WHY) is None
    for rows, id in ((catalog.runs, run.id), (catalog.models, model.id)):
        with pytest.raises(NotFound):
            rows.get(id)  # type: ignore[attr-defined]
    assert catalog.papers.of(run.id) == {}
    assert catalog.events.after(run.id, 0, 10) == ()
    for kind in (Subject.PERSON, Subject.TEAM):
        [left] = catalog.fair_use.usage.list(kind)
        assert left == replace(before[left.kind, left.name], bytes=0)
    assert catalog.fair_use.accounts(ADA)[0].bytes == 0


def test_a_model_goes_alone_and_its_run_stays_without_it(catalog: Catalog) -> None:
    run, model = trained(catalog)
    assert catalog.removing.model(model.id) == model
    with pytest.raises(NotFound):
        catalog.models.get(model.id)
    left = catalog.runs.get(run.id)
    assert left == replace(run, model_id=None, artifacts=run.artifacts[1:])
    assert [one.bytes for one in catalog.fair_use.usage.list(Subject.PERSON)] == [7]
    catalog.removing.run(run.id, WHY)
    assert [(one.runs, one.bytes) for one in catalog.fair_use.usage.list(Subject.PERSON)] == [(1, 0)]


def test_the_room_of_somebodys_own_bucket_was_never_counted(catalog: Catalog) -> None:
    run, _ = carried_out(catalog, a_run(catalog, store_id="store-elsewhere"))
    other, _ = trained(catalog)
    catalog.removing.run(run.id, WHY)
    assert [one.bytes for one in catalog.fair_use.usage.list(Subject.PERSON)] == [12]
    catalog.removing.run(other.id, WHY)
    assert [one.bytes for one in catalog.fair_use.usage.list(Subject.PERSON)] == [0]


def test_the_file_of_a_batch_goes_with_its_last_run(catalog: Catalog) -> None:
    upload = an_upload(catalog)
    catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
    runs = [a_run(catalog, kind=RunKind.BATCH, upload_id=upload.id) for _ in range(2)]
    for run in runs:
        carried_out(catalog, run)
    assert catalog.removing.run(runs[0].id, WHY) is None
    assert catalog.uploads.get(upload.id).status is UploadStatus.RECEIVED
    assert catalog.removing.run(runs[1].id, WHY) == upload.id
    assert catalog.uploads.get(upload.id).status is UploadStatus.REJECTED


def test_the_file_of_a_dataset_stays(catalog: Catalog) -> None:
    dataset = a_dataset(catalog)
    run = catalog.runs.add(run_on(dataset, kind=RunKind.BATCH, upload_id=dataset.upload_id))
    carried_out(catalog, run)
    assert catalog.removing.run(run.id, WHY) is None
    assert catalog.uploads.get(dataset.upload_id).status is UploadStatus.ACCEPTED


# --- what is needed --------------------------------------------------------------------------------------------------


def in_production(catalog: Catalog, run: Run, model: Model) -> None:
    catalog.models.stage(model.id, Stage.PRODUCTION)


def asked_by_a_schedule(catalog: Catalog, run: Run, model: Model) -> None:
    a_schedule(catalog, Action.BATCH, model.id, model.project_id)


def asked_by_a_batch(catalog: Catalog, run: Run, model: Model) -> None:
    a_run(catalog, kind=RunKind.BATCH, model_id=model.id)


def compared_as_the_champion(catalog: Catalog, run: Run, model: Model) -> None:
    a_run(catalog, kind=RunKind.COMPARE, model_id="model-other", settings={"champion": model.id})


def yet_to_be_judged(catalog: Catalog, run: Run, model: Model) -> None:
    schedule = a_schedule(catalog, Action.RETRAIN, "run-other", run.project_id)
    catalog.ticks.add(a_tick(schedule, run.id))


@pytest.mark.parametrize(
    ("needed", "says"),
    [
        (in_production, "is in production"),
        (asked_by_a_schedule, "The schedule weekly asks the model flour, version 1."),
        (asked_by_a_batch, "is being asked by the run"),
        (compared_as_the_champion, "is being asked by the run"),
        (yet_to_be_judged, "A schedule"),
    ],
)
def test_a_model_that_is_needed_stays_and_so_does_its_run(
    catalog: Catalog, needed: Callable[[Catalog, Run, Model], None], says: str
) -> None:
    run, model = trained(catalog)
    needed(catalog, run, model)
    for ask in (lambda: catalog.removing.model(model.id), lambda: catalog.removing.run(run.id, WHY)):
        with pytest.raises(Conflict, match=says):
            ask()
    assert catalog.models.get(model.id).run_id == catalog.runs.get(run.id).id


def test_a_run_that_is_needed_stays(catalog: Catalog) -> None:
    waits = a_run(catalog)
    with pytest.raises(Conflict, match="still queued"):
        catalog.removing.run(waits.id, WHY)
    assert catalog.runs.claim("test", 60, only=waits.id) is not None
    with pytest.raises(Conflict, match="still running"):
        catalog.removing.run(waits.id, WHY)

    run, _ = trained(catalog)
    child = a_run(catalog, resumed_from=run.id)
    with pytest.raises(Conflict, match="went on from"):
        catalog.removing.run(run.id, WHY)
    catalog.runs.want(child.id, Wanted.CANCEL)
    catalog.removing.run(child.id, WHY)

    explaining = a_run(catalog, kind=RunKind.EXPLAIN, settings={"run": run.id})
    with pytest.raises(Conflict, match="explained"):
        catalog.removing.run(run.id, WHY)
    catalog.runs.want(explaining.id, Wanted.CANCEL)

    schedule = a_schedule(catalog, Action.RETRAIN, run.id, run.project_id)
    with pytest.raises(Conflict, match="The schedule weekly repeats"):
        catalog.removing.run(run.id, WHY)
    catalog.schedules.remove(schedule.id)
    catalog.removing.run(run.id, WHY)


def test_by_its_latest_batch_a_schedule_knows_what_it_has_predicted(catalog: Catalog) -> None:
    _, model = trained(catalog)
    schedule = a_schedule(catalog, Action.BATCH, model.id, model.project_id)
    runs = [carried_out(catalog, a_run(catalog, kind=RunKind.BATCH, model_id=model.id))[0] for _ in range(2)]
    for at, run in enumerate(runs):
        catalog.ticks.add(a_tick(schedule, run.id, 5.0 + at, TickOutcome.DONE))
    catalog.ticks.add(a_tick(schedule, new_id("run"), 9.0, TickOutcome.IDLE))
    with pytest.raises(Conflict, match="knows what it has predicted"):
        catalog.removing.run(runs[1].id, WHY)
    catalog.removing.run(runs[0].id, WHY)
    catalog.schedules.remove(schedule.id)
    catalog.removing.run(runs[1].id, WHY)


# --- over HTTP -------------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(api: Api, tmp_path: Path) -> Iterator[Hub]:
    with Hub(Address.of(api.url, badge("olga", powers="use,train,deploy")), tmp_path / "olga") as hub:
        yield hub


def a_finished_run(api: Api, hub: Hub, tmp_path: Path) -> Run:
    """A run that succeeded, with all that its worker would have left in the store."""
    file = tmp_path / "grain.csv"
    file.write_bytes(a_table())
    parts = api.service.parts
    dataset = hub.admit(hub.upload(file, project="mill").id)
    run = hub.train(RunRequest(dataset_id=dataset.id, target="ripe", budget=60.0))
    for name in ("model.zip", "report.html", "log.txt"):
        parts.store.put_bytes(f"runs/{run.id}/1/{name}", b"12345")
    parts.store.put_bytes(places.recipe(run.id), b"{}")
    return carried_out(parts.catalog, run)[0]


def test_the_store_is_swept_and_the_trail_stays(api: Api, hub: Hub, tmp_path: Path) -> None:
    parts = api.service.parts
    run, other = a_finished_run(api, hub, tmp_path), a_finished_run(api, hub, tmp_path)
    for one in (run, other):
        (parts.home / "models" / str(one.model_id)).mkdir(parents=True)
    hub.delete_model(str(run.model_id))
    left = {stored.key for stored in parts.store.list(places.run(run.id))}
    assert f"runs/{run.id}/1/model.zip" not in left
    assert f"runs/{run.id}/1/report.html" in left
    assert not (parts.home / "models" / str(run.model_id)).exists()
    with pytest.raises(NotFound, match="was deleted"):
        hub.model(run.id)
    hub.delete_run(run.id)
    assert list(parts.store.list(places.run(run.id))) == []
    assert list(parts.store.list(places.run(other.id))) != []  # and nobody else's
    assert (parts.home / "models" / str(other.model_id)).exists()
    told = [(deed.action, deed.thing, deed.outcome) for deed in parts.catalog.deeds.list(who="olga")]
    assert ("run.delete", run.id, "done") in told
    assert ("model.delete", run.model_id, "done") in told


def test_what_has_changed_since_it_was_seen_stays(api: Api, hub: Hub, tmp_path: Path) -> None:
    run = a_finished_run(api, hub, tmp_path)
    with api.client(powers="use,train,deploy") as client:
        for path in (f"/models/{run.model_id}", f"/runs/{run.id}", f"/datasets/{run.dataset_id}"):
            seen = client.get(path).headers["ETag"]
            stale = client.delete(path, headers={"If-Match": '"0"'})
            assert (stale.status_code, stale.json()["code"]) == (412, "changed")
            assert client.get(path).headers["ETag"] == seen
            assert client.delete(path, headers={"If-Match": f'"0", {seen}'}).status_code == 204


def test_a_batch_of_a_model_that_is_gone_is_not_asked_for_again(api: Api, hub: Hub, tmp_path: Path) -> None:
    catalog = api.service.parts.catalog
    run = a_finished_run(api, hub, tmp_path)
    batch, _ = carried_out(
        catalog, catalog.runs.add(replace(run, id=new_id("run"), kind=RunKind.BATCH, status=RunStatus.QUEUED, fence=0))
    )
    hub.delete_model(str(run.model_id))
    with pytest.raises(NotFound, match="no model"):
        hub.rerun(batch.id)


# --- uploads that nothing was made of, and looks that nobody begins with ---------------------------------------------


def test_uploads_of_which_nothing_was_made_are_swept_after_days(
    api: Api, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = api.service.parts
    file = tmp_path / "grain.csv"
    file.write_bytes(a_table())
    names = ("left", "looked", "looking", "asked", "awaited", "kept")
    uploads = {name: hub.upload(file, project="mill", name=name) for name in names}
    looks = {name: hub.exploration(uploads[name].id) for name in ("looked", "looking")}
    hub.cancel(looks["looked"].id)
    batch = run_on(a_dataset(parts.catalog), kind=RunKind.BATCH, upload_id=uploads["asked"].id, dataset_id=None)
    parts.catalog.runs.add(batch)
    parts.catalog.runs.want(batch.id, Wanted.CANCEL)
    a_schedule(parts.catalog, Action.BATCH, "model-other", uploads["awaited"].project_id, source="awaited")
    hub.admit(uploads["kept"].id)
    assert sweep_uploads(parts.catalog, parts.shelf) == 0
    monkeypatch.setattr("gristmill.reconciler._FORGOTTEN", -2 * 86400.0)  # as if that much time had gone by
    assert sweep_uploads(parts.catalog, parts.shelf) == 2
    found = {name: parts.catalog.uploads.get(upload.id) for name, upload in uploads.items()}
    swept = {name for name, upload in found.items() if upload.status is UploadStatus.REJECTED}
    assert swept == {"left", "looked"}
    assert {name for name, upload in found.items() if parts.store.stat(upload.key) is None} == swept


def test_a_look_that_nobody_begins_with_says_so(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gristmill.client.hub.runs._UNBEGUN", 0.0)
    monkeypatch.setattr("gristmill.client.hub.runs._LOOK_EVERY", 0.05)
    file = tmp_path / "grain.csv"
    file.write_bytes(a_table())
    told: list[str] = []

    def hear(line: str) -> None:
        told.append(line)
        hub.cancel(hub.runs(status=RunStatus.QUEUED)[0].id)

    with pytest.raises(RunCancelled):
        hub.explore(str(file), tmp_path / "page.html", told=hear)
    assert len(told) == 1
    assert "no worker" in told[0] or "none is there" in told[0]


# --- what admins see -------------------------------------------------------------------------------------------------


def test_people_are_known_by_what_they_left(catalog: Catalog) -> None:
    trained(catalog)
    catalog.projects.ensure("zoe/mill", "zoe")
    people = {one.name: one for one in catalog.known.list()}
    assert people["ada"].teams == ("millers",)
    assert people["ada"].seen_at is None
    assert people["zoe"].owner == 1
    names = sorted(people)
    assert [one.name for one in catalog.known.list(limit=1)] == names[:1]
    assert [one.name for one in catalog.known.list(after=names[0])] == names[1:]


def test_when_somebody_was_last_there_is_not_when_a_schedule_was(api: Api, hub: Hub) -> None:
    hub.make_project("bakery")
    [before] = [one.seen_at for one in api.service.parts.catalog.known.list() if one.name == "olga"]
    assert before is not None
    deed = Deed(
        id=new_id("deed"), created_at=before + 100, who="olga", address="schedule-1", action="run.train", thing="",
        project_id=None, outcome="done",
    )  # fmt: skip
    api.service.parts.catalog.deeds.add(deed)
    with api.client("root", powers="admin") as client:
        listed = client.get("/admin/people").json()
        assert [(one["name"], one["owner"], one["seen_at"]) for one in listed["items"]] == [("olga", 1, before)]
        assert listed["next"] is None
        api.service.parts.catalog.seeing.beat("mill:1")
        assert [one["name"] for one in client.get("/admin/workers").json()["items"]] == ["mill:1"]


# --- in a terminal ---------------------------------------------------------------------------------------------------


def test_the_command_line_deletes_what_it_was_told_to_and_nothing_unasked(
    api: Api, hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def gristmill(*args: str) -> tuple[int, str]:
        code = cli.run(lambda: hub, files=tmp_path / "files", args=args)
        said = capsys.readouterr()
        return code, said.out + said.err

    run = a_finished_run(api, hub, tmp_path)
    code, said = gristmill("delete", run.id)
    assert (code, f"gristmill delete {run.id} --yes" in said) == (2, True)
    assert gristmill("delete", "project-1")[0] == 2
    assert gristmill("delete", str(run.model_id), "--yes") == (0, "Deleted the model flour, version 1.\n")
    assert gristmill("delete", run.id, "--yes") == (0, "Deleted the run grain, with all that it has left.\n")
    assert gristmill("delete", str(run.dataset_id), "--yes")[0] == 0
    code, said = gristmill("delete", run.id, "--yes")
    assert (code, said.startswith("There is no run")) == (2, True)


def test_the_command_line_shows_admins_who_and_what_is_there(
    api: Api, hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.make_project("bakery")
    waits = a_run(api.service.parts.catalog)
    assert api.service.parts.catalog.runs.claim("mill:1", 60, only=waits.id) is not None
    api.service.parts.catalog.seeing.beat("mill:1")
    with Hub(Address.of(api.url, badge("root", powers="admin")), tmp_path / "root") as root:
        for command in ("people", "workers"):
            assert cli.run(lambda: root, files=tmp_path, args=["admin", command]) == 0
    said = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    *people, worker = said
    assert [line[:5] for line in people if line[0] != "local"] == [
        ["ada", "millers", "0", "0", "0"],
        ["olga", "-", "1", "0", "0"],
    ]
    assert (worker[0], worker[3]) == ("mill:1", waits.id)
