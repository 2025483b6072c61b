"""The API over HTTP: a journey, the one shape of errors, creating once, pages, ETags, and what everybody is told."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

import gristmill
from gristmill import app, recipes
from gristmill.api.app import routed
from gristmill.api.identity import LocalToken
from gristmill.api.openapi import document, renewed
from gristmill.catalog import Catalog, tables
from gristmill.errors import NotSignedIn, UsageError
from gristmill.reconciler import shelve_papers
from gristmill.records import Artifact, Proposal, Run, UploadStatus
from gristmill.sealing import kept_secret
from gristmill.stores import places
from services.apis import Api, a_table, listening, make_service, send
from services.catalogs import a_dataset, add_runs, an_upload, dataset_of, model_of, run_on

ROOT = Path(__file__).resolve().parent.parent


def test_a_journey_from_a_file_to_a_run(api: Api) -> None:
    with api.client() as client:
        project = client.post("/projects", json={"name": "mill"})
        assert (project.status_code, project.headers["Location"]) == (201, f"/projects/{project.json()['id']}")
        upload = send(client, a_table(), project="mill")
        assert (upload["status"], len(upload["sha256"])) == ("received", 64)
        checked = client.post(f"/uploads/{upload['id']}/check", json={}).json()
        assert checked["proposal"]["target"] == "ripe"
        dataset = client.post("/datasets", json={"upload_id": upload["id"]})
        assert (dataset.status_code, dataset.json()["name"]) == (201, "grain")
        id = dataset.json()["id"]
        assert client.get(f"/uploads/{upload['id']}").json()["dataset_id"] == id
        other = client.post(f"/datasets/{id}/proposal", json={"target": "weight"}).json()
        assert other["target"] == "weight"
        run = client.post("/runs", json={"dataset_id": id, "budget": 60}).json()
        assert (run["status"], run["target"], run["owner"]) == ("queued", "ripe", "olga")
        assert api.service.parts.dispatcher.hints == [run["id"]]  # type: ignore[attr-defined]
        with zipfile.ZipFile(BytesIO(client.get(f"/runs/{run['id']}/folder").content)) as folder:
            assert folder.read("data/grain.csv") == a_table()
            assert {"run.json", "notebook.ipynb"} <= set(folder.namelist())
        assert client.post(f"/runs/{run['id']}/cancel", json={}).json()["status"] == "cancelled"
        again = client.post(f"/runs/{run['id']}/rerun").json()
        assert (again["status"], again["target"]) == ("queued", "ripe")
        assert client.get("/runs", params={"status": "cancelled"}).json()["items"][0]["id"] == run["id"]
        both = client.get("/runs/compare", params={"id": [run["id"], again["id"]]}).json()
        assert (both["comparable"], both["best"], both["differs"]) == (True, None, [])


def test_a_prefix_stands_before_everything(tmp_path: Path) -> None:
    with listening(make_service(tmp_path / "home", prefix="/services/mill")) as api, api.client() as client:
        assert client.get("/me").json()["name"] == "olga"
        assert client.post("/projects", json={"name": "a"}).headers["Location"].startswith("/services/mill/projects/")
        assert send(client, a_table(), project="a")["status"] == "received"
        assert client.get("/openapi.json").json()["servers"] == [{"url": "/services/mill"}]
        assert "/runs" in client.get("/openapi.json").json()["paths"]


def test_what_left_a_run_is_fetched_by_link_or_shown(api: Api) -> None:
    catalog, store = api.service.parts.catalog, api.service.parts.store
    project = api.mill().make_project("mill")
    run = catalog.runs.add(run_on(a_dataset(catalog, project_id=project.id), name='x"\r\nSet-Cookie: a=b'))
    store.put_bytes("runs/report.html", b"<script>1</script>")
    store.put_bytes("models/flour.zip", b"model")
    held = catalog.runs.claim("test", 60)
    assert held is not None
    _finish(api, held, Artifact(name="report", key="runs/report.html", size=18, sha256="ab"))
    with api.client() as client:
        answer = client.get(f"/runs/{run.id}/report")
        assert answer.status_code == 307
        fetched = httpx.get(client.base_url.join(answer.headers["Location"]))
        assert fetched.content == b"<script>1</script>"
        assert "Set-Cookie" not in fetched.headers
        shown = client.get(f"/runs/{run.id}/artifacts/report?inline=")
        assert shown.headers["Content-Type"].startswith("text/html")
        assert shown.headers["Content-Security-Policy"].startswith("sandbox allow-scripts;")
        model = client.get(f"/models/{run.id}").json()
        link = client.get(f"/models/{model['id']}/archive").headers["Location"]
        assert httpx.get(client.base_url.join(link)).content == b"model"
        assert client.get(f"/models/{model['id']}/lineage").json()["runs"][0]["id"] == run.id
        assert client.put(f"/models/{model['id']}/stage", json={"stage": "production"}).status_code == 403
        missing = client.get(f"/runs/{run.id}/artifacts/nothing")
        assert (missing.status_code, missing.json()["cure"]) == (404, "It has: report.")
    with api.client(powers="use,deploy") as deployer:
        staged = deployer.put(f"/models/{model['id']}/stage", json={"stage": "production"}).json()
        assert staged["stage"] == "production"


def _finish(api: Api, run: Run, *artifacts: Artifact) -> None:
    from gristmill.catalog import Outcome
    from gristmill.records import RunStatus

    outcome = Outcome(status=RunStatus.SUCCEEDED, artifacts=artifacts)
    api.service.parts.catalog.runs.finish(run.id, run.fence, outcome, model_of(run))


def test_one_model_of_a_name_is_in_production(api: Api) -> None:
    catalog = api.service.parts.catalog
    for run in add_runs(catalog, 2):
        held = catalog.runs.claim("test", 60)
        assert held is not None
        _finish(api, held)
        del run
    second, first = catalog.models.list()
    with api.client("root", powers="admin") as client:
        for model in (first, second):
            client.put(f"/models/{model.id}/stage", json={"stage": "production"}).raise_for_status()
    assert [model.stage for model in catalog.models.list()] == ["production", "retired"]


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/runs/run-0000000000000000", None, 404, "not-found"),
        ("GET", "/nowhere", None, 404, "not-found"),
        ("PATCH", "/runs", None, 405, "method-not-allowed"),
        ("GET", "/runs?limit=201", None, 422, "usage"),
        ("GET", "/runs?status=lost", None, 422, "usage"),
        ("POST", "/projects", {"name": "a", "colour": "red"}, 422, "usage"),
        ("POST", "/projects", {"name": 7}, 422, "usage"),
        ("POST", "/projects", "{", 422, "usage"),
        ("POST", "/projects", '{"name": "' + "x" * 2_000_000 + '"}', 413, "too-large"),
        ("POST", "/projects", "[" * 200_000, 422, "usage"),
        ("POST", "/projects", '{"name": "\ud800"}', 422, "usage"),
        ("POST", "/datasets", {"upload_id": "upload-0"}, 404, "not-found"),
        ("GET", "/admin/deeds", None, 403, "not-allowed"),
        ("GET", "/metrics", None, 403, "not-allowed"),
        ("GET", "/runs/compare?id=a&id=a", None, 422, "usage"),
    ],
)
def test_every_error_has_the_one_shape(api: Api, method: str, path: str, body: object, status: int, code: str) -> None:
    content = body.encode(errors="surrogatepass") if isinstance(body, str) else body and json.dumps(body).encode()
    with api.client() as client:
        answer = client.request(method, path, content=content)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    told = answer.json()
    assert (told["status"], told["code"], told["instance"]) == (status, code, answer.headers["X-Request-Id"])
    assert told["type"].startswith("urn:gristmill:problem:")
    assert told["title"].endswith(".")
    assert "Traceback" not in answer.text


def test_who_is_unknown_is_told_how_to_sign_in(api: Api) -> None:
    for headers in ({}, {"Authorization": "Bearer junk"}, {"Authorization": "Basic b2xnYQ=="}, {"Authorization": "x"}):
        answer = httpx.get(f"{api.url}/runs", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    with api.client(powers="") as nobody:
        assert nobody.get("/runs").status_code == 403


def test_a_fault_of_ours_tells_nothing_of_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.service.parts.catalog.runs, "list", lambda *_, **__: 1 / 0)
    with api.client() as client:
        answer = client.get("/runs")
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert "division" not in answer.text
    assert answer.json()["instance"] in answer.json()["cure"]


def test_a_catalog_that_is_away_is_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from gristmill.errors import CatalogFailed

    def away(*_: object) -> None:
        raise CatalogFailed("The catalog at postgresql://secret/ did not answer.")

    with api.client() as client:
        with monkeypatch.context() as patch:
            patch.setattr(api.service.parts.catalog.runs, "seen", away)
            patch.setattr(api.service.parts.catalog, "now", away)
            answer = client.get("/runs/run-1")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            ready = client.get("/ready")
            assert (ready.status_code, ready.json()["ready"], "secret" in ready.text) == (503, False, False)
            assert client.get("/health").status_code == 200
        assert client.get("/ready").json() == {"ready": True, "catalog": None, "store": None}
        assert client.get("/runs/run-1").status_code == 404


# --- creating once ---------------------------------------------------------------------------------------------------


def test_what_carries_a_key_is_done_once(api: Api) -> None:
    with api.client() as client, api.client("sam") as other:
        key = {"Idempotency-Key": "k-1"}
        first = client.post("/projects", json={"name": "mill"}, headers=key)
        again = client.post("/projects", json={"name": "mill"}, headers=key)
        assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Location"] == first.headers["Location"]
        refused = client.post("/projects", json={"name": "other"}, headers=key)
        assert (refused.status_code, refused.json()["code"]) == (422, "key-used")
        assert other.post("/projects", json={"name": "mill"}, headers=key).json()["id"] != first.json()["id"]
        assert client.post("/projects", json={"name": "mill"}).status_code == 409
        for bad in ("", "x" * 201, "\x80"):
            headers = {"Idempotency-Key": bad.encode("latin-1")}
            assert client.post("/projects", json={"name": "x"}, headers=headers).status_code == 422


def test_many_who_ask_at_once_under_one_key_make_one(api: Api) -> None:
    def ask(_: int) -> int:
        with api.client() as client:
            return client.post("/projects", json={"name": "once"}, headers={"Idempotency-Key": "same"}).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    assert set(answers) <= {201, 409}
    assert 201 in answers
    with api.client() as client:
        assert [project["name"] for project in client.get("/projects").json()["items"]].count("olga/once") == 1


def test_what_failed_for_want_of_a_catalog_may_be_asked_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from gristmill.errors import CatalogFailed

    def away(*_: object) -> None:
        raise CatalogFailed("The catalog did not answer.")

    key = {"Idempotency-Key": "k-2"}
    with api.client() as client:
        with monkeypatch.context() as patch:
            patch.setattr(api.service.parts.catalog.projects, "ensure", away)
            assert client.post("/projects", json={"name": "mill"}, headers=key).status_code == 503
        assert client.post("/projects", json={"name": "mill"}, headers=key).status_code == 201


def test_many_who_submit_at_once_under_one_key_queue_one_run(api: Api) -> None:
    dataset = _dataset_of(api)

    def submit(_: int) -> tuple[int, str]:
        with api.client() as client:
            answer = client.post("/runs", json={"dataset_id": dataset}, headers={"Idempotency-Key": "same"})
            return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(submit, range(8)))
    assert {status for status, _ in told} == {201}
    (run,) = api.service.parts.catalog.runs.list()
    assert {id for _, id in told} == {run.id}
    trained = [deed for deed in api.service.parts.catalog.deeds.list() if deed.action == "run.train"]
    assert [(deed.thing, deed.outcome) for deed in trained] == [(run.id, "done")]


def test_a_run_its_papers_and_the_answer_are_kept_together_or_not_at_all(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gristmill.errors import CatalogFailed

    def away(*_: object) -> None:
        raise CatalogFailed("The catalog did not answer.")

    catalog, body, key = api.service.parts.catalog, {"dataset_id": _dataset_of(api)}, {"Idempotency-Key": "k-3"}
    with api.client() as client:
        with monkeypatch.context() as patch:
            patch.setattr(catalog.answers, "keep", away)
            assert client.post("/runs", json=body, headers=key).status_code == 503
        assert catalog.runs.list() == ()
        assert [deed for deed in catalog.deeds.list() if deed.action == "run.train"] == []
        asked = client.post("/runs", json=body, headers=key)
        assert asked.status_code == 201
        assert client.post("/runs", json=body, headers=key).json() == asked.json()
        refused = client.post("/runs", json=body | {"budget": 1}, headers={"Idempotency-Key": "k-4"})
        again = client.post("/runs", json=body | {"budget": 1}, headers={"Idempotency-Key": "k-4"})
    assert sorted(key.rsplit("/", 1)[-1] for key in catalog.papers.of(asked.json()["id"])) == [
        "proposal.json", "recipe.ipynb",
    ]  # fmt: skip
    assert refused.status_code == again.status_code == 422
    assert again.headers["Idempotency-Replayed"] == "true"
    outcomes = [deed.outcome for deed in catalog.deeds.list() if deed.action == "run.train"]
    assert sorted(outcomes) == ["budget-too-small", "done"]


def test_a_built_in_recipe_is_in_the_catalog_once_and_one_s_own_with_its_run(api: Api) -> None:
    catalog, asked = api.service.parts.catalog, {"dataset_id": _dataset_of(api)}
    built_in = recipes.find("tabular").text
    own = built_in.replace("# ", "# My ", 1)
    with api.client() as client:
        ids = [client.post("/runs", json=body).raise_for_status().json()["id"] for body in (
            asked, asked, asked | {"notebook": own}
        )]  # fmt: skip
        ids.append(client.post(f"/runs/{ids[0]}/rerun").raise_for_status().json()["id"])
    kept = [catalog.papers.of(id)[places.recipe(id)].decode() for id in ids]
    assert kept == [built_in, built_in, own, built_in]
    with catalog._database.reading() as connection:
        query = select(tables.papers.c.key, tables.papers.c.text)
        assert {text for key, text in connection.execute(query) if key.endswith(".ipynb")} == {"", own}
        assert connection.execute(select(tables.texts.c.text)).scalars().all() == [built_in]


def test_papers_of_what_was_cancelled_unclaimed_leave_the_catalog_and_serve_on(api: Api, tmp_path: Path) -> None:
    parts = api.service.parts
    with api.client() as client:
        asked = client.post("/runs", json={"dataset_id": _dataset_of(api)}).raise_for_status().json()["id"]
        assert shelve_papers(parts.catalog, parts.shelf) == 0  # a worker will
        client.post(f"/runs/{asked}/cancel", json={}).raise_for_status()
        papers = parts.catalog.papers.of(asked)
        (folder := tmp_path / "home" / "store").rename(tmp_path / "away")
        assert (shelve_papers(parts.catalog, parts.shelf), parts.catalog.papers.of(asked)) == (0, papers)
        (tmp_path / "away").rename(folder)
        assert (shelve_papers(parts.catalog, parts.shelf), parts.catalog.papers.of(asked)) == (1, {})
        assert {key: parts.store.read(key) for key in papers} == papers
        again = client.post(f"/runs/{asked}/rerun").raise_for_status().json()["id"]
        assert sorted(parts.catalog.papers.of(again).values()) == sorted(papers.values())


def _dataset_of(api: Api) -> str:
    """A dataset of olga's, as intake would leave it."""
    catalog = api.service.parts.catalog
    upload = an_upload(catalog, project_id=catalog.projects.ensure("olga/mill", "olga").id)
    catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
    proposal = Proposal(task="tabular-classification", target="flour", metric="accuracy", budget=60.0, reasons={})
    return catalog.datasets.add(dataset_of(upload, proposal=proposal)).id


