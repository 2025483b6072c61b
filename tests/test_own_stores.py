"""A project's own store: what comes into the project goes there, whoever handles it, and its credentials stay here."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

import gristmill
from gristmill import app
from gristmill.api.rounds import Rounds
from gristmill.catalog import Outcome
from gristmill.cli.own_stores import credentials_in
from gristmill.errors import GristmillError, NotAllowed, NotFound, StoreFailed, UsageError
from gristmill.mill import Mill
from gristmill.records import Artifact, Edit, EditKind, Limits, Membership, RunRequest, RunStatus, Subject, new_id
from gristmill.stores import Store, open_store
from gristmill.stores.registry import open_with
from gristmill.worker.attempt import Tools
from services.apis import Api, a_table, listening, make_service, send
from services.azure import KEY as AZURE_KEY
from services.azure import Azurite
from services.catalogs import model_of
from services.google import Google
from services.s3 import S3Server

SECRET = "a-password-for-tests-only"
S3_KEYS = {"aws_access_key_id": "gristmill-tests", "aws_secret_access_key": SECRET}


@dataclass
class Cloud:
    """A bucket of somebody's, and what opens it; nothing in the environment does."""

    url: str
    credentials: dict[str, str]

    def listed(self) -> set[str]:
        return {stored.key for stored in self.open().list()}

    def open(self) -> Store:
        return open_with(self.url, self.credentials)

    @property
    def host(self) -> str:
        return urlsplit(self.url.partition("endpoint=")[2].replace("%3A", ":").replace("%2F", "/")).netloc


