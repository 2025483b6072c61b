"""A hub and the Mill are one to whoever asks: the same methods, the same answers, the same refusals."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gristmill.catalog import Outcome
from gristmill.client import Client
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.errors import GristmillError
from gristmill.mill import Mill
from gristmill.records import (
    AboutChange,
    Artifact,
    Channel,
    Edit,
    EditKind,
    EventKind,
    LeaderboardRow,
    MemberKind,
    Membership,
    NewsKind,
    RecipeEntry,
    Rule,
    Run,
    RunRequest,
    RunStatus,
    SchemaChange,
    Stage,
    to_plain,
)
from gristmill.stores import places
from services.apis import Api, a_table, badge, listening, make_service
from services.catalogs import model_of
from services.waiting import until
from staged_client import StagedClient

METHODS = sorted(name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_"))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with listening(make_service(tmp_path / "served")) as served:
        yield served


def hub_of(api: Api, home: Path, name: str = "olga", *teams: str, powers: str = "use,train,deploy") -> Hub:
    return Hub(Address.of(api.url, badge(name, *teams, powers=powers)), home)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", [Mill, Hub])
def test_both_have_the_same_methods(kind: type, name: str) -> None:
    method = vars(kind).get(name) or getattr(kind, name)
    assert inspect.signature(method) == inspect.signature(getattr(Client, name))
    assert method is not getattr(Client, name)  # its own, and not the empty one that it is declared by


def test_what_plays_a_client_plays_it_as_it_is() -> None:
    for name in METHODS:
        assert inspect.signature(getattr(StagedClient, name)) == inspect.signature(getattr(Client, name)), name


# --- the same story --------------------------------------------------------------------------------------------------


def test_both_answer_alike(api: Api, tmp_path: Path) -> None:
    from gristmill.records import Power, Who

    with listening(make_service(tmp_path / "alone")) as other:
        olga = Who(name="olga", powers=frozenset({Power.USE, Power.TRAIN, Power.DEPLOY}))
        mill = other.service.mill.on_behalf(olga)
        with hub_of(api, tmp_path / "home") as hub:
            far = Story(hub, api, tmp_path / "far").told()
        near = Story(mill, other, tmp_path / "near").told()
    assert len(far) == len(near)
    differing = [f"{said} by the hub, {told} by the Mill" for said, told in zip(far, near, strict=True) if said != told]
    print(*differing, sep="\n\n")
    assert not differing


@pytest.mark.parametrize("cloud", ["google", "azurite"])
def test_parts_go_to_a_cloud_with_the_headers_that_it_asks_for(
    cloud: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gristmill.mill.uploads._PART", 1000)
    grain = tmp_path / "grain.csv"
    grain.write_bytes(a_table(400))
    store = request.getfixturevalue(cloud).store_url("uploads", prefix=uuid.uuid4().hex)
    with (
        listening(make_service(tmp_path / "served", store=store)) as api,
        hub_of(api, tmp_path / "home") as hub,
        api.client() as plain,
    ):
        begun = plain.post("/uploads", json={"name": "grain.csv", "size": 1500}).json()
        assert [bool(part["headers"]) for part in begun["parts"]] == [True, True]
        upload = hub.upload(grain)
        assert api.service.parts.store.read(upload.key) == grain.read_bytes()


class Story:
    """What one client is asked, from a project to a model, and all that it answers."""

    def __init__(self, client: Client, api: Api, folder: Path) -> None:
        self._client, self._api, self._folder = client, api, folder
        self._told: list[tuple[str, str]] = []
        self._names: dict[str, str] = {}
        folder.mkdir()

    def told(self) -> list[tuple[str, str]]:
        self._of_people()
        self._of_data()
        self._of_runs()
        self._of_models()
        self._of_recipes()
        self._of_deleting()
        return self._told

    def _ask(self, method: str, *args: Any, **named: Any) -> Any:
        """The client's answer, written down with all ids and times replaced by their order."""
        asked: Callable[..., Any] = getattr(self._client, method)
        try:
            answer = asked(*args, **named)
        except GristmillError as error:
            self._write(method, [type(error).__name__, to_plain(error.failure)])
            return None
        self._write(method, _of_file(answer) if isinstance(answer, Path) else to_plain(answer))
        return answer

    def _write(self, method: str, answer: Any) -> None:
        text = json.dumps(answer, sort_keys=True, default=str).replace(str(self._folder), "FOLDER")
        text = re.sub(r'("\w+_at"): [\d.]+', r"\1: 0", text)
        text = re.sub(r'"digest": "\w+"', '"digest": 0', text)
        text = re.sub(r'("(?:budget|price)": \d+)\b(?!\.)', r"\1.0", text)  # JSON has one kind of number
        text = re.sub(r'"address": "[\d.]*"', '"address": 0', text)  # the Mill sees nobody come
        ids = re.compile(r"\b(?:project|upload|dataset|run|model|invitation|recipe|deed|webhook|news)-[0-9a-z]{16}\b")
        text = ids.sub(lambda found: self._names.setdefault(found[0], f"id-{len(self._names)}"), text)
        self._told.append((method, text))

    def _of_people(self) -> None:
        self._write("me", sorted(self._client.me().powers))
        project = self._ask("make_project", "mill")
        self._ask("make_project", "mill")
        self._ask("make_project", "a/b")
        for reference in (project.id, "mill", "olga/mill", "nobody/mill", "../me", "ü ?#"):
            self._ask("project", reference)
        self._ask("share", "mill", "ver/a ü", Membership.VIEWER)
        self._ask("share", "olga/mill", "bakers", Membership.EDITOR, MemberKind.TEAM)
        self._ask("share", "mill", " ", Membership.EDITOR)
        self._ask("unshare", "mill", "bakers", MemberKind.TEAM)
        self._ask("unshare", "mill", "nobody")
        self._ask("members", "mill")
        made = self._client.invite("mill", Membership.EDITOR, 60)
        self._ask("invitations", "mill")
        self._ask("accept", made[1])
        self._ask("accept", "guessed")
        self._ask("withdraw", made[0].id)
        self._ask("withdraw", made[0].id)
        self._ask("invite", "mill", Membership.OWNER)
        self._ask("projects")
        self._ask("projects", 1, project.id)
        self._of_stores()
        self._of_being_told()
        self._ask("deeds")

    def _of_stores(self) -> None:
        self._ask("own_store", "mill")
        self._ask("own_store", "nobody/mill")
        for url in ("s3://bucket", "s3://bucket?profile=root", "ftp://bucket", "s3://["):
            self._ask("set_store", "mill", url, {"aws_access_key_id": "half of it"})
        self._ask("drop_store", "mill")

    def _of_being_told(self) -> None:
        self._ask("choices")
        kinds = {NewsKind.RUN_FAILED: (Channel.MAIL,), NewsKind.SHARED: ()}
        self._ask("choose", kinds, mail="olga@example.org")
        self._ask("choose", {NewsKind.SHARED: (Channel.WEBHOOK,)})
        self._ask("choose", mail="nobody")
        made = self._client.add_webhook("https://example.org/hook", kinds=[NewsKind.RUN_FAILED], project="mill")
        assert made[1].startswith("whsec_")
        self._write("add_webhook", to_plain(made[0]))
        for url in ("http://example.org/hook", "https://10.0.0.1/", "hook"):
            self._ask("add_webhook", url)
        self._ask("webhooks")
        self._ask("webhooks", "mill")
        self._ask("webhooks", "nobody/mill")
        self._ask("remove_webhook", made[0].id)
        self._ask("remove_webhook", made[0].id)

    def _of_data(self) -> None:
        file = self._folder / "grain.csv"
        file.write_bytes(a_table())
        bad = self._folder / "bad.zip"
        bad.write_bytes(b"PK no zip")
        self._ask("check", file)
        for wrong in (bad, self._folder, self._folder / "none.csv"):
            self._ask("check", wrong)
        for wrong in (self._folder, self._folder / "none.csv"):
            self._ask("upload", wrong, project="mill")
        seen: list[tuple[int, int]] = []
        upload = self._client.upload(file, project="mill", progress=lambda *at: seen.append(at))
        self._write("progress", seen[-1])
        self._write("upload", [upload.name, upload.size, upload.status, upload.sha256])
        called = self._client.upload(file, project="mill", name="Korn / 2024")
        self.upload = called
        self._write("upload", [called.name, called.size, called.status, called.key.rsplit("/", 1)[-1]])
        self.dataset = self._ask("admit", upload.id, name="korn")
        self._ask("admit", upload.id)
        self._ask("admit", "upload-0000000000000000")
        self._ask("dataset", self.dataset.id)
        self._ask("dataset", "dataset-0000000000000000")
        self._ask("datasets")
        self._ask("datasets", "mill", 1, self.dataset.id)
        self._ask("propose", self.dataset.id, target="weight")
        self._ask("propose", self.dataset.id, target="none")
        self._of_versions()

    def _of_versions(self) -> None:
        first = self.dataset.id
        self._ask("revise", first, [Edit(act=EditKind.DROP, columns=("ripe",))])
        self._ask("revise", first, [Edit(act=EditKind.KEEP, where="ripe >")])
        self._ask("versions", first)
        self._ask("describe", first, AboutChange(description="Grain.", tags=("2024",), note="As it was harvested."))
        self._ask("describe", first, AboutChange(columns={"none": "?"}))
        self._ask("about", first)
        self._ask("schema", "mill")
        self._ask("fix_schema", "mill", SchemaChange(rules=(Rule(column="rye"), Rule(column="oat"))))
        self._ask("fix_schema", "mill", SchemaChange())
        self._ask("schema", "mill")
        self._ask("check", self._folder / "grain.csv", project="mill")
        self._ask("admit", self._client.upload(self._folder / "grain.csv", project="mill").id)
        self._ask("drop_schema", "mill")

    def _of_runs(self) -> None:
        request = RunRequest(dataset_id=self.dataset.id, target="ripe", budget=60.0, settings={"folds": 3}, name="a/b")
        run = self._ask("train", request)
        self._ask("train", RunRequest(dataset_id=self.dataset.id, budget=1))
        self._ask("train", RunRequest(dataset_id=self.dataset.id, recipe="none", notebook="{"))
        self._ask("run", run.id)
        self._ask("events", run.id, 0, 0.0)
        self._ask("fetch", run.id, "report", self._folder / "report.html")
        self._ask("resume", run.id, 60.0)
        self._ask("cancel", run.id, keep=True)
        again = self._ask("rerun", run.id)
        self._ask("cancel", again.id)
        self._ask("cancel", again.id)
        self._ask("resume", again.id, 90.5, {"folds": 5})
        self._ask("compare", [run.id, again.id])
        self._ask("runs")
        self._ask("runs", "mill", RunStatus.CANCELLED, 1)
        self._ask("runs", limit=2, before=again.id, task="tabular-classification", owner="olga")
        self._ask("runs", "nobody/mill")
        self._ask("folder", run.id, self._folder / "run")
        self._write("folder", sorted(path.name for path in (self._folder / "run").iterdir()))
        self._ask("folder", run.id, self._folder / "run")
        self._ask("folder", run.id, self._folder / "bare", data=False)
        self._write("folder", sorted(path.name for path in (self._folder / "bare").iterdir()))
        self._ask("data", self.dataset.id, self._folder / "data")
        self._write("data", [_of_file(path) for path in (self._folder / "data").iterdir()])
        self._ask("data", "dataset-0000000000000000", self._folder / "none")
        self._ask("draft", RunRequest(dataset_id=self.dataset.id, target="weight"), self._folder / "draft")
        self._write("draft", sorted(path.name for path in (self._folder / "draft").iterdir()))
        self._ask("draft", RunRequest(dataset_id=self.dataset.id, recipe="none"), self._folder / "none")
        self._ask("explain", run.id)
        for wanted in ({"target": "weight"}, {"target": "none"}):
            self._ask("exploration", self.dataset.id, **wanted)
        self._ask("exploration", self.upload.id, table="none")
        self._ask("exploration", self.upload.id, task="tabular-regression")
        self._ask("exploration", "dataset-0000000000000000")
        self._ask("explain", again.id, every=True)
        self.run = run
        self._client.nudge()

    def _of_models(self) -> None:
        self._finish()
        for wanted in ("report", "nothing"):
            self._ask("fetch", self.finished.id, wanted, self._folder / "report.html")
        self._ask("fetch", self.finished.id, "report", self._folder / "nowhere" / "report.html")
        self._ask("run", self.finished.id)
        for asked in ({}, {"candidates": ["LightGBM"], "seconds": 9}, {"candidates": ["None"]}, {"seconds": 1}):
            self._ask("explain", self.finished.id, **asked)
        model = self._ask("model", self.finished.id)
        self._ask("model", self.run.id)
        self._ask("model", "model-0000000000000000")
        self._ask("models", "mill", 10)
        self._ask("download", model.id, self._folder / "model.zip")
        self._ask("stage", model.id, Stage.PRODUCTION)
        self._ask("lineage", model.id)
        self._ask("ask", model.id)
        self._ask("ask", "model-0000000000000000", self._folder / "grain.csv")
        for wrong in (self._folder, self._folder / "none.csv"):
            self._ask("ask", model.id, wrong)
        for settings in ({"a b": 1}, {"horizon": [1]}, dict.fromkeys(map("a{}".format, range(30)), 1)):
            self._ask("ask", model.id, self._folder / "grain.csv", settings)
        large = self._folder / "large.csv"
        large.write_bytes(bytes((20 << 20) + 1))
        self._ask("ask", model.id, large)

    def _finish(self) -> None:
        """A run that was carried out, as a worker would leave it."""
        from hashlib import sha256

        from gristmill.records import replace

        parts = self._api.service.parts
        self._client.train(RunRequest(dataset_id=self.dataset.id, target="ripe", budget=60.0))
        while (held := parts.catalog.runs.claim("test", 60)) is not None:
            self.finished: Run = held
        report, archive = b"<p>ripe</p>", b"a model's archive"
        parts.store.put_bytes("runs/report.html", report)
        parts.store.put_bytes("models/flour.zip", archive)
        left = Artifact(name="report", key="runs/report.html", size=len(report), sha256=sha256(report).hexdigest())
        kept = Artifact(name="checkpoint", key="runs/checkpoint.tar", size=0, sha256="ab")
        board = (LeaderboardRow(model="LightGBM", score=0.9),)
        model = replace(model_of(self.finished), sha256=sha256(archive).hexdigest())
        outcome = Outcome(status=RunStatus.SUCCEEDED, artifacts=(left, kept), leaderboard=board)
        parts.catalog.runs.finish(self.finished.id, self.finished.fence, outcome, model)
        for unread in (False, True):
            self._ask("notices", 1, unread=unread)
        self._ask("read_notices", ["news-0000000000000000"])
        self._ask("read_notices")
        self._ask("notices", unread=True)

    def _of_deleting(self) -> None:
        model = self._client.model(self.finished.id)
        for wanted in (self.finished.id, self.run.id, "run-0000000000000000"):
            self._ask("delete_run", wanted)
        for wanted in (model.id, self.run.id, "model-0000000000000000"):
            self._ask("delete_model", wanted)
        self._client.stage(model.id, Stage.RETIRED)
        self._ask("delete_model", model.id)  # it is being explained
        for run in self._client.runs("mill", RunStatus.QUEUED):
            self._client.cancel(run.id)
        self._ask("delete_model", self.finished.id)
        self._ask("model", self.finished.id)
        self._ask("model", model.id)
        self._ask("run", self.finished.id)
        self._ask("delete_run", self.finished.id)
        self._ask("run", self.finished.id)
        self._ask("models", "mill")

    def _of_recipes(self) -> None:
        self._ask("weights")
        self._ask("fetch_weights", "efficientnet-lite0")
        self._ask("recipes", "mill")
        self._ask("recipe", "tabular", self._folder / "recipe.ipynb", project="mill")
        self._ask("recipe", self.run.id, self._folder / "recipe.ipynb", project="mill")
        self._ask("recipe", "passwd.ipynb", self._folder / "recipe.ipynb", project="mill")
        self._ask("try_recipe", "mine", notebook="{", task="tabular-classification", project="mill")
        entry = RecipeEntry(name="mine", version="", tasks=("tabular-classification",), project="mill")
        self._ask("save_recipe", "mine", entry, notebook="no notebook")


