"""What a client does when the hub, the network or the answer is not as it should be."""

from __future__ import annotations

import hashlib
import io
import logging
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import gristmill
from gristmill.client import connecting
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.errors import (
    BudgetTooSmall,
    DataRejected,
    GristmillError,
    HubAway,
    NotFound,
    NotSignedIn,
    StoreFailed,
    UsageError,
    VersionsDiffer,
)
from gristmill.records import LOCAL, Model, Run, RunRequest, replace, to_plain
from services.apis import Api, badge, listening, make_service
from services.hubs import LiveHub
from services.troubles import Cutter, StagedHub

ME = to_plain(LOCAL)
TOKEN = "a-token-that-nobody-may-read"
PART = 64 * 1024  # so that a test's file has several


@pytest.fixture
def hub(staged_hub: StagedHub, tmp_path: Path) -> Iterator[Hub]:
    with Hub(Address.of(staged_hub.url, TOKEN), tmp_path / "home") as hub:
        yield hub


# --- asking again ----------------------------------------------------------------------------------------------------


def test_reading_is_repeated_while_a_hub_is_away(hub: Hub, staged_hub: StagedHub) -> None:
    for status in (503, 502, 429):
        staged_hub.will(status, b"<html>")
    staged_hub.will(200, ME)
    assert hub.me() == LOCAL
    assert len(staged_hub.asked) == 4


def test_what_creates_is_repeated_under_the_same_key(hub: Hub, staged_hub: StagedHub) -> None:
    staged_hub.will(503, b"")
    staged_hub.will(409, {"title": "Wait.", "type": "urn:gristmill:problem:in-flight", "code": "in-flight"})
    staged_hub.will(201, {"id": "project-1", "name": "mill", "created_at": 1})
    assert hub.make_project("mill").id == "project-1"
    hub.make_project("mill")
    keys = [headers["Idempotency-Key"] for _, _, headers in staged_hub.asked]
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


def test_what_has_no_key_is_asked_once(hub: Hub, staged_hub: StagedHub) -> None:
    staged_hub.will(503, b"")
    with pytest.raises(HubAway):
        hub._wire.send("POST", "runs", body={})
    assert len(staged_hub.asked) == 1


def test_a_refusal_is_not_repeated(hub: Hub, staged_hub: StagedHub) -> None:
    staged_hub.will(404, {"title": "There is no run x.", "type": "urn:gristmill:problem:not-found"})
    with pytest.raises(NotFound, match="There is no run x"):
        hub.run("x")
    assert len(staged_hub.asked) == 1


def test_what_was_deleted_at_the_first_try_is_deleted(hub: Hub, staged_hub: StagedHub) -> None:
    staged_hub.will(503, b"")
    staged_hub.will(404, {"title": "There is no invitation.", "type": "urn:gristmill:problem:not-found"})
    hub.withdraw("invitation-1")
    with pytest.raises(NotFound):
        hub.withdraw("invitation-1")


def test_a_hub_that_never_answered_is_soon_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gristmill.client.wire._FIRST_PATIENCE", 0.2)
    with Hub(Address.of("http://127.0.0.1:9/mill", TOKEN), tmp_path) as hub, pytest.raises(HubAway) as told:
        hub.me()
    assert str(told.value).startswith("http://127.0.0.1:9/mill/ cannot be reached. Nothing answers there.")
    assert TOKEN not in str(told.value)


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "type", "code", "kind"),
    [
        (422, "budget-too-small", "budget-too-small", BudgetTooSmall),
        (422, "data-rejected", "bad-csv", DataRejected),
        (422, "", "data-rejected", DataRejected),
        (422, "of-tomorrow", "of-tomorrow", UsageError),
        (418, "of-tomorrow", "of-tomorrow", UsageError),
        (404, "of-tomorrow", "of-tomorrow", NotFound),
        (401, "not-signed-in", "not-signed-in", NotSignedIn),
        (500, "fault", "fault", GristmillError),
    ],
)
def test_a_refusal_is_our_own_error(
    hub: Hub, staged_hub: StagedHub, status: int, type: str, code: str, kind: type[GristmillError]
) -> None:
    problem = {"type": f"urn:gristmill:problem:{type}", "title": "No.", "detail": "Why.", "cure": "Do.", "code": code}
    staged_hub.will(status, problem)
    with pytest.raises(kind) as told:
        hub.train(RunRequest(dataset_id="dataset-1"))
    assert told.value.__class__ is kind
    assert (told.value.failure.code, str(told.value)) == (code, "No. Why. Do.")


