"""A trained model asked while a person waits: by its owner, by others, over a hub, warm and started anew."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.errors import DataRejected, NotAllowed, NotFound, NotPossible, OverLimit, UsageError
from gristmill.mill import Mill
from gristmill.records import LOCAL, Limits, Membership, Power, Reply, Subject, Who, to_plain
from gristmill.serving import Serving
from services.apis import Api, badge, listening, make_service
from test_batch import House, somebody_works, trained

__all__ = ["trained"]  # a fixture of another file

pytestmark = [pytest.mark.engine, pytest.mark.slow]

HEAD = "island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,year"
GENTOO = "Biscoe,47.5,14.0,212,4875,female,2009"


def rows_of(reply: Reply) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(reply.content.decode())))


@pytest.fixture
def row(tmp_path: Path) -> Path:
    path = tmp_path / "row.csv"
    path.write_text(f"{HEAD}\n{GENTOO}\n")
    return path


@pytest.fixture(scope="module")
def mill(trained: House) -> Iterator[Mill]:
    """The same platform, holding models open."""
    parts = trained.mill._parts
    serving = Serving(parts.sandbox, trained.folder / "serving")
    yield Mill(replace_parts(trained, serving=serving))
    serving.close()


def replace_parts(trained: House, **changed: object) -> object:
    return replace(trained.mill._parts, **changed)


@pytest.fixture(scope="module")
def api(trained: House) -> Iterator[Api]:
    """A hub with that model, which holds models open."""
    service = make_service(
        trained.folder, catalog=f"sqlite:///{trained.folder}/catalog.db", store=(trained.folder / "store").as_uri(),
        price=3600.0, warm=True,
    )  # fmt: skip
    with listening(service) as served:
        yield served
        assert service.parts.serving is not None
        service.parts.serving.close()


def hub_of(api: Api, home: Path, name: str, powers: str = "use") -> Hub:
    return Hub(Address.of(api.url, badge(name, powers=powers)), home)


def test_a_warm_answer_is_what_predict_writes_and_says_what_has_moved_it(
    trained: House, mill: Mill, row: Path, tmp_path: Path
) -> None:
    first, again = mill.ask(trained.model.id, row), mill.ask(trained.model.run_id, row)
    assert first == again
    assert trained.mill.predict(trained.model.id, row, tmp_path / "out.csv") == 1
    assert first.content == (tmp_path / "out.csv").read_bytes()
    assert (first.name, first.count, first.warm, first.model_id) == ("answers.csv", 1, True, trained.model.id)
    [said] = rows_of(first)
    assert said["prediction"] == "Gentoo"
    moved = {one.column: one for one in first.effects}
    assert moved["flipper_length_mm"].value in ("212", "212.0")
    assert [abs(one.by) for one in first.effects] == sorted((abs(one.by) for one in first.effects), reverse=True)
    assert first.effects[0].by > 0.1


def test_an_effect_is_what_the_model_says_of_the_usual_value(trained: House, mill: Mill, row: Path) -> None:
    reply = mill.ask(trained.model.id, row)
    effect = reply.effects[0]
    values = dict(zip(HEAD.split(","), GENTOO.split(","), strict=True)) | {effect.column: effect.usual}
    row.write_text(f"{HEAD}\n{','.join(values.values())}\n")
    [now], [then] = rows_of(reply), rows_of(mill.ask(trained.model.id, row))
    assert effect.by == pytest.approx(float(now["probability.Gentoo"]) - float(then["probability.Gentoo"]), abs=1e-6)


def test_a_file_may_have_any_name(trained: House, mill: Mill, row: Path) -> None:
    found = mill.ask(trained.model.id, row)
    for name in ("usual.csv", "out", "model.csv", "-o.csv", "größer 1.csv"):
        assert mill.ask(trained.model.id, row.replace(row.with_name(name))).content == found.content
        row.with_name(name).replace(row)


def test_many_rows_are_answered_and_a_bad_file_is_refused(trained: House, mill: Mill, row: Path) -> None:
    row.write_text("\n".join([HEAD, GENTOO, GENTOO, ""]))
    reply = mill.ask(trained.model.id, row)
    assert (reply.count, reply.effects) == (2, ())
    row.write_text("a,b\n1,2\n")
    with pytest.raises(DataRejected, match=r"row.csv lacks 7 of the 7 columns"):
        mill.ask(trained.model.id, row)
    with pytest.raises(UsageError, match="answers rows"):
        mill.ask(trained.model.id)


def test_each_question_is_in_the_audit_trail_and_is_counted(trained: House, mill: Mill, row: Path) -> None:
    mill.ask(trained.model.id, row)
    deed = mill.deeds(1)[0]
    assert (deed.action, deed.thing, deed.who, deed.outcome) == ("model.predict", trained.model.id, "local", "done")
    [before] = mill.usage()
    mill.ask(trained.model.id, row)
    [after] = mill.usage()
    assert after.seconds > before.seconds
    assert after.runs == before.runs


def test_a_hub_answers_those_who_may_use_the_model_and_nobody_else(
    trained: House, api: Api, row: Path, tmp_path: Path
) -> None:
    root = api.service.mill.on_behalf(LOCAL)
    root.share(trained.model.project_id, "vera", Membership.VIEWER)
    with hub_of(api, tmp_path / "v", "vera") as vera, hub_of(api, tmp_path / "s", "sam") as sam:
        reply = vera.ask(trained.model.id, row)
        assert reply.warm
        near = api.service.mill.on_behalf(Who(name="vera", powers=frozenset({Power.USE}))).ask(trained.model.id, row)
        assert to_plain(reply) == to_plain(near)
        with pytest.raises(NotFound):  # though it is open
            sam.ask(trained.model.id, row)
        with hub_of(api, tmp_path / "n", "vera", powers="train") as powerless, pytest.raises(NotAllowed):
            powerless.ask(trained.model.id, row)
        root.unshare(trained.model.project_id, "vera")
        with pytest.raises(NotFound):
            vera.ask(trained.model.id, row)
    outcomes = [(deed.who, deed.outcome) for deed in root.deeds(4, action="model.predict")]
    assert ("sam", "not-found") in outcomes
    assert ("vera", "done") in outcomes


def test_a_model_that_a_hub_has_woken_is_open_before_it_is_asked(
    trained: House, api: Api, row: Path, tmp_path: Path
) -> None:
    root, serving = api.service.mill.on_behalf(LOCAL), api.service.parts.serving
    assert serving is not None
    serving.close()  # of what was asked before
    root.share(trained.model.project_id, "wanda", Membership.VIEWER)
    with hub_of(api, tmp_path / "w", "wanda") as wanda, hub_of(api, tmp_path / "s", "sam") as sam:
        with pytest.raises(NotFound):
            sam.wake(trained.model.id)
        wanda.wake(trained.model.id)
        [deed] = root.deeds(1, action="model.wake", who="wanda")
        assert (deed.thing, deed.outcome) == (trained.model.id, "done")
        place = serving._places[trained.model.id]
        assert place.opened.lives
        assert wanda.usage()[0].seconds > 0
        assert wanda.ask(trained.model.id, row).warm
        assert serving._places[trained.model.id] is place


def test_who_has_used_up_their_money_is_refused(trained: House, api: Api, row: Path, tmp_path: Path) -> None:
    root = api.service.mill.on_behalf(LOCAL)
    root.share(trained.model.project_id, "emil", Membership.VIEWER)
    root.set_limits(Limits(kind=Subject.PERSON, name="emil", money=0.001))
    with hub_of(api, tmp_path / "e", "emil") as emil:
        emil.ask(trained.model.id, row)
        [usage] = emil.usage()
        assert usage.money == pytest.approx(usage.seconds)  # an hour costs 3600
        with pytest.raises(OverLimit, match="money"):
            emil.ask(trained.model.id, row)


def test_where_nothing_is_held_open_the_model_is_started_anew(trained: House, row: Path) -> None:
    reply = trained.mill.ask(trained.model.id, row)
    assert (reply.warm, reply.effects) == (False, ())
    assert rows_of(reply)[0]["prediction"] == "Gentoo"


def test_an_api_without_an_engine_leaves_it_to_the_workers(
    trained: House, api: Api, row: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(what: str, modules: tuple[str, ...], extra: str) -> None:
        raise NotPossible(f"{what} needs {modules[0]}.", cure=f"pip install 'gristmill[{extra}]'")

    monkeypatch.setattr("gristmill.mill.questions.needs", lacks)
    with hub_of(api, tmp_path / "r", "root", powers="use,admin") as root, somebody_works(trained):
        reply = root.ask(trained.model.id, row)
    assert (reply.warm, reply.count) == (False, 1)
    assert rows_of(reply)[0]["prediction"] == "Gentoo"


def test_a_name_that_no_file_can_have_is_refused(trained: House, api: Api) -> None:
    with api.client("root", powers="use,admin") as client:
        for name in ("", "..", "../row.csv", "a\nb.csv", "ü" * 200):
            answer = client.post(f"/models/{trained.model.id}/ask", json={"file": name, "content": "YQ=="})
            assert (answer.status_code, answer.json()["code"]) == (422, "usage")
        answer = client.post(f"/models/{trained.model.id}/ask", json={"file": "a.csv", "content": "%"})
        assert answer.status_code == 422
