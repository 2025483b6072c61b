"""Fair use as people meet it: what is refused says which limit and who can raise it; priced, metered, exported."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import httpx
import pytest

from gristmill import cli
from gristmill.catalog import Outcome
from gristmill.cli.fair_use import say_price
from gristmill.cli.session import Session
from gristmill.errors import NotAllowed, OverLimit, UsageError
from gristmill.fair_use import price_of
from gristmill.mill import Mill
from gristmill.records import (
    LOCAL,
    Deed,
    Limit,
    Limits,
    Power,
    Price,
    Proposal,
    Run,
    RunRequest,
    RunStatus,
    Subject,
    UploadStatus,
    Who,
    replace,
)
from services.apis import Api
from services.catalogs import an_upload, dataset_of

EVERYBODY, TEAM, PERSON = Subject.EVERYBODY, Subject.TEAM, Subject.PERSON
PROPOSAL = Proposal(task="tabular-classification", target="flour", metric="accuracy", budget=60.0, reasons={})
EUROS = Price(hourly=6.0, currency="EUR")


def priced(api: Api, who: Who) -> Mill:
    """The platform for somebody, on a host that costs something."""
    return Mill(replace_parts(api), who)


def replace_parts(api: Api) -> Any:
    return replace(api.service.parts, price=EUROS)


def person(name: str = "ada", *teams: str, admin: bool = False) -> Who:
    powers = {Power.USE, Power.TRAIN} | ({Power.ADMIN} if admin else set())
    return Who(name=name, teams=teams, powers=frozenset(powers))


def dataset(mill: Mill, api: Api) -> str:
    """A dataset in somebody's project `default`."""
    catalog = api.service.parts.catalog
    project = catalog.projects.ensure(f"{mill.who.name}/default", mill.who.name)
    upload = an_upload(catalog, project_id=project.id)
    catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
    return catalog.datasets.add(dataset_of(upload, proposal=PROPOSAL)).id


def train(mill: Mill, api: Api, **more: Any) -> Run:
    return mill.train(RunRequest(dataset_id=dataset(mill, api), **more))


@pytest.fixture
def admin(api: Api) -> Mill:
    return priced(api, person("root", admin=True))


@pytest.mark.parametrize(
    ("limit", "most", "says"),
    [
        (
            "queued_runs",
            1,
            "more than ada may use: runs that wait. 1 of 1 are used or asked for and this asks for 1 more",
        ),
        ("money", 0.15, r"money this month. 0.10 EUR of 0.15 EUR .* 0.10 EUR more. Give a smaller budget"),
        ("largest_budget", 50.0, "A budget of 1 min is more than ada may give a run. The largest budget is 0.8333 min"),
    ],
)
def test_a_run_is_refused_with_the_limit_and_who_can_raise_it(
    api: Api, admin: Mill, limit: str, most: float, says: str
) -> None:
    mill = priced(api, person())
    first = None if limit == "largest_budget" else train(mill, api)
    admin.set_limits(Limits(kind=EVERYBODY, **{limit: most}))
    with pytest.raises(OverLimit, match=f"{says}.*an admin of this platform can raise the limit") as refused:
        train(mill, api)
    assert refused.value.failure.code == f"over-limit-{limit.replace('_', '-')}"
    assert [run.id for run in mill.runs()] == ([first.id] if first else [])
    train(priced(api, LOCAL), api)  # who has no limits


def test_a_run_that_goes_on_or_is_asked_for_again_is_asked_about_as_well(api: Api, admin: Mill) -> None:
    mill = priced(api, person())
    run = train(mill, api)
    mill.cancel(run.id)
    admin.set_limits(Limits(kind=PERSON, name="ada", queued_runs=0))
    for ask in (lambda: mill.rerun(run.id), lambda: mill.resume(run.id, 60.0)):
        with pytest.raises(OverLimit):
            ask()
    admin.drop_limits(PERSON, "ada")
    assert mill.rerun(run.id).price == 6.0


def test_a_team_is_refused_by_its_name_and_others_go_on(api: Api, admin: Mill) -> None:
    admin.set_limits(Limits(kind=TEAM, name="millers", queued_runs=1))
    train(priced(api, person("ada", "millers")), api)
    with pytest.raises(OverLimit, match="than the team millers may use"):
        train(priced(api, person("bert", "millers")), api)
    train(priced(api, person("cleo", "bakers")), api)


def test_uploads_are_held_to_the_storage(api: Api, admin: Mill) -> None:
    admin.set_limits(Limits(kind=EVERYBODY, storage=2_000))
    with api.client("ada") as client:
        assert client.post("/uploads", json={"name": "a.csv", "size": 1_500}).status_code == 201
        refused = client.post("/uploads", json={"name": "b.csv", "size": 501})
    assert (refused.status_code, refused.json()["code"]) == (403, "over-limit-storage")
    assert refused.json()["type"] == "urn:gristmill:problem:over-limit"
    assert "1.5 kB of 2 kB" in refused.json()["detail"]


def used_by_ada(api: Api, name: str = "ada") -> Run:
    """A run that has ended."""
    run = train(priced(api, person(name)), api)
    catalog = api.service.parts.catalog
    held = catalog.runs.claim("test", 60, only=run.id)
    assert held is not None
    return catalog.runs.finish(run.id, held.fence, Outcome(status=RunStatus.FAILED))


