"""The extension in a real Jupyter server: who gets in, what goes through, and notebooks there and back."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from gristmill.catalog import Outcome
from gristmill.client.connecting import Address
from gristmill.client.connection import Connection
from gristmill.client.hub import Hub
from gristmill.errors import NotFound, UsageError
from gristmill.records import EventKind, RunStatus
from services.apis import Api, a_table, badge, listening, make_service
from services.jupyters import BASE, Jupyter, jupyter_server
from services.waiting import until


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API below a prefix, as a hub serves it; nobody works on its runs."""
    with listening(make_service(tmp_path_factory.mktemp("hub"), prefix="/services/gristmill")) as served:
        yield served


@pytest.fixture(scope="module")
def server(hub: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A server whose person is olga on the hub."""
    with jupyter_server(
        tmp_path_factory.mktemp("server"), GRISTMILL_URL=hub.url, GRISTMILL_TOKEN=badge("olga")
    ) as jupyter:
        yield jupyter


@pytest.fixture(scope="module")
def run(server: Jupyter) -> dict[str, Any]:
    """A run that waits: its data came through the server."""
    return make_run(server, "houses / ../ grain")


def make_run(server: Jupyter, name: str) -> dict[str, Any]:
    with server.client() as client:
        dataset = sent(client, a_table())
        asked = {"dataset_id": dataset["id"], "target": "ripe", "budget": 60, "name": name, "seed": 3}
        asked |= {"accepted": [notice["code"] for notice in dataset["profile"]["notices"]]}
        answer = client.post("gristmill/api/runs", json=asked)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        assert answer.headers["Location"] == f"{BASE}gristmill/api/runs/{made['id']}"
        return made


def sent(client: httpx.Client, data: bytes) -> dict[str, Any]:
    """A dataset, uploaded through the server as a page does it."""
    begun = client.post("gristmill/api/uploads", json={"name": "grain.csv", "size": len(data)}).json()
    [part] = begun["parts"]
    assert part["url"].startswith(f"{BASE}gristmill/api/store/")
    client.put(httpx.URL(part["url"]).raw_path.decode().removeprefix(BASE), content=data).raise_for_status()
    client.post(f"gristmill/api/uploads/{begun['upload']['id']}/complete", json={}).raise_for_status()
    made: dict[str, Any] = (
        client.post("gristmill/api/datasets", json={"upload_id": begun["upload"]["id"]}).raise_for_status().json()
    )
    return made


# --- who gets in -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "api/me"), ("POST", "api/runs"), ("PUT", "api/store/x"), ("POST", "open"), ("POST", "send")],
)
def test_nobody_gets_in_without_signing_in(server: Jupyter, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "token wrong"}):
        answer = httpx.request(method, f"{server.url}gristmill/{path}", json={}, headers=headers)
        assert answer.status_code == 403
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "forbidden"


def test_a_page_has_to_show_that_it_is_one_of_ours(server: Jupyter, run: dict[str, Any]) -> None:
    with server.page() as page:
        assert page.get("gristmill/api/me").json()["name"] == "olga"
        for path, body in (("api/projects", {"name": "forged"}), ("open", {"run": run["id"]})):
            answer = page.post(f"gristmill/{path}", json=body)
            assert (answer.status_code, answer.json()["title"]) == (403, "Forbidden.")
            assert "_xsrf" in answer.json()["detail"]
        token = {"X-XSRFToken": page.cookies["_xsrf"]}
        assert page.post("gristmill/api/projects", json={"name": "ours"}, headers=token).status_code == 201
        assert page.get("gristmill/api/projects?name=forged").json()["items"] == []


def test_no_token_comes_to_the_page_and_none_of_the_pages_goes_on(server: Jupyter, hub: Api) -> None:
    with server.page() as page:
        headers = {"X-Forwarded-For": "1.2.3.4", "Connection": "close, X-Odd", "X-Odd": "1"}
        answer = page.get("gristmill/api/me", headers=headers)
        shown = answer.text + str(answer.headers)
        assert badge("olga") not in shown
        assert hub.url not in shown
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert badge("olga") not in server.log.read_text("utf-8")


@pytest.mark.parametrize(
    "tail",
    ["../api/me", "..%2f..%2fhub", "%2e%2e/%2e%2e/hub", "%252e%252e/hub", "runs/..%5c..%5chub", "/evil.example/x"],
)
def test_no_path_climbs_out_of_the_api(server: Jupyter, tail: str) -> None:
    with server.client() as client:
        request = client.build_request("GET", server.url)
        request.url = request.url.copy_with(raw_path=f"{BASE}gristmill/api/".encode())
        request.extensions["target"] = f"{BASE}gristmill/api/{tail}".encode()
        answer = client.send(request)
        assert (answer.status_code, answer.json()["title"]) == (404, "There is nothing here.")
        assert "Gristmill-Version" not in answer.headers


# --- what goes through -----------------------------------------------------------------------------------------------


def test_refusals_names_with_slashes_and_etags_come_through(server: Jupyter) -> None:
    with server.client() as client:
        client.post("gristmill/api/projects", json={"name": "mill"})
        found = client.get("gristmill/api/projects/olga%2Fmill")
        assert found.json()["name"] == "olga/mill"
        etag = {"If-None-Match": found.headers["ETag"]}
        assert client.get("gristmill/api/projects/olga%2Fmill", headers=etag).status_code == 304
        missing = client.get("gristmill/api/runs/run-of-nobody")
        assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
        assert missing.headers["Content-Type"] == "application/problem+json"
        assert client.request("PATCH", "gristmill/api/me").status_code == 405


def test_events_arrive_as_they_happen(server: Jupyter, hub: Api) -> None:
    catalog = hub.service.parts.catalog
    made, run = make_run(server, "events"), None
    while run is None or run.id != made["id"]:
        run = catalog.runs.claim("test", 600)
        assert run is not None
    path = f"gristmill/api/runs/{run.id}/events"
    with server.client() as client, client.stream("GET", path, headers={"Accept": "text/event-stream"}) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        for text in ("one", "two"):  # the second is said only when the first has come through
            catalog.events.add(run.id, run.fence, [(EventKind.LOG, {"text": text})])
            assert text in next(line for line in lines if line.startswith("data:"))
        catalog.runs.finish(run.id, run.fence, Outcome(status=RunStatus.FAILED))
        assert "event: end" in lines


def test_a_body_that_is_refused_at_once_is_not_waited_for(server: Jupyter) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(64):
            yield bytes(1 << 20)

    with server.client() as client:
        answer = client.post("gristmill/api/runs", content=chunks(), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
        assert client.get("gristmill/api/me").status_code == 200


def test_a_body_that_is_refused_here_is_taken_and_dropped(server: Jupyter) -> None:
    """Who sends reads the answer, whole, and goes on with the same connection."""
    sent: list[int] = []

    def chunks() -> Iterator[bytes]:
        for _ in range(24):
            sent.append(1 << 20)
            yield bytes(1 << 20)

    with server.page() as page:
        length = {"Content-Length": str(24 << 20)}
        for path in ("gristmill/api/runs", "gristmill/api/..%2fme"):
            sent.clear()
            answer = page.put(path, content=chunks(), headers=length)
            assert (answer.status_code, answer.headers.get("Connection")) == (403, None)
            assert answer.json()["title"] == "Forbidden."
            assert sum(sent) == 24 << 20


# --- there and back --------------------------------------------------------------------------------------------------


def opened(server: Jupyter, run: dict[str, Any]) -> dict[str, Any]:
    with server.client() as client:
        answer = client.post("gristmill/open", json={"run": run["id"]})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


def test_a_notebook_is_opened_edited_and_sent_back(server: Jupyter, run: dict[str, Any]) -> None:
    found = opened(server, run)
    assert found["path"] == "gristmill/houses-..-grain/notebook.ipynb"
    assert found["url"] == f"{BASE}lab/tree/{found['path']}"
    folder = server.files / found["folder"]
    assert json.loads((folder / "run.json").read_text())["run_id"] == run["id"]
    assert [path.read_bytes() for path in (folder / "data").iterdir()] == [a_table()]
    assert not (folder / "data").resolve().is_relative_to(server.files)

    with server.client() as client:  # edited as JupyterLab does it
        model = client.get(f"api/contents/{found['path']}").json()
        first = next(cell for cell in model["content"]["cells"] if cell["cell_type"] == "code")
        first["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "an output"}]
        model["content"]["cells"].append(
            {"cell_type": "code", "id": "mine", "source": "print('mine')", "metadata": {}, "outputs": [],
             "execution_count": None}
        )  # fmt: skip
        model["content"]["cells"].insert(
            0,
            {"cell_type": "code", "id": "put", "source": "seed = 9", "metadata": {"tags": ["injected-parameters"]},
             "outputs": [], "execution_count": 1},
        )  # fmt: skip
        client.put(f"api/contents/{found['path']}", json=model).raise_for_status()
        answer = client.post("gristmill/send", json={"path": found["path"], "as": "run", "name": "mine", "budget": 90})
        assert answer.status_code == 201, answer.text
        again = answer.json()
        assert answer.headers["Location"] == f"{BASE}gristmill/api/runs/{again['id']}"
        same = ("dataset_id", "task", "target", "metric", "seed", "settings")
        assert {name: again[name] for name in same} == {name: run[name] for name in same}
        assert (again["name"], again["budget"], again["status"]) == ("mine", 90, "queued")
        assert again["recipe"].startswith("houses-..-grain@")
        text = client.get(f"gristmill/api/recipes/{again['id']}/notebook").text
    assert "print('mine')" in text
    assert "an output" not in text
    assert "seed = 9" not in text


def test_the_same_from_python(hub: Api, run: dict[str, Any], tmp_path: Path) -> None:
    with Hub(Address.of(hub.url, badge("olga")), tmp_path / "home") as client:
        mill = Connection(client, tmp_path / "home" / "files")
        folder = mill.open(run["id"], tmp_path)
        assert mill.open(mill.run(run["id"]), tmp_path).name == f"{folder.name}-2"
        again = mill.send(folder / "notebook.ipynb", name="mine", budget="90s", wait=False).record
        assert (again.dataset_id, again.name, again.budget) == (run["dataset_id"], "mine", 90)
        (folder / "run.json").unlink()
        with pytest.raises(UsageError, match="which run this notebook came from"):
            mill.send(folder / "notebook.ipynb", wait=False)
        with pytest.raises(NotFound, match="cannot be read"):
            mill.keep(folder / "none.ipynb", "mine")


def test_a_recipe_is_opened_on_a_dataset_edited_and_sent(server: Jupyter, run: dict[str, Any]) -> None:
    """Nothing was run before; the data is there once for all that is opened on it."""
    with server.client() as client:
        asked = {"dataset": run["dataset_id"], "recipe": "tabular", "target": "weight", "budget": 70, "seed": 5}
        answer = client.post("gristmill/open", json=asked | {"name": "by hand", "settings": {"folds": 3}})
        assert answer.status_code == 201, answer.text
        found = answer.json()
        assert (found["path"], found["run"], found["dataset"]) == (
            "gristmill/by-hand/notebook.ipynb", None, run["dataset_id"],
        )  # fmt: skip
        folder = server.files / found["folder"]
        about = json.loads((folder / "run.json").read_text())
        assert (about["run_id"], about["dataset_id"], about["target"]) == ("", run["dataset_id"], "weight")
        assert client.get(f"api/contents/{found['folder']}/data").json()["type"] == "directory"
        again = client.post("gristmill/send", json={"path": found["path"], "as": "run"})
        assert again.status_code == 201, again.text
        made = again.json()
        named = ("dataset_id", "target", "task", "budget", "seed", "settings", "name", "status")
        assert [made[name] for name in named] == [
            run["dataset_id"], "weight", "tabular-regression", 70, 5, {"folds": 3}, "by hand", "queued",
        ]  # fmt: skip
        assert made["recipe"].startswith("by-hand@")
    linked = {(folder / "data").resolve(), (server.files / opened(server, run)["folder"] / "data").resolve()}
    assert len(linked) == 1


def test_a_file_becomes_a_dataset_and_any_notebook_runs_on_it(server: Jupyter, run: dict[str, Any]) -> None:
    (server.files / "barley.csv").write_bytes(a_table())
    with server.client() as client:
        answer = client.post("gristmill/offer", json={"path": "barley.csv"})
        assert answer.status_code == 201, answer.text
        dataset = answer.json()
        assert answer.headers["Location"] == f"{BASE}gristmill/api/datasets/{dataset['id']}"
        assert (dataset["name"], dataset["proposal"]["target"]) == ("barley", "ripe")

        folder = client.post("gristmill/open", json={"run": run["id"]}).json()["folder"]
        (server.files / folder / "notebook.ipynb").rename(server.files / "mine.ipynb")
        sent = {"path": "mine.ipynb", "as": "run", "dataset": dataset["id"], "budget": 90}
        sent["accept"] = [notice["code"] for notice in dataset["profile"]["notices"]]
        made = client.post("gristmill/send", json=sent)
        assert made.status_code == 201, made.text
        told = made.json()
    assert (told["dataset_id"], told["budget"], told["target"]) == (dataset["id"], 90, "ripe")


def test_data_is_fetched_once_and_what_the_store_holds_is_out_of_reach(
    hub: Api, run: dict[str, Any], tmp_path: Path
) -> None:
    asked: list[str] = []
    with Hub(Address.of(hub.url, badge("olga")), tmp_path / "home") as client:
        fetched = client.data

        def data(dataset_id: str, to: Path) -> Path:
            asked.append(dataset_id)
            return fetched(dataset_id, to)

        client.data = data  # type: ignore[method-assign]
        mill = Connection(client, tmp_path / "home" / "files")
        first, second = mill.open(run["id"], tmp_path), mill.open(run["dataset_id"], tmp_path, target="ripe")
        assert asked == [run["dataset_id"]]
        (file,) = (first / "data").iterdir()
        assert (second / "data" / file.name).samefile(file)
        assert [oct(path.stat().st_mode)[-3:] for path in (file, file.parent.resolve())] == ["444", "555"]
        objects = [path for path in (tmp_path_of(hub) / "store").rglob("*") if path.is_file()]
        assert file.stat().st_ino not in {path.stat().st_ino for path in objects}
        file.chmod(0o644)
        file.write_text("somebody's rows")
        third = mill.open(run["id"], tmp_path)
        assert len(asked) == 2
        assert (third / "data" / file.name).read_bytes() == (first / "data" / file.name).read_bytes() == a_table()
        with pytest.raises(UsageError, match="A run's notebook is its own"):
            mill.open(run["id"], tmp_path, recipe="tabular")


def tmp_path_of(hub: Api) -> Path:
    return hub.service.parts.home


def test_edited_work_is_never_written_over(server: Jupyter, run: dict[str, Any]) -> None:
    first = opened(server, run)
    (server.files / first["path"]).write_text("somebody's work")
    second = opened(server, run)
    assert second["folder"] != first["folder"]
    assert (server.files / first["path"]).read_text() == "somebody's work"
    assert [path.name for path in (server.files / "gristmill").iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["../../escape", "..", ".hidden", "a" * 200, "/etc/passwd", "CON\n‮evil", "äöü 粉"])
def test_a_name_leads_nowhere_else(server: Jupyter, run: dict[str, Any], name: str) -> None:
    with server.client() as client:
        asked = {name: run[name] for name in ("dataset_id", "target", "accepted")}
        answer = client.post("gristmill/api/runs", json=asked | {"budget": 60, "name": name})
    if answer.status_code == 422:
        return  # the platform itself takes no such name
    folder = server.files / opened(server, answer.json())["folder"]
    assert folder.resolve().parent == (server.files / "gristmill").resolve()
    assert not folder.name.startswith(".")


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("open", {"run": "run-of-nobody"}, 404, "There is no run run-of-nobody"),
        ("open", {"run": "../me"}, 404, ""),
        ("open", {"run": 7}, 422, "The body is not as it should be."),
        ("open", {"run": "run-1", "to": "/etc"}, 422, "The body is not as it should be."),
        ("open", [], 422, "The body is not as it should be."),
        ("open", {}, 422, "It is not clear what is to be opened."),
        ("open", {"run": "run-1", "dataset": "dataset-1"}, 422, "It is not clear what is to be opened."),
        ("open", {"run": "run-1", "recipe": "tabular"}, 422, "It is not clear what is to be opened."),
        ("open", {"dataset": "dataset-of-nobody"}, 404, "There is no dataset"),
        ("offer", {"path": "none.csv"}, 404, "Not Found."),
        ("offer", {"path": "../../../etc/passwd"}, 404, ""),
        ("offer", {"path": ".hidden.csv"}, 404, ""),
        ("offer", {"path": ""}, 422, "That is a folder."),
        ("offer", {"path": "alone.ipynb"}, 422, ""),
        ("offer", {"file": "alone.ipynb"}, 422, "The body is not as it should be."),
        ("send", {"path": "alone.ipynb", "as": "run", "dataset": "dataset-of-nobody"}, 404, "There is no dataset"),
        ("send", {"path": "alone.ipynb", "as": "run"}, 422, "It cannot be told which run this notebook came from."),
        ("send", {"path": "none.ipynb", "as": "run"}, 404, "Not Found."),
        ("send", {"path": "../../../etc/passwd.ipynb", "as": "run"}, 404, ""),
        ("send", {"path": "alone.txt", "as": "run"}, 422, "alone.txt is no notebook."),
        ("send", {"path": "alone.ipynb", "as": "model"}, 422, "A notebook cannot become a 'model'."),
        ("send", {"path": "alone.ipynb", "as": "recipe"}, 422, "The recipe has no name."),
        ("send", {"path": "alone.ipynb", "as": "run", "budget": "long"}, 422, "The body is not as it should be."),
    ],
)
def test_what_cannot_be_done_is_told(server: Jupyter, path: str, body: Any, status: int, says: str) -> None:
    (server.files / ".hidden.csv").write_bytes(a_table())
    (server.files / "alone.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    with server.client() as client:
        answer = client.post(f"gristmill/{path}", json=body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    assert says in answer.json()["title"]
    assert "Traceback" not in answer.text


@pytest.mark.slow
@pytest.mark.engine
def test_a_notebook_is_kept_as_a_recipe_after_its_trial(server: Jupyter, run: dict[str, Any]) -> None:
    found = opened(server, run)
    with server.client() as client:
        client.timeout = httpx.Timeout(280)
        answer = client.post("gristmill/send", json={"path": found["path"], "as": "recipe", "name": "mine"})
        assert answer.status_code == 201, answer.text
        assert (answer.json()["name"], answer.json()["tasks"]) == ("mine", [run["task"]])


# --- without a hub ---------------------------------------------------------------------------------------------------


def test_a_hub_that_is_away_is_told(tmp_path: Path) -> None:
    with jupyter_server(tmp_path, GRISTMILL_URL="http://127.0.0.1:9/", GRISTMILL_TOKEN="secret-token") as server:
        with server.client() as client:
            answer = client.get("gristmill/api/me")
        assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "hub-away", "5")
        assert "secret-token" not in answer.text + server.log.read_text("utf-8")


def test_the_embedded_platform_starts_at_the_first_question_and_ends_with_the_server(tmp_path: Path) -> None:
    with jupyter_server(tmp_path) as server:
        assert children(server) == []
        with server.client() as client:
            assert client.get("gristmill/api/me").json()["name"] == "local"
            [child] = children(server)
            assert sent(client, a_table())["name"] == "grain"
            assert children(server) == [child]
            assert not (tmp_path / "home" / "token").exists()

            port = next(found.laddr.port for found in child.net_connections() if found.status == "LISTEN")
            assert httpx.get(f"http://127.0.0.1:{port}/me").status_code == 401

            child.kill()
            until(lambda: gone(child) and not listens(port))  # its threads end a moment after it
            assert client.get("gristmill/api/me").json()["name"] == "local"  # and it comes again
            [child] = children(server)
    until(lambda: gone(child))
    assert server.process.returncode == 0


def test_a_server_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    with jupyter_server(tmp_path) as server:
        with server.client() as client:
            client.get("gristmill/api/me").raise_for_status()
        [child] = children(server)
        os.kill(server.process.pid, signal.SIGKILL)
        until(lambda: gone(child))


def children(server: Jupyter) -> list[psutil.Process]:
    """The embedded platform's processes that live."""
    found = psutil.Process(server.process.pid).children()
    return [child for child in found if child.status() != psutil.STATUS_ZOMBIE and "gristmill.app" in child.cmdline()]


def gone(child: psutil.Process) -> bool:
    """Whether it has ended; whose child it is may not have noticed yet."""
    try:
        return child.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def listens(port: int) -> bool:
    """Whether anybody on this machine takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
