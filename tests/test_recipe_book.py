"""Recipes of one's own: tried, kept in versions, found again, and trained with; those that are no good are refused."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from gristmill import app, recipes
from gristmill.catalog import Catalog
from gristmill.errors import NotFound, RecipeInvalid, UsageError
from gristmill.mill import Mill, Parts
from gristmill.recipes import Recipe
from gristmill.records import RecipeEntry, RunRequest, RunStatus
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from gristmill.worker import Worker
from gristmill.worker.attempt import Tools
from services.mills import Notepad

pytestmark = [pytest.mark.engine, pytest.mark.slow]

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def parts(home: Path) -> Parts:
    settings = app.Settings.read()
    store, sandbox = open_store(settings.store), ProcessSandbox(cache=home / "cache")
    catalog = Catalog.open(settings.catalog)
    return Parts(catalog=catalog, store=store, dispatcher=Notepad(), sandbox=sandbox, home=home)


def edited(folder: Path, tail: str = "") -> Path:
    """The built-in recipe with a quick plan and one more cell; executed once, as a person's would be."""
    notebook = nbformat.reads(recipes.find("tabular").text, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(tail))
    notebook.cells.insert(
        2, nbformat.v4.new_code_cell("seed = 7", metadata={"tags": ["injected-parameters"]}, execution_count=3)
    )
    for cell in notebook.cells:
        cell.source = cell.source.replace('hyperparameters = "default"', 'hyperparameters = {"GBM": [{}]}')
        cell.source = cell.source.replace('portfolio = "zeroshot"', 'portfolio = ""')
    path = folder / "mine.ipynb"
    nbformat.write(notebook, path)
    return path


def entry(name: str = "mine", *, public: bool = False) -> RecipeEntry:
    return RecipeEntry(name=name, version="", tasks=("tabular-classification",), project="default", public=public)


def _save(mill: Mill, path: Path, kept: RecipeEntry | None = None) -> RecipeEntry:
    return mill.save_recipe(path.stem, kept or entry(), notebook=path.read_text(encoding="utf-8"))


def test_a_recipe_is_kept_in_versions_and_trained_with(parts: Parts, tmp_path: Path) -> None:
    mill = Mill(parts)
    path = edited(tmp_path, "print('the miller was here')")
    assert (_save(mill, path).version, _save(mill, path).version) == ("1", "2")
    named = {(found.name, found.version) for found in mill.recipes()}
    assert {("mine", "1"), ("mine", "2")} <= named
    kept = nbformat.read(mill.recipe("mine", tmp_path / "kept.ipynb"), as_version=4)
    assert all(cell.get("execution_count") is None for cell in kept.cells)
    assert not any("injected-parameters" in cell.metadata.get("tags", ()) for cell in kept.cells)

    dataset = mill.admit(mill.upload(EXAMPLES / "penguins.csv").id)
    quick = {"hyperparameters": {"GBM": [{}]}, "portfolio": "", "folds": 0}
    run = mill.train(RunRequest(dataset_id=dataset.id, target="species", budget=120.0, recipe="mine@1", settings=quick))
    assert run.recipe == "mine@1"
    tools = Tools(catalog=parts.catalog, store=parts.store, sandbox=parts.sandbox, folder=tmp_path / "work")
    assert Worker(tools).work_once()
    assert mill.run(run.id).status is RunStatus.SUCCEEDED
    assert "the miller was here" in mill.fetch(run.id, "log", tmp_path / "log.txt").read_text()

    assert mill.save_recipe(run.id, entry("again")).tasks == ("tabular-classification",)


def test_a_recipe_that_saves_no_model_is_refused_with_the_reason(parts: Parts, tmp_path: Path) -> None:
    mill = Mill(parts)
    notebook = nbformat.read(edited(tmp_path), as_version=4)
    saves = next(place for place, cell in enumerate(notebook.cells) if "bench.save" in cell.source)
    notebook.cells = notebook.cells[:saves]
    nbformat.write(notebook, tmp_path / "silent.ipynb")
    with pytest.raises(RecipeInvalid, match=r"without saving a model"):
        mill.try_recipe("silent", task="tabular-regression", notebook=(tmp_path / "silent.ipynb").read_text())
    with pytest.raises(RecipeInvalid, match="ZeroDivisionError"):
        _save(mill, edited(tmp_path, "1 / 0"))
    assert [found.name for found in mill.recipes() if found.project] == []


def test_names_and_tasks_are_settled_before_anything_is_tried(parts: Parts, tmp_path: Path) -> None:
    mill, path = Mill(parts), edited(tmp_path)
    for name in ("tabular", "Mine!", "run-1"):
        with pytest.raises(UsageError, match="cannot be a recipe's name"):
            _save(mill, path, entry(name))
    with pytest.raises(UsageError, match="which task"):
        mill.try_recipe("mine", notebook=path.read_text())
    with pytest.raises(NotFound, match="no recipe 'mine@3'"):
        mill.recipe("mine@3", tmp_path / "x.ipynb")
    with pytest.raises(UsageError, match="no version"):
        mill.recipe("mine@latest", tmp_path / "x.ipynb")


def test_only_a_public_recipe_is_seen_from_another_project(parts: Parts, tmp_path: Path) -> None:
    mill, path = Mill(parts), edited(tmp_path)
    _save(mill, path, entry("secret"))
    _save(mill, path, entry("shared", public=True))
    mill.make_project("elsewhere")
    assert [found.name for found in mill.recipes("elsewhere") if found.project] == ["shared"]
    with pytest.raises(NotFound):
        mill.recipe("secret", tmp_path / "x.ipynb", project="elsewhere")


def test_a_cleaned_recipe_runs_as_before(tmp_path: Path) -> None:
    recipe = recipes.given("mine", edited(tmp_path).read_text())
    cleaned = recipe.cleaned()
    assert isinstance(cleaned, Recipe)
    assert cleaned.parameters == recipe.parameters
    assert cleaned.cleaned() == cleaned