def test_one_sees_how_one_stands_and_what_one_used(api: Api, admin: Mill) -> None:
    admin.set_limits(Limits(kind=EVERYBODY, money=5.0))
    mill, run = priced(api, person("ada", "millers")), used_by_ada(api)
    train(mill, api)
    standing = mill.standing()
    money = {one.kind: one for one in standing.allowances if one.limit is Limit.MONEY}
    assert (standing.price, money[PERSON].most, money[TEAM].most) == (EUROS, 5.0, None)
    assert money[PERSON].asked == pytest.approx(0.1)
    (mine,) = mill.usage()
    assert (mine.project_id, mine.runs, money[PERSON].used) == (run.project_id, 1, mine.money)
    assert mill.usage(month="1999-01") == ()
    assert mill.usage("default") == (mine,)
    assert admin.all_usage(name="ada") == (mine,)
    with pytest.raises(UsageError, match="is no month"):
        mill.usage(month="May")
    with pytest.raises(NotAllowed):
        mill.all_usage()


def test_the_local_person_has_no_limits(api: Api, admin: Mill) -> None:
    admin.set_limits(Limits(kind=EVERYBODY, queued_runs=0, storage=0, largest_budget=0))
    standing = priced(api, LOCAL).standing()
    assert {one.most for one in standing.allowances} == {None}


def test_usage_is_exported_without_a_formula(api: Api) -> None:
    used_by_ada(api, "=cmd()")
    with api.client("root", powers="use,admin") as client:
        answer: httpx.Response = client.get("/admin/usage", headers={"Accept": "text/csv"})
        (row,) = csv.DictReader(io.StringIO(answer.raise_for_status().text))
        (line,) = client.get("/admin/usage", params={"kind": "person"}).json()["items"]
    assert (row["name"], line["name"], row["runs"]) == ("'=cmd()", "=cmd()", "1")


@pytest.mark.parametrize("thing", ["=1+1", "+1", "-1", "@sum(a1)", "\t=1", "\r=1", "\n=1", "a;=1+1", 'a"\n=1'])
def test_the_trail_is_exported_without_a_formula(api: Api, thing: str) -> None:
    deed = Deed(
        id="deed-1", created_at=1.0, who="ada", address="", action="run.train", thing=thing, project_id=None,
        outcome="done",
    )  # fmt: skip
    api.service.parts.catalog.deeds.add(deed)
    with api.client("root", powers="use,admin") as client:
        text = client.get("/admin/deeds", headers={"Accept": "text/csv"}).raise_for_status().text
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["thing"] == (thing if thing[0] == "a" else f"'{thing}")
    assert f'"{row["thing"]}"'.replace('"\n', '""\n') in text  # in quotes, so no sign in it begins a cell


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "everybody", "name": "ada"},
        {"kind": "person"},
        {"kind": "team", "name": "a\nb"},
        {"kind": "everybody", "runs_at_once": 0},
        {"kind": "everybody", "money": -1},
        {"kind": "everybody", "storage": 2**63 - 1},
        {"kind": "everybody", "gpus": 1},
    ],
)
def test_limits_that_cannot_be_held_are_refused(api: Api, body: dict[str, Any]) -> None:
    with api.client("root", powers="use,admin") as client:
        assert client.put("/admin/limits", json=body).status_code == 422
        assert client.get("/admin/limits").json()["items"] == []


def test_admins_set_and_drop_limits(api: Api) -> None:
    with api.client("root", powers="use,admin") as client:
        body = {"kind": "person", "name": "ada", "runs_at_once": 3}
        assert client.put("/admin/limits", json=body).json()["runs_at_once"] == 3
        assert client.put("/admin/limits", json=body | {"runs_at_once": 4}).json()["runs_at_once"] == 4
        assert [one["name"] for one in client.get("/admin/limits").json()["items"]] == ["ada"]
        assert client.delete("/admin/limits/person", params={"name": "ada"}).status_code == 204
        assert client.delete("/admin/limits/person", params={"name": "ada"}).status_code == 404
    actions = [deed.action for deed in api.service.parts.catalog.deeds.list(who="root")]
    assert actions.count("limits.set") == 2


def test_the_command_line_says_the_price_and_changes_limits(
    api: Api, admin: Mill, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*args: str) -> str:
        assert cli.run(lambda: admin, files=tmp_path, args=args) == 0
        return capsys.readouterr().out

    said("limits", "set", "everybody", "--money", "5", "--largest-budget", "1h")
    assert said("limits", "set", "person", "ada", "--no-limit", "money") == "largest budget 1 h\n"
    assert (
        said("limits", "list")
        == "everybody\t-\tmoney a month 5.00 EUR; largest budget 1 h\nperson\tada\tlargest budget 1 h\n"
    )
    assert "root\tmoney a month\t5.00 EUR\t0.00 EUR used" in said("limits")
    run = used_by_ada(api, "root")
    assert f"root\t{run.project_id}\t1\t0.00 h\t0.00 GPU h\t0.00 EUR" in said("usage")
    say_price(Session(lambda: admin, tmp_path), 60.0)  # what `train` says before it starts
    assert capsys.readouterr().out == "costs 0.10 EUR at most: 6.00 EUR an hour\n"


@pytest.mark.parametrize(
    ("text", "price"),
    [
        (None, Price()),
        ("", Price()),
        ("0.85 EUR", Price(hourly=0.85, currency="EUR")),
        ("3", Price(hourly=3.0, currency="points")),
    ],
)
def test_a_price_is_read(text: str | None, price: Price) -> None:
    assert price_of(text) == price


@pytest.mark.parametrize("text", ["EUR 1", "-1 EUR", "nan", "inf EUR", "1 EUR an hour, or more", "1 \x1b[31m"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="GRISTMILL_PRICE is"):
        price_of(text)
