"""What a dataset looks like before anything is learned from it, and how one is deleted."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from gristmill import tasks
from gristmill.app import Settings, embedded
from gristmill.client.connecting import Address
from gristmill.client.hub import Hub
from gristmill.errors import Conflict, NotFound, NotPossible
from gristmill.mill import Mill
from gristmill.records import Edit, EditKind, Preview, RunRequest
from services.apis import Api, badge, listening, make_service
from services.mills import Notepad

SAMPLES = Path(__file__).resolve().parent.parent / "widgets" / "gristmill_widgets" / "samples"
TABLE = "when,weight,town,note\n" + "".join(
    f"2024-01-{at % 28 + 1:02d},{'' if at == 1 else at / 4},{'ab'[at % 2]},{'x' * 500 if at == 2 else 'y'}\n"
    for at in range(90)
)


@pytest.fixture
def mill(home: Path) -> Mill:
    del home
    return embedded(Settings.read(), Notepad())


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
def table(tmp_path: Path) -> Path:
    file = tmp_path / "grain.csv"
    file.write_text(TABLE)
    return file


def seen(mill: Mill, path: Path) -> Preview:
    return mill.preview(mill.admit(mill.upload(path).id).id)


def test_of_a_table_the_first_rows_are_seen_as_a_person_reads_them(mill: Mill, table: Path) -> None:
    found = seen(mill, table)
    assert found.columns == ("when", "weight", "town", "note")
    assert found.rows[:2] == (("2024-01-01", "0", "a", "y"), ("2024-01-02", None, "b", "y"))
    assert len(found.rows) == 50
    assert max(len(cell or "") for row in found.rows for cell in row) <= 160
    assert (found.pictures, found.curves) == ((), ())


def test_of_pictures_every_class_is_seen(mill: Mill, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    from PIL import Image

    found = seen(mill, tasks.find("image-classification").tiny(tmp_path))
    assert len(found.pictures) == 12
    assert {label for one in found.pictures for label in one.labels} == {"box", "disc"}
    first = found.pictures[0]
    with Image.open(io.BytesIO(base64.b64decode(first.jpeg))) as opened:
        assert (opened.format, max(opened.size) <= 240) == ("JPEG", True)
    assert (first.width, first.height) == (48, 48)


@pytest.mark.parametrize("task", ["object-detection", "image-segmentation"])
def test_of_answered_pictures_the_answers_are_seen(mill: Mill, tmp_path: Path, task: str) -> None:
    pytest.importorskip("PIL")
    found = seen(mill, tasks.find(task).tiny(tmp_path)).pictures
    assert found
    if task == "object-detection":
        assert {thing.name for one in found for thing in one.things} == {"thing"}
        assert all(len(thing.box) == 4 for one in found for thing in one.things)
    else:
        assert all(one.labels for one in found)


def test_series_are_seen_as_curves(mill: Mill) -> None:
    found = seen(mill, SAMPLES / "bakeries.zip")
    assert {curve.item for curve in found.curves} > {""} or len({curve.item for curve in found.curves}) > 1
    assert all(2 < len(curve.values) <= 240 for curve in found.curves)
    assert found.curves[0].first < found.curves[0].last


def test_an_edited_version_looks_as_it_was_edited(mill: Mill, table: Path) -> None:
    first = mill.admit(mill.upload(table).id)
    second = mill.revise(first.id, [Edit(act=EditKind.DROP, columns=("town",))])
    assert mill.preview(second.id).columns == ("when", "weight", "note")
    assert "town" in mill.preview(first.id).columns


def test_what_was_put_in_before_there_were_previews_is_looked_at_when_somebody_asks(
    hub: Hub, api: Api, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = hub.admit(hub.upload(table, project="mill").id)
    second = hub.revise(first.id, [Edit(act=EditKind.DROP, columns=("town",))])
    store = api.service.parts.store
    for dataset in (first, second):
        seen = hub.preview(dataset.id)
        store.delete(f"previews/{dataset.origin}.json")
        with monkeypatch.context() as patched:
            patched.setattr("gristmill.mill.data._MOST_LOOKED_AT_AGAIN", 10)
            assert hub.preview(dataset.id) == Preview()  # too large to be opened only to be shown
        assert seen.columns
        assert hub.preview(dataset.id) == seen
        assert store.stat(f"previews/{dataset.origin}.json") is not None  # it is opened once
    store.delete(f"previews/{second.origin}.json")
    hub.delete_dataset(second.id)
    with pytest.raises(NotFound):
        hub.preview(second.id)


# --- over HTTP -------------------------------------------------------------------------------------------------------


def test_a_hub_shows_the_same_and_gives_links(api: Api, hub: Hub, table: Path) -> None:
    import httpx

    dataset = hub.admit(hub.upload(table, project="mill").id)
    assert hub.preview(dataset.id).columns[0] == "when"
    link = hub.dataset_link(dataset.id)
    answer = httpx.get(link if link.startswith("http") else api.url.rstrip("/") + link)
    assert (answer.status_code, answer.text) == (200, TABLE)
    assert "grain.csv" in answer.headers["Content-Disposition"]


def test_an_embedded_platform_has_no_links(mill: Mill, table: Path) -> None:
    dataset = mill.admit(mill.upload(table).id)
    with pytest.raises(NotPossible):
        mill.dataset_link(dataset.id)


# --- deleted ---------------------------------------------------------------------------------------------------------


def test_what_is_deleted_is_gone_and_its_room_is_free(hub: Hub, api: Api, table: Path) -> None:
    dataset = hub.admit(hub.upload(table, project="mill").id)
    before = list(api.service.parts.store.list(""))
    hub.delete_dataset(dataset.id)
    assert hub.datasets() == ()
    with pytest.raises(NotFound):
        hub.dataset(dataset.id)
    left = [stored.key for stored in api.service.parts.store.list("")]
    assert len(before) > len(left) == 0
    assert hub.admit(hub.upload(table, project="mill").id).version == 1


def test_what_runs_have_learned_from_stays_known_and_is_learned_from_no_more(mill: Mill, table: Path) -> None:
    dataset = mill.admit(mill.upload(table).id)
    run = mill.train(RunRequest(dataset_id=dataset.id, target="town", budget=60.0))
    with pytest.raises(Conflict, match="under way"):
        mill.delete_dataset(dataset.id)
    mill.cancel(run.id)
    mill.delete_dataset(dataset.id)
    assert (mill.datasets(), mill.dataset(dataset.id).id) == ((), dataset.id)
    for ask in (lambda: mill.train(RunRequest(dataset_id=dataset.id, target="town")), lambda: mill.rerun(run.id)):
        with pytest.raises(NotFound, match="deleted"):
            ask()


def test_a_file_stays_while_an_edited_version_is_made_of_it(mill: Mill, table: Path) -> None:
    first = mill.admit(mill.upload(table).id)
    second = mill.revise(first.id, [Edit(act=EditKind.DROP, columns=("town",))])
    with pytest.raises(Conflict, match="edited"):
        mill.delete_dataset(first.id)
    mill.delete_dataset(second.id)
    assert [entry.id for entry in mill.datasets()] == [first.id]
    mill.delete_dataset(first.id)
    assert mill.datasets() == ()