def _of_file(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else path.name


# --- who asks --------------------------------------------------------------------------------------------------------


def test_a_stranger_is_told_the_same_as_by_the_mill(api: Api, tmp_path: Path) -> None:
    api.mill().make_project("mill")
    with hub_of(api, tmp_path, "sam") as stranger, pytest.raises(GristmillError) as far:
        stranger.members("olga/mill")
    with pytest.raises(GristmillError) as near:
        api.mill("sam").members("olga/mill")
    assert (type(far.value), far.value.failure) == (type(near.value), near.value.failure)


def test_more_than_a_page_comes_as_one_list(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.catalogs import add_runs

    runs = add_runs(api.service.parts.catalog, 5)
    monkeypatch.setattr("gristmill.client.hub.calling.MOST", 2)
    with hub_of(api, tmp_path, "root", powers="admin") as root:
        assert [run.id for run in root.runs(limit=4)] == [run.id for run in reversed(runs)][:4]
        assert len(root.runs()) == 5


def test_importing_brings_in_no_http() -> None:
    code = "import gristmill, sys; gristmill.connect; print('httpx' in sys.modules, 'pandas' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == ["False", "False"]


# --- connect() -------------------------------------------------------------------------------------------------------


def test_connect_finds_the_platform_of_this_machine(home: Path) -> None:
    import gristmill

    mill = gristmill.connect()
    assert isinstance(mill.client, Mill)
    assert (repr(mill), mill.me().name) == ("<gristmill: embedded>", "local")
    assert list(mill.runs().id) == []
    assert home.is_dir()


def test_connect_finds_the_hub_that_is_named(api: Api, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gristmill
    from gristmill.errors import NotSignedIn

    named = gristmill.connect(api.url, badge("olga"))
    monkeypatch.setenv("GRISTMILL_URL", api.url)
    with pytest.raises(NotSignedIn, match="There is no token"):
        gristmill.connect()
    monkeypatch.setenv("GRISTMILL_TOKEN", badge("sam"))
    of_the_environment = gristmill.connect()
    for mill, name in ((named, "olga"), (of_the_environment, "sam")):
        assert isinstance(mill.client, Hub)
        assert (repr(mill), mill.me().name) == (f"<gristmill: {api.url}/>", name)
        mill.client.close()
    assert not (home / "catalog.db").exists()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("kind", ["hub", "embedded"])
def test_parts_are_taken_by_hand_too(kind: str, api: Api, tmp_path: Path) -> None:
    from gristmill.app import Settings, embedded
    from services.mills import Notepad

    hub = hub_of(api, tmp_path / "kept")
    client: Client = embedded(Settings.read(), Notepad()) if kind == "embedded" else hub
    upload = client.open_upload("grain.csv", 4)
    assert [bool(part.url) for part in upload.parts] == [kind == "hub"]
    with pytest.raises(GristmillError, match=r"[Pp]art 1"):
        client.send_part(upload.upload.id, 1, b"too long")
    client.send_part(upload.upload.id, 1, b"a\n1\n")
    assert [part.number for part in client.transfer(upload.upload.id).arrived] == [1]
    assert client.complete_upload(upload.upload.id).size == 4
    other = client.open_upload("bran.csv", 4)
    client.abandon(other.upload.id)
    with pytest.raises(GristmillError, match="rejected"):
        client.complete_upload(other.upload.id)
    hub.close()


# --- a hub that predicts, where this machine cannot ------------------------------------------------------------------


def test_what_the_hub_could_not_answer_is_told(api: Api, tmp_path: Path) -> None:
    """A worker's log comes in pieces, which end where they like."""
    catalog, store = api.service.parts.catalog, api.service.parts.store
    grain, to, said = tmp_path / "grain.csv", tmp_path / "answers.csv", list[str]()
    grain.write_bytes(a_table())
    with hub_of(api, tmp_path / "home") as hub:
        dataset = hub.admit(hub.upload(grain, project="mill").id)
        run = hub.train(RunRequest(dataset_id=dataset.id, target="ripe"))
        held = catalog.runs.claim("test", 60, only=run.id)
        assert held is not None
        model = model_of(held, schema={})
        catalog.runs.finish(run.id, held.fence, Outcome(status=RunStatus.SUCCEEDED), model)
        asking = threading.Thread(target=hub.predict, args=(model.id, grain, to), kwargs={"told": said.append})
        asking.start()
        batch = until(lambda: catalog.runs.claim("test", 60))
        assert batch is not None
        pieces = ("loaded\nNo prediction: a.txt is em", "pty.\nNo prediction for 3 more", " that cannot be opened.\n")
        for piece in pieces:
            catalog.events.add(batch.id, batch.fence, [(EventKind.LOG, {"text": piece})])
        store.put_bytes(key := places.artifact(batch, "predictions.csv"), b"prediction\nyes\n")
        answers = Artifact(name="predictions", key=key, size=15, sha256="")
        ended = Outcome(status=RunStatus.SUCCEEDED, artifacts=(answers,), rows=1)
        catalog.runs.finish(batch.id, batch.fence, ended)
        asking.join(30)
    assert said == ["No prediction: a.txt is empty.", "No prediction for 3 more that cannot be opened."]
    assert to.read_bytes() == b"prediction\nyes\n"