@pytest.mark.parametrize(
    ("theirs", "says"),
    [("99.1.0", "The hub is newer than this client. It runs 99.1.0"), ("0.0.1", "The hub is older than this client.")],
)
def test_another_version_says_who_is_older(hub: Hub, staged_hub: StagedHub, theirs: str, says: str) -> None:
    staged_hub.will(200, {"items": [{"status": "of tomorrow"}]}, Gristmill_Version=theirs)
    with pytest.raises(VersionsDiffer, match=says):
        hub.runs()
    problem = {"title": "There is nothing here.", "type": "urn:gristmill:problem:not-found", "code": "not-found"}
    staged_hub.script.clear()
    staged_hub.will(404, problem, Gristmill_Version=theirs)
    with pytest.raises(NotFound, match=f"differ: It runs {theirs}, this is {gristmill.__version__}"):
        hub.run("run-1")


def test_what_a_newer_hub_adds_is_passed_over(hub: Hub, staged_hub: StagedHub) -> None:
    staged_hub.will(200, ME | {"colour": "red"}, Gristmill_Version="99.1.0")
    assert hub.me() == LOCAL


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (200, HubAway, "is not Gristmill. It answers 200 with 'text/html'"),
        (404, HubAway, "is not Gristmill"),
        (302, NotSignedIn, "does not let this token in"),
        (403, NotSignedIn, "It answers 403"),
        (500, HubAway, "It answers 500"),
    ],
)
def test_somebody_elses_page_is_none_of_ours(
    hub: Hub, staged_hub: StagedHub, status: int, kind: type[GristmillError], says: str
) -> None:
    staged_hub.will(status, b"<html>not Gristmill</html>", Content_Type="text/html")
    with pytest.raises(kind, match=says) as told:
        hub.me()
    assert told.value.__class__ is kind


# --- uploads that break off ------------------------------------------------------------------------------------------


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr("gristmill.mill.uploads._PART", PART)
    with listening(make_service(tmp_path / "served")) as served:
        yield served


@pytest.fixture
def grain(tmp_path: Path) -> Path:
    path = tmp_path / "grain.csv"
    path.write_bytes(random.Random(7).randbytes(20 * PART + 11))
    return path


def at(cutter: Cutter, home: Path) -> Hub:
    return Hub(Address.of(cutter.url, badge("olga")), home)


def stored(api: Api, key: str) -> str:
    return hashlib.sha256(api.service.parts.store.read(key)).hexdigest()


def test_parts_that_break_off_are_sent_again(
    api: Api, cutter: Callable[[str], Cutter], grain: Path, tmp_path: Path
) -> None:
    between = cutter(api.url)
    between.cuts = [3000, 40_000, 100_000, 200_000, 1, 70_000, 0]
    told: list[tuple[int, int]] = []
    with at(between, tmp_path / "home") as hub:
        upload = hub.upload(grain, progress=lambda *so_far: told.append(so_far))
    assert not between.cuts
    assert upload.status == "received"
    assert upload.sha256 == hashlib.sha256(grain.read_bytes()).hexdigest() == stored(api, upload.key)
    assert told[-1] == (grain.stat().st_size, grain.stat().st_size)
    assert list((tmp_path / "home" / "uploads").iterdir()) == []


