"""Recipes: what makes a notebook one, and a sentence for each that is not."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

from gristmill import recipes
from gristmill.errors import NotFound, RecipeInvalid


def notebook(folder: Path, *cells: tuple[str, str]) -> Path:
    """A notebook of code cells, each with one tag or none."""
    made = nbformat.v4.new_notebook()
    for source, tag in cells:
        made.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [tag]} if tag else {}))
    path = folder / "mine.ipynb"
    nbformat.write(made, path)
    return path


OPENS = ("bench = Bench.open(run)", "")


def test_the_built_in_recipes_are_sound_and_open_in_plain_words() -> None:
    assert "tabular" in recipes.names()
    for name in recipes.names():
        recipe = recipes.find(name)
        assert {"run", "target", "metric", "seed"} <= recipe.parameters
        cells = nbformat.reads(recipe.text, as_version=4).cells
        assert cells[0].cell_type == "markdown"
        assert all(not cell.outputs and cell.execution_count is None for cell in cells if cell.cell_type == "code")
        for cell in cells:
            if cell.cell_type == "code":
                ast.parse(cell.source)


def test_what_is_fitted_later_has_no_ensemble_of_its_own() -> None:
    # fit_extra makes one over its own candidates alone, and the best of two halves is no ensemble over all.
    found = 0
    for name in recipes.names():
        cells = nbformat.reads(recipes.find(name).text, as_version=4).cells
        tree = ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        without = {
            ast.unparse(call) for call in calls if any(one.arg == "fit_weighted_ensemble" for one in call.keywords)
        }
        groups = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and any(call in ast.unparse(node.value) for call in without)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        later = [call for call in calls if ast.unparse(call.func) == "predictor.fit_extra"]
        for call in later:
            spread = {ast.unparse(one.value) for one in call.keywords if one.arg is None}
            assert ast.unparse(call) in without or spread & groups, f"{name}: {ast.unparse(call)}"
        assert not later or any(ast.unparse(call.func) == "predictor.fit_weighted_ensemble" for call in calls)
        found += len(later)
    assert found > 5


def test_notebooks_that_no_task_trains_with_are_no_recipes() -> None:
    assert {"explore", "predict"}.isdisjoint(recipes.names())
    with pytest.raises(NotFound, match="There is no recipe 'explore'"):
        recipes.find("explore")


def test_a_notebook_of_ones_own_comes_as_text_and_is_versioned_by_it(tmp_path: Path) -> None:
    path = notebook(tmp_path, ("run = '.'\ndepth: int = 3", "parameters"), OPENS)
    recipe = recipes.given(path.name, path.read_text())
    assert recipe.name == "mine"
    assert recipe.parameters == {"run", "depth"}
    other = path.read_text().replace("depth: int = 3", "depth: int = 4")
    assert recipes.given("mine", other).version != recipe.version


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ([OPENS], "has 0 cells tagged 'parameters'"),
        ([("a = 1", "parameters"), ("b = 2", "parameters"), OPENS], "has 2 cells tagged 'parameters'"),
        ([("a = 1", "parameters")], "never opens the bench"),
        ([("a = = 1", "parameters"), OPENS], "is not Python: line 1"),
    ],
)
def test_what_is_no_recipe_is_refused_with_the_reason(
    tmp_path: Path, cells: list[tuple[str, str]], sentence: str
) -> None:
    with pytest.raises(RecipeInvalid, match=sentence):
        recipes.given("mine", notebook(tmp_path, *cells).read_text())


def test_what_is_no_notebook_is_refused_and_paths_are_not_opened(tmp_path: Path) -> None:
    for text in ("not a notebook", "[]", "{}", "x" * 8_000_001):
        with pytest.raises(RecipeInvalid, match=r"is not a notebook|too long"):
            recipes.given("mine", text)
    path = notebook(tmp_path, ("run = '.'", "parameters"), OPENS)
    for name in (str(path), "tabula"):
        with pytest.raises(NotFound, match=f"There is no recipe '{name}'"):
            recipes.find(name)
