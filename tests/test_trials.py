"""Every task has a tiny data set that is taken for what it is, and on which its own recipe passes its trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from gristmill import intake, recipes, tasks
from gristmill.sandbox.process import ProcessSandbox
from gristmill.trial import try_recipe

NAMES = [kind.name for kind in tasks.all_kinds()]


@pytest.mark.parametrize("name", NAMES)
def test_a_tiny_data_set_is_taken_for_what_it_is(name: str, tmp_path: Path) -> None:
    kind = tasks.find(name)
    (tmp_path / "scratch").mkdir()
    profile = intake.inspect(kind.tiny(tmp_path), tmp_path / "scratch")
    proposal = intake.propose(profile, task=name, target=kind.tiny_target)
    assert (proposal.task, proposal.target) == (name, kind.tiny_target)
    plan = tasks.LoadPlan(target=kind.tiny_target)
    train, test = kind.load(tmp_path / "scratch" / "data", profile, plan)
    assert len(train)
    assert len(test)
    if name in ("text-classification", "image-classification"):
        assert intake.propose(profile).task == name


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["text-classification", "image-classification"])
def test_the_built_in_recipe_passes_its_trial(name: str, tmp_path: Path) -> None:
    recipe = recipes.find(tasks.find(name).recipe.removesuffix(".ipynb"))
    found = try_recipe(recipe, name, ProcessSandbox(cache=tmp_path / "cache", cpus=1), tmp_path)
    assert found.score > 0.9