# --- reading ---------------------------------------------------------------------------------------------------------


def test_lists_come_in_pages_that_meet(api: Api) -> None:
    runs = add_runs(api.service.parts.catalog, 7)
    with api.client("root", powers="admin") as client:
        seen: list[str] = []
        cursor: str | None = None
        while cursor is not None or not seen:
            page = client.get("/runs", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
            seen += [run["id"] for run in page["items"]]
            cursor = page["next"]
        assert seen == [run.id for run in reversed(runs)]
        assert client.get("/runs?limit=7").json()["next"] is None
        assert client.get("/runs?cursor=run-0").status_code == 404
        assert client.get("/runs", params={"owner": "sam"}).json()["items"] == []
        assert len(client.get("/runs", params={"task": runs[0].task}).json()["items"]) == 7


def test_a_thing_that_has_not_changed_is_not_sent_again(api: Api) -> None:
    (run,) = add_runs(api.service.parts.catalog, 1)
    with api.client("root", powers="admin") as client:
        first = client.get(f"/runs/{run.id}")
        tag = {"If-None-Match": first.headers["ETag"]}
        same = client.get(f"/runs/{run.id}", headers=tag)
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
        client.post(f"/runs/{run.id}/cancel", json={})
        assert client.get(f"/runs/{run.id}", headers=tag).json()["status"] == "cancelled"


def test_projects_are_named_with_their_owner_in_a_path(api: Api) -> None:
    with api.client() as client:
        made = client.post("/projects", json={"name": "mill"}).json()
        for ref in ("mill", "olga%2Fmill", made["id"]):
            assert client.get(f"/projects/{ref}").json() == made
        assert client.get("/projects", params={"name": "olga/mill"}).json()["items"] == [made]
        assert client.get("/projects", params={"name": "nobody/mill"}).json()["items"] == []
        link = client.post("/projects/olga%2Fmill/invitations", json={"membership": "viewer"}).json()
        with api.client("vera") as viewer:
            assert viewer.post("/invitations/accept", json={"token": link["token"]}).json() == made
        members = client.get("/projects/mill/members").json()["items"]
        assert [(member["name"], member["membership"]) for member in members] == [("olga", "owner"), ("vera", "viewer")]


def test_the_trail_is_exported_without_formulas(api: Api) -> None:
    with api.client('=cmd|"calc"!A1', powers="admin") as client:
        client.post("/projects", json={"name": "mill"})
        table = client.get("/admin/deeds", headers={"Accept": "text/csv"})
    assert table.headers["Content-Type"].startswith("text/csv")
    header, line = table.text.splitlines()[:2]
    assert header.replace('"', "") == "id,created_at,who,address,action,thing,project_id,outcome"
    assert "\"'=cmd" in line or ",'=cmd" in line


def test_figures_are_counted_by_route(api: Api) -> None:
    with api.client("root", powers="admin") as client:
        client.get("/runs/run-1")
        figures = client.get("/metrics").text
    assert 'gristmill_requests_total{method="GET",route="/runs/{run_id}",status="404"} 1.0' in figures
    assert "gristmill_runs_queued 0.0" in figures


def test_every_answer_says_the_version(api: Api) -> None:
    answers = [httpx.get(f"{api.url}{path}") for path in ("/health", "/nowhere", "/runs", "/store/x")]
    assert {answer.headers["Gristmill-Version"] for answer in answers} == {gristmill.__version__}


# --- who asks, on one machine ----------------------------------------------------------------------------------------


def test_the_one_token_of_a_machine_is_its_owners_alone(tmp_path: Path) -> None:
    import asyncio

    file = tmp_path / "home" / "token"
    identity = LocalToken(kept_secret(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept_secret(file) == identity._token
    assert asyncio.run(identity.of_token(file.read_text())).name == "local"
    with pytest.raises(NotSignedIn):
        asyncio.run(identity.of_token("guessed"))


# --- what the process is made of -------------------------------------------------------------------------------------


SERVE = """
import sys
from gristmill import app
import gristmill.api.serving as serving
serving.listen = lambda *_, **__: print(*{name.partition(".")[0] for name in sys.modules}, *sys.modules)
sys.argv[1:] = ["api", "--port", "0"]
sys.exit(app.main())
"""


def test_the_process_loads_nothing_that_reads_tables_or_trains(home: Path) -> None:
    Catalog.open(app.Settings.read().catalog).close()
    done = subprocess.run([sys.executable, "-c", SERVE], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert {"gristmill", "fastapi"} <= loaded
    assert loaded.isdisjoint({"pandas", "numpy", "pyarrow", "torch", "autogluon", "sklearn", "papermill", "IPython"})
    assert loaded.isdisjoint({"httpx", "rich", "sqlalchemy.dialects.postgresql", "gristmill.cli.training"})
    assert (home / "token").exists()


@pytest.mark.slow
def test_a_server_says_where_it_listens_and_ends_when_told(home: Path) -> None:
    command = [sys.executable, "-c", "import sys; from gristmill.app import main; sys.exit(main())"]
    asked = [*command, "api", "--port", "0", "--prefix", "services/mill/"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        url = said.removeprefix("Gristmill listens at ").strip()
        assert url.endswith("/services/mill")
        assert httpx.get(f"{url}/health").json()["status"] == "ok"
        headers = {"Authorization": f"Bearer {(home / 'token').read_text()}"}
        assert httpx.get(f"{url}/me", headers=headers).json()["name"] == "local"
        process.terminate()
    assert subprocess.run([*asked, "--prefix", "a b"], capture_output=True, text=True).returncode == 2


def test_where_nobody_can_listen_is_a_sentence() -> None:
    from gristmill.api.serving import listen

    async def app(*_: object) -> None: ...

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"Nobody can listen at 127\.0\.0\.1, port {port}\..*0 takes any"):
            listen(app, host="127.0.0.1", port=port)


# --- the document ----------------------------------------------------------------------------------------------------


def test_the_kept_description_is_not_stale() -> None:
    kept = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    made = json.loads(json.dumps(document(routed(""))))
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert page == renewed(page, routed("")), "write it anew: python -m gristmill.api docs"
    assert kept == made, "write it anew: python -m gristmill.api docs"
