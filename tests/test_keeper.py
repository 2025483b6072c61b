"""What a run leaves goes into the store: the model first, and again if the recipe changes it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gristmill.catalog import Catalog
from gristmill.errors import StoreFailed
from gristmill.mill import Mill, Parts
from gristmill.records import Run, RunRequest
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import Stored, open_store, places
from gristmill.stores.local import LocalStore
from gristmill.worker.keeper import Keeper
from services.catalogs import lay_catalog
from services.mills import Notepad
from services.waiting import until

EXAMPLES = Path(__file__).parent.parent / "examples"


class FailsOnce(LocalStore):
    """A store that is away when the first file comes."""

    failed = False

    def put_file(self, key: str, path: Path) -> Stored:
        if not self.failed:
            self.failed = True
            raise StoreFailed("The store is away.", cure="Try again.")
        return super().put_file(key, path)


@pytest.fixture
def run(home: Path) -> Iterator[Run]:
    with Catalog.open(lay_catalog(home)) as catalog:
        sandbox, store = ProcessSandbox(cache=home / "cache"), open_store((home / "store").as_uri())
        mill = Mill(Parts(catalog=catalog, store=store, dispatcher=Notepad(), sandbox=sandbox, home=home))
        mill.train(RunRequest(dataset_id=mill.admit(mill.upload(EXAMPLES / "penguins.csv").id).id))
        claimed = catalog.runs.claim("test", 60)
        assert claimed is not None
        yield claimed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder whose recipe has just saved a model."""
    made = tmp_path / "run"
    (made / "out" / "model" / "models" / "LightGBM").mkdir(parents=True)
    for name in ("predictor.pkl", "models/LightGBM/model.pkl"):
        (made / "out" / "model" / name).write_bytes(b"pickled")
    (made / "out" / "model.zip").write_bytes(b"the first model")
    (made / "out" / "results.json").write_text("{}")
    return made


def test_the_model_is_stored_while_the_recipe_goes_on(tmp_path: Path, run: Run, folder: Path) -> None:
    store = LocalStore(tmp_path / "store")
    keeper = Keeper(lambda: store, run, folder)
    keeper.begin()
    keeper.begin()
    until(lambda: store.stat(places.artifact(run, "checkpoint.tar")))
    written = store.stat(places.artifact(run, "model.zip"))
    model, checkpoint = keeper.model()
    assert (model.name, checkpoint.name) == ("model", "checkpoint")
    assert store.read(model.key) == b"the first model"
    assert store.stat(model.key) == written
    keeper.close()


def test_what_the_recipe_saves_again_is_stored_again(tmp_path: Path, run: Run, folder: Path) -> None:
    store = LocalStore(tmp_path / "store")
    keeper = Keeper(lambda: store, run, folder)
    keeper.begin()
    (folder / "out" / "model.zip").write_bytes(b"a better model")
    os.utime(folder / "out" / "model.zip", (1, 1))
    model, _ = keeper.model()
    assert store.read(model.key) == b"a better model"


def test_nothing_begins_before_a_model_is_saved(tmp_path: Path, run: Run, folder: Path) -> None:
    (folder / "out" / "results.json").unlink()
    store = LocalStore(tmp_path / "store")
    keeper = Keeper(lambda: store, run, folder)
    keeper.begin()
    keeper.close()
    assert not keeper.has_saved()
    assert keeper.has_models()
    assert list(store.list()) == []


class Waits(LocalStore):
    """A store that takes nothing before it is let."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.let = threading.Event()

    def put_file(self, key: str, path: Path) -> Stored:
        assert self.let.wait(30)
        return super().put_file(key, path)


def test_what_storing_will_take_goes_by_size_then_by_time_and_ends_with_it(
    tmp_path: Path, run: Run, folder: Path
) -> None:
    store, clock = Waits(tmp_path / "store"), [0.0]
    with (folder / "out" / "model" / "models" / "LightGBM" / "model.pkl").open("wb") as file:
        file.truncate(40_000_000)
    keeper = Keeper(lambda: store, run, folder, lambda: clock[0])
    whole = keeper.seconds_left()
    assert 0.3 < whole < 2
    keeper.begin()
    clock[0] += whole / 4
    assert keeper.seconds_left() == pytest.approx(whole * 3 / 4, rel=0.2)
    clock[0] += 20
    assert 9 < keeper.seconds_left() < 11
    store.let.set()
    keeper.model()
    assert keeper.seconds_left() == 0
    keeper.close()


def test_a_store_that_fails_is_asked_once_more(tmp_path: Path, run: Run, folder: Path) -> None:
    store = FailsOnce(tmp_path / "store")
    keeper = Keeper(lambda: store, run, folder)
    keeper.begin()
    assert [artifact.name for artifact in keeper.model()] == ["model", "checkpoint"]


def test_a_run_that_is_given_up_leaves_no_model(tmp_path: Path, run: Run, folder: Path) -> None:
    store = LocalStore(tmp_path / "store")
    keeper = Keeper(lambda: store, run, folder)
    keeper.begin()
    keeper.forget_model()
    assert store.stat(places.artifact(run, "model.zip")) is None
