"""Tries a recipe on a tiny data set: whatever is wrong with it is told before anybody waits for it.

What is asked of it is what every run asks: that it comes to its end, and that it saves a model which can be asked.
"""

from __future__ import annotations

from pathlib import Path

from gristmill import records, tasks
from gristmill.bench import BenchFile, Results
from gristmill.errors import RecipeInvalid
from gristmill.looking import Here, Looking
from gristmill.recipes import Recipe
from gristmill.sandbox import End, Ending, Sandbox, execute

__all__ = ["try_recipe"]

_BUDGET = 60.0  # seconds; they count from when the recipe opens its bench
_PATIENCE = 600.0  # seconds, also on a machine that has much else to do: a recipe that heeds its budget ends before


def try_recipe(recipe: Recipe, task: str, sandbox: Sandbox, scratch: Path, looking: Looking | None = None) -> Results:
    """What the recipe found in the task's tiny data set; RecipeInvalid where it found nothing."""
    kind = tasks.find(task)
    folder = scratch / "run"
    folder.mkdir()
    seen = (looking or Here()).look_at_tiny(task, scratch, folder)
    profile, proposal = seen.profile, seen.proposal
    file = BenchFile(
        run_id="trial",
        name="trial",
        recipe=recipe.name,
        task=task,
        target=proposal.target,
        metric=proposal.metric,
        budget=_BUDGET,
        seed=0,
        profile=profile,
        resources=sandbox.resources(),
    )
    file.write(folder)
    notebook = folder / "notebook.ipynb"
    notebook.write_text(recipe.text, encoding="utf-8")
    parameters, _ = kind.plan(profile, _BUDGET, file.resources, smaller=True)
    chosen = {"target": file.target, "metric": file.metric, "seed": file.seed} | parameters
    ending = execute(
        sandbox.prepare(folder),
        notebook,
        {name: chosen[name] for name in recipe.parameters & chosen.keys()},
        seconds=_PATIENCE,
        memory=file.resources.memory,
    )
    return _results(recipe, folder, ending)


def _results(recipe: Recipe, folder: Path, ending: Ending | None) -> Results:
    what = f"The recipe {recipe.name} did not pass its trial on a tiny data set."
    if ending is None:
        cause = f"It was not done after {_PATIENCE / 60:g} minutes."
        raise RecipeInvalid(what, cause=cause, cure="Have it heed the budget.")
    if ending.kind is not End.DONE:
        said = f"{ending.error}: {ending.message}".strip(": ")
        raise RecipeInvalid(what, cause=f"{said}.".replace("..", "."), cure="Mend the cell that raises this.")
    if not all((folder / "out" / name).exists() for name in ("results.json", "model.zip")):
        raise RecipeInvalid(
            what, cause="It came to its end without saving a model.", cure="End it with bench.save(...)."
        )
    return records.decode((folder / "out" / "results.json").read_bytes(), Results)
