"""The Mill's use cases up to the queue, where no worker is needed; test_worker.py goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gristmill import recipes
from gristmill.catalog import Catalog
from gristmill.errors import (
    BudgetTooSmall,
    Conflict,
    DataRejected,
    GristmillError,
    NotConfirmed,
    NotFound,
    UsageError,
)
from gristmill.mill import Mill, Parts
from gristmill.records import Dataset, RunRequest, RunStatus, UploadStatus, replace
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from services.catalogs import lay_catalog
from services.mills import NobodyAnswers, Notepad

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def notepad() -> Notepad:
    return Notepad()


@pytest.fixture
def catalog(home: Path) -> Iterator[Catalog]:
    with Catalog.open(lay_catalog(home)) as opened:
        yield opened


@pytest.fixture
def mill(home: Path, catalog: Catalog, notepad: Notepad) -> Mill:
    store = open_store((home / "store").as_uri())
    sandbox = ProcessSandbox(cache=home / "cache")
    return Mill(Parts(catalog=catalog, store=store, dispatcher=notepad, sandbox=sandbox, home=home))


@pytest.fixture
def penguins(mill: Mill) -> Dataset:
    return mill.admit(mill.upload(EXAMPLES / "penguins.csv").id)


def test_check_registers_nothing(mill: Mill, home: Path) -> None:
    profile, proposal = mill.check(EXAMPLES / "penguins.csv")
    assert profile.rows == 344
    assert proposal is not None
    assert mill.datasets() == ()
    assert not list(home.glob("scratch-*"))
    assert not [path for path in (home / "store" / "objects").rglob("*") if path.is_file()]


def test_an_upload_becomes_one_dataset_and_the_next_one_a_new_version(mill: Mill, penguins: Dataset) -> None:
    again = mill.admit(mill.upload(EXAMPLES / "penguins.csv").id)
    assert (penguins.version, again.version) == (1, 2)
    assert again.sha256 == penguins.sha256
    with pytest.raises(Conflict):
        mill.admit(again.upload_id)


def test_what_is_rejected_is_kept_and_is_never_a_dataset(mill: Mill, catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)) * 64)
    upload = mill.upload(tmp_path / "noise.csv")
    with pytest.raises(DataRejected) as refused:
        mill.admit(upload.id)
    assert "noise.csv" in str(refused.value)
    kept = catalog.uploads.get(upload.id)
    assert (kept.status, kept.failure) == (UploadStatus.REJECTED, refused.value.failure)
    assert mill.datasets() == ()


def test_a_run_is_what_was_asked_for_and_the_rest_as_proposed(mill: Mill, penguins: Dataset, notepad: Notepad) -> None:
    run = mill.train(RunRequest(dataset_id=penguins.id, target="species", budget=90))
    assert (run.status, run.task, run.target, run.budget) == (
        RunStatus.QUEUED,
        "tabular-classification",
        "species",
        90,
    )
    assert run.recipe.startswith("tabular@")
    assert notepad.hints == [run.id]
    assert mill.cancel(run.id).status is RunStatus.CANCELLED
    resumed = mill.resume(run.id, 120, {"folds": 5})
    assert (resumed.resumed_from, resumed.settings, resumed.status) == (run.id, {"folds": 5}, RunStatus.QUEUED)
    assert [found.id for found in mill.runs()] == [resumed.id, run.id]


def test_a_budget_that_cannot_be_kept_is_refused(mill: Mill, penguins: Dataset) -> None:
    with pytest.raises(BudgetTooSmall, match="at least 30 seconds"):
        mill.train(RunRequest(dataset_id=penguins.id, budget=5))
    with pytest.raises(UsageError, match="at most 30 days"):
        mill.train(RunRequest(dataset_id=penguins.id, budget=10**8))
    with pytest.raises(UsageError):
        mill.train(RunRequest(dataset_id=penguins.id, metric="luck"))
    with pytest.raises(DataRejected, match="specie"):
        mill.train(RunRequest(dataset_id=penguins.id, target="specie"))


def test_who_brings_a_notebook_has_what_came_before_kept_first(mill: Mill, penguins: Dataset, catalog: Catalog) -> None:
    """It may be long: those whose runs were made in the same transaction are not to wait for it."""
    request, told = RunRequest(dataset_id=penguins.id, target="species"), list[GristmillError | None]()
    with catalog.grouped() as group:
        group.carry_out(lambda: mill.train(request), lambda _, lost: told.append(lost))
        assert told == []
        mill.train(replace(request, notebook=recipes.find("tabular").text))
        assert told == [None]
    assert len(mill.runs()) == 2


def test_rare_classes_need_a_yes(mill: Mill, tmp_path: Path) -> None:
    rows = [f"{i},{'abc'[i % 3]}" for i in range(90)] + ["1,d", "2,d"]
    (tmp_path / "rare.csv").write_text("measure,kind\n" + "\n".join(rows))
    dataset = mill.admit(mill.upload(tmp_path / "rare.csv").id)
    request = RunRequest(dataset_id=dataset.id, target="kind", task="tabular-classification")
    with pytest.raises(NotConfirmed, match="'d'"):
        mill.train(request)
    accepted = RunRequest(
        dataset_id=dataset.id, target="kind", task="tabular-classification", accepted=("rare-classes",)
    )
    assert mill.train(accepted).status is RunStatus.QUEUED


def test_what_is_not_there_is_not_found(mill: Mill, penguins: Dataset, tmp_path: Path) -> None:
    run = mill.train(RunRequest(dataset_id=penguins.id))
    for ask in (
        lambda: mill.run("run-nobody"),
        lambda: mill.model("model-nobody"),
        lambda: mill.model(run.id),
        lambda: mill.dataset("dataset-nobody"),
        lambda: mill.runs(project="nobody"),
        lambda: mill.fetch(run.id, "report", tmp_path / "report.html"),
    ):
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(Conflict, match="still queued"):
        mill.resume(run.id, 60)
    with pytest.raises(UsageError, match="is a folder"):
        mill.upload(tmp_path)
    with pytest.raises(UsageError, match="There is no file"):
        mill.check(tmp_path / "nowhere.zip")


def test_a_run_folder_can_be_had_before_the_run_has_run(mill: Mill, penguins: Dataset, tmp_path: Path) -> None:
    run = mill.train(RunRequest(dataset_id=penguins.id))
    folder = mill.folder(run.id, tmp_path / "mine")
    beside = {"explore.ipynb", "predict.ipynb"}
    assert {path.name for path in folder.iterdir()} == {"data", "run.json", "notebook.ipynb"} | beside
    assert (folder / "data" / "penguins.csv").read_bytes() == (EXAMPLES / "penguins.csv").read_bytes()
    with pytest.raises(UsageError, match="not empty"):
        mill.folder(run.id, folder)


def test_a_run_is_queued_though_nobody_can_be_told(
    mill: Mill, penguins: Dataset, catalog: Catalog, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, sandbox = open_store((home / "store").as_uri()), ProcessSandbox(cache=home / "cache")
    alone = Mill(Parts(catalog=catalog, store=store, dispatcher=NobodyAnswers(), sandbox=sandbox, home=home))
    run = alone.train(RunRequest(dataset_id=penguins.id))
    assert mill.run(run.id).status is RunStatus.QUEUED
    assert "nobody could be told: No worker stays alive" in caplog.text


def test_looking_at_the_recipes_of_a_project_makes_none(mill: Mill, catalog: Catalog, tmp_path: Path) -> None:
    assert {"tabular", "series"} <= {entry.name for entry in mill.recipes()}
    assert mill.recipe("tabular", tmp_path / "tabular.ipynb").exists()
    with pytest.raises(NotFound, match="no recipe"):
        mill.recipe("mine", tmp_path / "mine.ipynb")
    with pytest.raises(NotFound, match="no project"):
        mill.recipes("nobody")
    assert catalog.projects.list() == ()


@pytest.mark.parametrize(("said", "searcher"), [(True, "bayes"), ("random", "random"), ("Bayes", "bayes"), (False, "")])
def test_a_search_is_a_setting_of_the_run(mill: Mill, penguins: Dataset, said: object, searcher: str) -> None:
    run = mill.train(RunRequest(dataset_id=penguins.id, settings={"tune": said}))
    assert run.settings == {"tune": searcher}


def test_a_search_that_nobody_knows_is_refused(mill: Mill, penguins: Dataset) -> None:
    with pytest.raises(UsageError, match=r"tune cannot be 'hard'.*tune=random"):
        mill.train(RunRequest(dataset_id=penguins.id, settings={"tune": "hard"}))