def test_calling_again_sends_only_what_is_missing(
    api: Api, cutter: Callable[[str], Cutter], grain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gristmill.client.wire._PATIENCE", 0.5)
    monkeypatch.setattr("gristmill.client.wire._FIRST_PATIENCE", 0.5)
    between = cutter(api.url)

    def pull_the_plug(gone: int, size: int) -> None:
        between.is_down = between.is_down or gone > size * 0.75

    monkeypatch.setattr("gristmill.client.uploading._LOOK_EVERY", 0.001)
    with at(between, tmp_path / "home") as hub, pytest.raises(GristmillError):
        hub.upload(grain, progress=pull_the_plug)
    before, between.sent, between.is_down = between.sent, 0, False
    with at(between, tmp_path / "home") as hub:
        upload = hub.upload(grain)
    assert stored(api, upload.key) == hashlib.sha256(grain.read_bytes()).hexdigest()
    assert before + between.sent < 1.5 * grain.stat().st_size
    with at(between, tmp_path / "home") as hub:
        assert hub.upload(grain).id != upload.id  # what is done is not gone on with


def test_another_file_of_that_name_is_another_upload(
    api: Api, cutter: Callable[[str], Cutter], grain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gristmill.client.wire._PATIENCE", 0.3)
    between = cutter(api.url)
    with at(between, tmp_path / "home") as hub:
        hub.me()
        between.is_down = True
        with pytest.raises(HubAway):
            hub.upload(grain)
        between.is_down = False
        grain.write_bytes(b"weight,ripe\n1,yes\n")
        upload = hub.upload(grain)
    assert upload.size == 18
    assert stored(api, upload.key) == hashlib.sha256(grain.read_bytes()).hexdigest()


def test_a_file_that_changes_on_its_way_is_refused(api: Api, grain: Path, tmp_path: Path) -> None:
    def meddle(gone: int, size: int) -> None:
        del gone, size
        with grain.open("ab") as file:
            file.write(b"!")

    sent = pytest.raises(UsageError, match="was changed while it was sent")
    with Hub(Address.of(api.url, badge("olga")), tmp_path / "home") as hub, sent:
        hub.upload(grain, progress=meddle)
    assert list((tmp_path / "home" / "uploads").iterdir()) == []


def test_an_empty_file_is_a_file(api: Api, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    with Hub(Address.of(api.url, badge("olga")), tmp_path / "home") as hub:
        upload = hub.upload(empty)
        assert (upload.size, upload.status) == (0, "received")
        with pytest.raises(DataRejected):
            hub.admit(upload.id)


@pytest.mark.slow
def test_a_hub_that_is_killed_in_mid_upload_loses_nothing(
    live_hub: LiveHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gristmill.client.uploading._LOOK_EVERY", 0.001)
    grain = tmp_path / "grain.csv"
    grain.write_bytes(random.Random(5).randbytes(1 << 20) * 80)
    deaths: list[int] = []

    def kill_once(gone: int, size: int) -> None:
        if not deaths and gone > size / 4:
            deaths.append(gone)
            live_hub.kill()
            live_hub.start()

    with Hub(Address.of(live_hub.url, live_hub.token), tmp_path / "home") as hub:
        upload = hub.upload(grain, progress=kill_once)
        assert deaths
        assert upload.status == "received"
        assert upload.sha256 == hashlib.sha256(grain.read_bytes()).hexdigest()
        with pytest.raises(DataRejected):  # what it is has been looked at, so it is there
            hub.admit(upload.id)


# --- downloads that break off ----------------------------------------------------------------------------------------


@pytest.fixture
def run(api: Api) -> Run:
    """A run of olga's with a report of some size, and a model."""
    from gristmill.catalog import Outcome
    from gristmill.records import Artifact, RunStatus
    from services.catalogs import a_dataset, model_of, run_on

    parts = api.service.parts
    project = api.mill().make_project("mill")
    run = parts.catalog.runs.add(run_on(a_dataset(parts.catalog, project_id=project.id)))
    held = parts.catalog.runs.claim("test", 60)
    assert held is not None
    page = random.Random(3).randbytes(3_000_000)
    parts.store.put_bytes("runs/report.html", page)
    left = Artifact(name="report", key="runs/report.html", size=len(page), sha256=hashlib.sha256(page).hexdigest())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("schema.json", "{}")
    model = replace(model_of(held), sha256=hashlib.sha256(packed.getvalue()).hexdigest())
    parts.store.put_bytes(model.key, packed.getvalue())
    parts.catalog.runs.finish(run.id, held.fence, Outcome(status=RunStatus.SUCCEEDED, artifacts=(left,)), model)
    return run


def test_a_download_goes_on_where_it_broke_off(
    api: Api, run: Run, cutter: Callable[[str], Cutter], tmp_path: Path
) -> None:
    between = cutter(api.url)
    with at(between, tmp_path / "home") as hub:
        hub.me()
        between.cuts = [900_000, 1_200_000]
        path = hub.fetch(run.id, "report", tmp_path / "report.html")
    assert stored(api, "runs/report.html") == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not between.cuts
    assert between.got < 3_100_000  # what had come was not fetched again
    assert [file.name for file in tmp_path.iterdir() if "report" in file.name] == ["report.html"]


def test_what_arrives_changed_is_no_file(api: Api, run: Run, tmp_path: Path) -> None:
    api.service.parts.store.put_bytes("runs/report.html", b"x" * 3_000_000)
    fetched = pytest.raises(StoreFailed, match="did not arrive as it was sent")
    with Hub(Address.of(api.url, badge("olga")), tmp_path / "home") as hub, fetched:
        hub.fetch(run.id, "report", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_model_is_asked_where_there_is_autogluon(api: Api, run: Run, tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def ask(model: Model, folder: Path, data: Path | None, to: Path, settings: Mapping[str, Any], told: object) -> int:
        del data, to, settings, told
        asked.append((model.run_id, (folder / "schema.json").read_text()))
        return 3

    with Hub(Address.of(api.url, badge("olga")), tmp_path / "home", ask) as hub:
        assert [hub.predict(run.id, None, tmp_path / "out.csv") for _ in range(2)] == [3, 3]
    assert asked == [(run.id, "{}")] * 2
    without = pytest.raises(UsageError, match="answers rows")  # the hub is asked instead, and wants a file
    with Hub(Address.of(api.url, badge("olga")), tmp_path / "home") as hub, without:
        hub.predict(run.id, None, tmp_path / "out.csv")


def test_a_folder_that_points_out_of_itself_is_not_unpacked(hub: Hub, staged_hub: StagedHub, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../out.txt", "!")
    staged_hub.will(200, packed.getvalue(), Content_Type="application/zip")
    with pytest.raises(StoreFailed, match="outside its folder"):
        hub.folder("run-1", tmp_path / "run")
    assert not (tmp_path / "out.txt").exists()


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_no_log_has_a_token_or_a_link_that_lets_in(
    api: Api, run: Run, grain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = badge("olga")
    with Hub(Address.of(api.url, token), tmp_path / "home") as hub:
        hub.upload(grain)
        hub.fetch(run.id, "report", tmp_path / "report.html")
        assert token not in repr(hub) + repr(Address.of(api.url, token))
    ours = [record for record in caplog.records if record.name.startswith(("httpx", "httpcore", "gristmill"))]
    said = "\n".join(record.getMessage() for record in ours)
    assert "HTTP Request: PUT" in said
    assert token not in said
    assert "signature=…" in said
    assert re.findall(r"signature=[0-9a-f]", said) == []


# --- where the hub is ------------------------------------------------------------------------------------------------

HUB = {"JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.example.org/jupyter/hub/", "JUPYTERHUB_API_TOKEN": "hubs"}


@pytest.mark.parametrize(
    ("environment", "kept", "found"),
    [
        ({}, None, None),
        ({"GRISTMILL_TOKEN": "t"}, None, None),
        ({"GRISTMILL_URL": "http://a/b", "GRISTMILL_TOKEN": " t\n"}, "http://k/", ("http://a/b/", "t")),
        ({"GRISTMILL_URL": "http://k"}, "http://k/", ("http://k/", "kept")),
        ({}, "http://k/", ("http://k/", "kept")),
        ({"GRISTMILL_TOKEN": "t"}, "http://k/", ("http://k/", "t")),
        (HUB, None, ("https://hub.example.org/jupyter/services/gristmill/", "hubs")),
        (HUB, "http://k/", ("http://k/", "kept")),
        (HUB | {"GRISTMILL_URL": "https://hub.example.org/x"}, None, ("https://hub.example.org/x/", "hubs")),
        (HUB | {"GRISTMILL_URL": "https://elsewhere.org/x"}, None, NotSignedIn),  # the hub's token is the hub's
        ({"GRISTMILL_URL": "http://a"}, "http://k/", NotSignedIn),
        ({"GRISTMILL_URL": "ftp://a", "GRISTMILL_TOKEN": "t"}, None, UsageError),
        ({"GRISTMILL_URL": "http://u:p@a", "GRISTMILL_TOKEN": "t"}, None, UsageError),
        ({"GRISTMILL_URL": "http://a:port", "GRISTMILL_TOKEN": "t"}, None, UsageError),
        ({"GRISTMILL_URL": "http://a", "GRISTMILL_TOKEN": "a b"}, None, UsageError),
        ({"GRISTMILL_URL": "http://a", "GRISTMILL_TOKEN": "a\r\nX: y"}, None, UsageError),
    ],
)
def test_the_hub_is_found(tmp_path: Path, environment: dict[str, str], kept: str | None, found: Any) -> None:
    if kept:
        connecting.remember(tmp_path, Address.of(kept, "kept"))
    if isinstance(found, type):
        with pytest.raises(found) as told:
            connecting.find(tmp_path, environment)
        assert not {"kept", "hubs", "a b"} & set(str(told.value).split("'"))
        return
    address = connecting.find(tmp_path, environment)
    assert (address and (address.url, address.token)) == found


def test_what_is_kept_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    file = connecting.remember(home, Address.of("http://a", "t"))
    assert (file.stat().st_mode & 0o777, home.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in home.iterdir()] == ["login.json"]
    file.write_text('{"url": "http://a", "token": ["a b"]}')
    with pytest.raises(NotSignedIn, match="Sign in again"):
        connecting.find(home, {})
    assert connecting.forget(home)
    assert not connecting.forget(home)