def forget(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    request.getfixturevalue("s3_environment")
    s3_servers: Callable[[str], S3Server] = request.getfixturevalue("s3_servers")
    forget(monkeypatch, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    return Cloud(s3_servers("juicefs").store_url("own", prefix=new_id("p")), S3_KEYS)


@pytest.fixture(params=["s3", "az", "gs"])
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    if request.param == "s3":
        found: Cloud = request.getfixturevalue("bucket")
        return found
    if request.param == "az":
        azurite: Azurite = request.getfixturevalue("azurite")
        forget(monkeypatch, "AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT")
        return Cloud(azurite.store_url("own", prefix=new_id("p")), {"AZURE_STORAGE_KEY": AZURE_KEY})
    google: Google = request.getfixturevalue("google")
    forget(monkeypatch, "GOOGLE_APPLICATION_CREDENTIALS")
    return Cloud(google.store_url("own", prefix=new_id("p")), json.loads(google.key_file.read_text()))


@pytest.fixture
def served(tmp_path: Path, bucket: Cloud) -> Iterator[Api]:
    """An API whose operator lets owners have stores on the bucket's server."""
    with listening(make_service(tmp_path / "home", endpoints=(bucket.host,))) as api:
        yield api


def admin(api: Api) -> Mill:
    return api.service.mill


def in_the_platforms(api: Api) -> set[str]:
    return {stored.key for stored in api.service.parts.store.list()}


def test_all_that_comes_into_a_project_goes_to_its_own_store(served: Api, bucket: Cloud) -> None:
    """An owner over HTTP: upload, dataset, run, what a worker leaves, links, and the way back."""
    with served.client() as client:
        before = send(client, a_table(), name="before.csv")
        project = client.get("/projects").json()["items"][0]["id"]
        there = in_the_platforms(served)
        answer = client.put(f"/projects/{project}/store", json={"url": bucket.url, "credentials": bucket.credentials})
        assert (answer.status_code, answer.json()["url"]) == (200, bucket.url)
        assert bucket.listed() == set()  # what was tried is gone again
        uploaded = send(client, a_table())
        begun = client.post("/uploads", json={"name": "more.csv", "size": 5}).json()
        assert urlsplit(begun["parts"][0]["url"]).netloc == bucket.host  # straight there, not through the platform
        client.delete(f"/uploads/{begun['upload']['id']}")
        dataset = client.post("/datasets", json={"upload_id": uploaded["id"]}).json()
        chosen = {"target": "weight"}
        assert client.post(f"/datasets/{dataset['id']}/proposal", json=chosen).status_code == 200
        edits = [{"act": "drop", "columns": ["length"]}]
        assert client.post(f"/datasets/{dataset['id']}/versions", json={"edits": edits}).status_code == 201
        run = client.post("/runs", json={"dataset_id": dataset["id"]}).raise_for_status().json()
        tops = {key.split("/")[0] for key in bucket.listed()}
        assert tops == {"uploads", "samples", "previews", "suggestions"}
        assert in_the_platforms(served) == there
        model = worked(served, run["id"])
        for path in (f"/models/{model}/archive", f"/runs/{run['id']}/report"):
            link = client.get(path)
            assert (link.status_code, urlsplit(link.headers["Location"]).netloc) == (307, bucket.host)
            assert httpx.get(link.headers["Location"]).content == b"left by a worker"
        assert client.get(f"/runs/{run['id']}/report?inline=").content == b"left by a worker"

        assert client.delete(f"/projects/{project}/store").status_code == 204
        assert client.get(f"/projects/{project}/store").status_code == 404
        again = client.post(f"/runs/{run['id']}/rerun").raise_for_status().json()  # its papers come from there
        worked(served, again["id"])
        assert (again["store_id"], {key.split("/")[0] for key in in_the_platforms(served) - there}) == (None, {"runs"})
        assert client.get(f"/runs/{run['id']}/folder").status_code == 200
        assert client.post("/datasets", json={"upload_id": before["id"]}).status_code == 201


def worked(api: Api, run_id: str) -> str:
    """What a worker leaves, by the shelf of its own; its model's id."""
    parts = api.service.parts
    tools = Tools(catalog=parts.catalog, store=parts.store, sandbox=parts.sandbox, folder=parts.home / "work")
    held = tools.catalog.runs.claim("test", 60, only=run_id)
    assert held is not None
    store = tools.shelf.of(held)
    for key, paper in tools.catalog.papers.of(run_id).items():
        store.put_bytes(key, paper)
    tools.catalog.papers.drop(run_id)
    for name in ("report.html", "model.zip"):
        store.put_bytes(f"runs/{run_id}/1/{name}", b"left by a worker")
    artifact = Artifact(name="report", key=f"runs/{run_id}/1/report.html", size=16, sha256="ab")
    model = model_of(held, id=new_id("model"), key=f"runs/{run_id}/1/model.zip", store_id=held.store_id)
    tools.catalog.runs.finish(run_id, held.fence, Outcome(status=RunStatus.SUCCEEDED, artifacts=(artifact,)), model)
    return model.id


def test_each_cloud_takes_credentials_of_its_own(tmp_path: Path, cloud: Cloud) -> None:
    with listening(make_service(tmp_path / "home")) as api:
        mill = admin(api)
        project = mill.make_project("mill")
        kept = mill.set_store(project.id, cloud.url, cloud.credentials)
        file = tmp_path / "grain.csv"
        file.write_bytes(a_table())
        dataset = mill.admit(mill.upload(file, project=project.id).id)
        assert (dataset.store_id, cloud.open().read(dataset.key)) == (kept.id, a_table())
        with api.client("local", powers="admin") as client:
            send(client, a_table(), project=project.id)  # links are signed with the same credentials
        with pytest.raises(GristmillError) as raised:
            open_store(cloud.url).read(dataset.key)  # which are nowhere else
        assert isinstance(raised.value, StoreFailed | UsageError)


def test_what_is_told_holds_no_credentials(
    served: Api, bucket: Cloud, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG, logger="gristmill")
    wrong = bucket.credentials | {"aws_secret_access_key": "hunter2-hunter2-hunter2"}
    with served.client() as client, served.client("root", powers="admin") as root:
        project = client.post("/projects", json={"name": "mill"}).json()["id"]
        at = f"/projects/{project}/store"
        refused = client.put(at, json={"url": bucket.url, "credentials": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "store-refused")
        assert refused.json()["title"] == "This store cannot be used."
        assert "SignatureDoesNotMatch" in refused.json()["detail"]
        assert client.get(at).status_code == 404  # nothing was changed
        answers = [refused, client.put(at, json={"url": bucket.url, "credentials": bucket.credentials})]
        answers += [client.get(path) for path in (at, f"/projects/{project}", "/projects")]
        answers += [client.put(at, json={"url": bucket.url, "credentials": {"aws_secret_access_key": SECRET}})]
        answers += [client.put(at, json={"url": bucket.url, "credentials": {"x": SECRET, **bucket.credentials}})]
        answers += [client.put(at, content=json.dumps({"url": bucket.url, "credentials": {"a": [SECRET]}}))]
        answers += [root.get("/admin/deeds"), root.get("/metrics")]
    said = "".join(answer.text + repr(answer.headers) for answer in answers) + caplog.text
    assert not any(secret in said for secret in (SECRET, "hunter2", '"v1.'))
    shelf = served.service.parts.shelf
    run_folders = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(SECRET.encode() in data for data in run_folders)  # the catalog and its log included
    assert SECRET not in repr(shelf) + repr(served.service.parts)


def test_owners_bring_buckets_and_admins_what_is_the_platforms(served: Api, bucket: Cloud, tmp_path: Path) -> None:
    olga, folder = served.mill("olga"), (tmp_path / "elsewhere").as_uri()
    project = olga.make_project("mill").id
    admin(served).share(project, "emil", Membership.EDITOR)
    s3 = dict(bucket.credentials)
    for url, given in (
        (folder, None),
        ("file:///etc", {}),
        (bucket.url, None),  # by the platform's own rights
        ("s3://bucket?endpoint=http://169.254.169.254", s3),
        (f"s3://bucket?endpoint=http://{bucket.host}@169.254.169.254", s3),
        (f"s3://bucket?endpoint=http://{bucket.host}&endpoint=http://169.254.169.254", s3),
        ("s3://bucket?endpoint=", s3),
    ):
        with pytest.raises(NotAllowed, match="admin"):
            olga.set_store(project, url, given)
    for url, given, said in (
        (folder, s3, "takes no credentials"),
        ("s3://bucket?profile=root", s3, "no option profile"),
        ("gs://bucket?credentials=/etc/passwd", s3, "no option credentials"),
        ("az://bucket?account=a&key=HOME", s3, "no option key"),
        ("az://bucket?account=example.org/", {"azure_storage_key": "x"}, "names no account"),
        ("az://bucket?account=%2e%2e%2f", {"azure_storage_key": "x"}, "names no account"),
        ("s3://user:word@bucket", s3, "must not carry a user"),
        ("s3://bucket/../up", s3, "cannot be a key"),
        ("s3://[", s3, "cannot be read"),
        ("ftp://bucket", s3, "no kind of store"),
        ("s3://bucket", {"aws_access_key_id": "half"}, "aws_secret_access_key is missing"),
        ("s3://bucket", s3 | {"aws_profile": "root"}, "'aws_profile' is no credential"),
        ("gs://bucket", {"type": "external_account", "client_email": "x", "private_key": "y"}, "no key file"),
    ):
        with pytest.raises(UsageError, match=said):
            olga.set_store(project, url, given)
    with pytest.raises(NotAllowed):
        served.mill("emil").set_store(project, bucket.url, s3)
    with pytest.raises(NotFound):
        served.mill("sam").own_store(project)


def test_a_google_key_file_names_google_alone(google: Google) -> None:
    """Its token_uri is where the library sends what it has signed, and universe_domain where it asks for objects."""
    file = json.loads(google.key_file.read_text())
    for change in ({"token_uri": "http://169.254.169.254/token"}, {"universe_domain": "example.org"}):
        with pytest.raises(UsageError, match="another server than Google's"):
            open_with("gs://bucket", file | {"token_uri": "https://oauth2.googleapis.com/token"} | change)
    open_with("gs://bucket", file | {"token_uri": "https://oauth2.googleapis.com/token"})


def test_a_folder_of_ones_own_has_a_door_of_its_own(api: Api, tmp_path: Path) -> None:
    folder = tmp_path / "another"
    with api.client("root", powers="admin") as client:
        client.post("/projects", json={"name": "mill"}).raise_for_status()
        at = client.get("/projects").json()["items"][0]["id"]
        kept = client.put(f"/projects/{at}/store", json={"url": folder.as_uri()}).raise_for_status().json()
        data = a_table()
        begun = client.post("/uploads", json={"name": "grain.csv", "size": len(data), "project": "mill"}).json()
        link = begun["parts"][0]["url"]
        assert link.startswith(f"/stores/{kept['id']}/uploads/")
        platforms = link.replace(f"/stores/{kept['id']}/", "/store/")
        assert httpx.put(api.url + platforms, content=data).status_code == 403  # a link is one store's
        other = link.replace(kept["id"], "store-0000000000000000")
        assert httpx.put(api.url + other, content=data).status_code == 404
        assert httpx.put(api.url + link, content=data).status_code == 200
        assert client.post(f"/uploads/{begun['upload']['id']}/complete", json={}).status_code == 200
        assert list(folder.glob("objects/uploads/*/grain.csv"))
    assert httpx.get(f"{api.url}/stores/..%2f..%2fetc/passwd").status_code in (403, 404)


def test_new_credentials_of_the_same_store_open_what_lies_there(served: Api, bucket: Cloud, tmp_path: Path) -> None:
    olga = served.mill("olga")
    project, file = olga.make_project("mill").id, tmp_path / "grain.csv"
    file.write_bytes(a_table())
    first = olga.set_store(project, bucket.url, bucket.credentials)
    dataset = olga.admit(olga.upload(file, project=project).id)
    olga.drop_store(project)
    again = olga.set_store(project, bucket.url, bucket.credentials | {"aws_session_token": ""})
    assert (again.id, again.credentials) == (first.id, "")
    edited = olga.revise(dataset.id, [Edit(act=EditKind.DROP, columns=("length",))])
    assert edited.store_id == first.id
    olga.drop_store(project)
    with pytest.raises(NotFound, match="no store of its own"):
        olga.drop_store(project)


def test_what_lies_elsewhere_takes_no_storage_of_the_platforms(served: Api, bucket: Cloud) -> None:
    with served.client() as client:
        send(client, a_table(), name="before.csv")
        project = client.get("/projects").json()["items"][0]["id"]
        used = storage(served)
        client.put(f"/projects/{project}/store", json={"url": bucket.url, "credentials": bucket.credentials})
        send(client, a_table())
        assert storage(served) == used == len(a_table())


def test_what_an_admin_has_given_takes_storage_as_the_platforms_own_does(api: Api, tmp_path: Path) -> None:
    """Nobody's own credentials open it: its operator pays for it."""
    project, size = api.mill("olga").make_project("mill").id, len(a_table())
    admin(api).set_store(project, (tmp_path / "given").as_uri())
    admin(api).set_limits(Limits(kind=Subject.PERSON, name="olga", storage=2 * size + 20))
    with api.client() as client:
        dataset = client.post("/datasets", json={"upload_id": send(client, a_table(), project=project)["id"]}).json()
        assert storage(api) == size
        worked(api, client.post("/runs", json={"dataset_id": dataset["id"]}).raise_for_status().json()["id"])
        assert storage(api) == size + 16
        send(client, a_table(), project=project)
        refused = [client.post("/uploads", json={"name": "more.csv", "size": 5, "project": project})]
        admin(api).set_limits(Limits(kind=Subject.PERSON, name="olga", storage=size))
        refused.append(client.post("/runs", json={"dataset_id": dataset["id"]}))
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(403, "over-limit-storage")] * 2
    assert {stored.key.split("/")[0] for stored in open_store((tmp_path / "given").as_uri()).list()} >= {
        "uploads",
        "runs",
    }


def storage(api: Api) -> float:
    return next(one.used for one in api.mill("olga").standing().allowances if one.limit == "storage")


def test_a_store_that_is_away_holds_up_nobody_elses_sweep(served: Api, bucket: Cloud) -> None:
    from sqlalchemy import update

    from gristmill.catalog import tables

    olga, catalog = served.mill("olga"), served.service.parts.catalog
    project = olga.make_project("mill").id
    olga.set_store(project, bucket.url, bucket.credentials)
    away = olga.open_upload("away.csv", 5, project=project).upload
    here = olga.open_upload("here.csv", 5).upload
    with catalog._database.writing() as connection:
        connection.execute(update(tables.uploads).values(expires_at=1.0))
        connection.execute(update(tables.stores).values(credentials="v1.000000000000.AAAA"))
    served.service.parts.shelf.forget(catalog.projects.get(project).store_id or "")
    Rounds(served.service)._sweep()
    for upload in (away, here):
        assert catalog.uploads.get(upload.id).failure is not None
    assert not list(served.service.parts.store.root.glob("uploads/*"))  # type: ignore[attr-defined]


def test_a_run_of_nothing_but_a_lost_key_says_so(served: Api, bucket: Cloud, tmp_path: Path) -> None:
    from sqlalchemy import update

    from gristmill.catalog import tables

    olga, parts = served.mill("olga"), served.service.parts
    project, file = olga.make_project("mill").id, tmp_path / "grain.csv"
    file.write_bytes(a_table())
    olga.set_store(project, bucket.url, bucket.credentials)
    run = olga.train(RunRequest(dataset_id=olga.admit(olga.upload(file, project=project).id).id))
    with parts.catalog._database.writing() as connection:
        connection.execute(update(tables.stores).values(credentials="v1.000000000000.AAAA"))
    from gristmill.worker import Worker

    tools = Tools(catalog=parts.catalog, store=parts.store, sandbox=parts.sandbox, folder=parts.home / "work")
    assert Worker(tools).work_once()
    failure = olga.run(run.id).failure
    assert failure is not None
    assert failure.what == "A secret of this platform cannot be opened."


@pytest.mark.parametrize(
    "text",
    [
        '{"aws_access_key_id": "a", "aws_secret_access_key": "b=c"}',
        "[default]\naws_access_key_id = a\naws_secret_access_key = b=c\n",
        "# ours\nexport AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY='b=c'\n",
    ],
)
def test_credentials_are_read_as_clouds_hand_them_out(text: str) -> None:
    found = {name.lower(): value for name, value in credentials_in(text).items()}
    assert found == {"aws_access_key_id": "a", "aws_secret_access_key": "b=c"}


@pytest.mark.parametrize(
    "text", ["hunter2", "a=1\nhunter2", '["hunter2"]', '{"a": {"b": "hunter2"}}', "a=hunter2\nA=x"]
)
def test_what_is_no_credentials_is_refused_without_being_told(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        credentials_in(text)
    assert "hunter2" not in str(raised.value)


def test_nothing_but_the_shelf_says_where_a_things_bytes_lie() -> None:
    """The platform's own store is asked as such by what looks whether it answers, and by nothing else."""
    rooms = Path(gristmill.__file__).parent
    files = [file for room in ("api", "mill", "worker") for file in (rooms / room).rglob("*.py")]
    files += [rooms / name for name in ("recipe_book.py", "reconciler.py")]
    named = re.compile(r"\b_?(?:parts|tools|self)\._?store\.")
    found = {str(file.relative_to(rooms)) for file in files if named.search(file.read_text())}
    assert found == {"api/app.py", "api/routes/service.py"}


def test_an_admin_on_their_own_machine_may_take_another_folder(tmp_path: Path, home: Path) -> None:
    mill = app.embedded(app.Settings.read())
    project = mill.make_project("mill").id
    kept = mill.set_store(project, (tmp_path / "another").as_uri())
    file = tmp_path / "grain.csv"
    file.write_bytes(a_table())
    assert mill.upload(file, project=project).store_id == kept.id
    assert list((tmp_path / "another").glob("objects/uploads/*/grain.csv"))
    assert not (home / "keys").exists()  # there was nothing to seal
