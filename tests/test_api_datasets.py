"""Datasets that stay right, over HTTP: versions, descriptions, schemas, and every mismatch in one problem."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gristmill.api import jobs
from gristmill.cli import run as command_line
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub, calling
from gristmill.errors import DataRejected
from gristmill.records import AboutChange, Edit, EditKind, Rule, SchemaChange
from services.apis import Api, badge, listening, make_service

KEEP = Edit(act=EditKind.KEEP, where="weight >= 10")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with listening(make_service(tmp_path / "api")) as api:
        yield api


@pytest.fixture
def hub(api: Api, tmp_path: Path) -> Iterator[Hub]:
    with Hub(Address.of(api.url, badge("olga")), tmp_path / "home") as hub:
        hub.make_project("mill")
        yield hub


@pytest.fixture
def grain(tmp_path: Path) -> Path:
    file = tmp_path / "grain.csv"
    file.write_text("weight,town,ripe\n" + "".join(f"{at},{'ab'[at % 2]},{at % 3 > 0}\n" for at in range(60)))
    return file


def test_a_hub_edits_describes_and_holds_to_a_schema(hub: Hub, grain: Path) -> None:
    first = hub.admit(hub.upload(grain, project="mill").id)
    second = hub.revise(first.id, [KEEP])
    assert (second.version, second.profile.rows, hub.dataset(second.id)) == (2, 50, second)
    assert [entry.id for entry in hub.versions(first.id)] == [second.id, first.id]
    about = hub.describe(second.id, AboutChange(description="Grain.", note="The heavy half."))
    assert (hub.about(first.id), about.notes[0].who) == (about, "olga")
    made = hub.fix_schema("mill", SchemaChange(rules=(Rule(column="town", allowed=("a",)), Rule(column="rye"))))
    assert hub.schema("mill") == made
    for refused in (lambda: hub.admit(hub.upload(grain, project="mill").id), lambda: hub.check(grain, project="mill")):
        with pytest.raises(DataRejected, match="2 things") as caught:
            refused()
        assert [(fault.column, fault.code) for fault in caught.value.failure.faults] == [
            ("town", "value"),
            ("rye", "missing-column"),
        ]
    hub.drop_schema("mill")
    assert hub.admit(hub.upload(grain, project="mill").id).version == 3


def test_versions_come_in_pages(api: Api, hub: Hub, grain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = hub.admit(hub.upload(grain, project="mill").id)
    heavier = [Edit(act=EditKind.KEEP, where=f"weight >= {least}") for least in range(4)]
    made = [first.id, *(hub.revise(first.id, [edit]).id for edit in heavier)]
    path = f"/datasets/{first.id}/versions"
    with api.client() as client:
        told = client.get(path, params={"limit": 2, "cursor": made[3]}).json()
        assert ([one["id"] for one in told["items"]], told["next"]) == ([made[2], made[1]], made[1])
        assert client.get(path, params={"cursor": "gone"}).status_code == 404
    monkeypatch.setattr(calling, "MOST", 2)
    assert [entry.id for entry in hub.versions(first.id)] == made[::-1]


def test_a_problem_lists_every_mismatch(api: Api, hub: Hub, grain: Path) -> None:
    hub.fix_schema("mill", SchemaChange(rules=(Rule(column="rye"), Rule(column="oat"))))
    upload = hub.upload(grain, project="mill")
    with api.client() as client:
        answer = client.post("/datasets", json={"upload_id": upload.id})
        told = answer.json()
        assert (answer.status_code, told["code"], told["type"]) == (
            422,
            "schema",
            "urn:gristmill:problem:data-rejected",
        )
        assert [fault["column"] for fault in told["faults"]] == ["rye", "oat"]
        assert "faults" not in client.get("/datasets/none").json()


def test_a_version_that_takes_long_is_asked_for_again(
    api: Api, hub: Hub, grain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = hub.admit(hub.upload(grain, project="mill").id)
    result = jobs.Jobs.result

    async def impatient(self: Any, name: Any, work: Any, patience: float = 0.0) -> Any:
        del patience
        return await result(self, name, work, 0.0 if name not in self._jobs else 5.0)

    monkeypatch.setattr(jobs.Jobs, "result", impatient)
    body = {"edits": [{"act": "keep", "where": "weight >= 10"}]}
    with api.client() as client:
        assert client.post(f"/datasets/{first.id}/versions", json=body).status_code == 202
    assert hub.revise(first.id, [KEEP]).version == 2
    assert len(hub.versions(first.id)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"edits": []},
        {"edits": [{"act": "explode"}]},
        {"edits": [{"act": "keep", "where": "weight >"}]},
        {"edits": [{"act": "kind", "columns": ["weight"], "kind": "colour"}]},
        {"edits": [{"act": "drop", "columns": ["rye"]}] * 200},
        {"steps": []},
    ],
)
def test_what_cannot_be_done_is_a_problem(api: Api, hub: Hub, grain: Path, body: dict[str, Any]) -> None:
    first = hub.admit(hub.upload(grain, project="mill").id)
    with api.client() as client:
        answer = client.post(f"/datasets/{first.id}/versions", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert client.patch(f"/datasets/{first.id}", json={"rows": []}).status_code == 422
        page = client.get(f"/datasets/{first.id}/versions", params={"limit": 1}).json()
        assert ([entry["id"] for entry in page["items"]], page["next"]) == ([first.id], None)


def test_the_command_line_edits_and_lists(
    hub: Hub, grain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*args: str) -> tuple[int, str, str]:
        code = command_line(lambda: hub, files=tmp_path, args=args)
        told = capsys.readouterr()
        return code, told.out, told.err

    first = hub.admit(hub.upload(grain, project="mill").id)
    edited = said(
        "dataset", "edit", first.id, "--keep", "weight >= 10", "--kind", "weight=number", "--rename", "town=place",
        "--drop", "ripe", "--note", "Heavy.", "--column", "weight=In kg.", "--tag", "2024",
    )  # fmt: skip
    assert edited[0] == 0
    made = edited[1].split("\t")[0]
    columns = {column.name: column.kind for column in hub.dataset(made).profile.main.columns}
    assert columns == {"weight": "number", "place": "category"}
    shown = said("dataset", "show", made)[1]
    assert "edit\t1\tread weight as number" in shown
    assert "meaning\tweight\tIn kg." in shown
    assert [line.split("\t")[2] for line in said("dataset", "versions", made)[1].splitlines()] == ["2", "1"]
    assert said("dataset", "list", "--project", "mill")[1].count("\n") == 2
    assert said("schema", "set", "mill", first.id, "--only")[0] == 0
    file = tmp_path / "schema.json"
    assert "town\tcategory\trequired; no gaps; one of a, b" in said("schema", "show", "mill", "-o", str(file))[1]
    file.write_text(file.read_text().replace('"b"', '"c"'))
    assert said("schema", "set", "mill", str(file))[0] == 0
    code, _, complaint = said("check", str(grain), "--project", "mill")
    assert code == 3
    assert "- 'town' of grain.csv holds what is not allowed: 'b'." in complaint
    assert said("schema", "drop", "mill")[0] == 0
    assert said("schema", "show", "mill")[0] == 2
    assert "nothing to edit" in said("dataset", "edit", first.id)[2]
    assert "is no kind of column" in said("dataset", "edit", first.id, "--kind", "town=colour")[2]
