"""Recipes of one's own: a notebook that was edited, or a run's, kept under a name for whoever wants to run it again.

A recipe is accepted once it has passed its trial. Saving it again under the same name makes its next version; runs name
the version that they used, so none is ever changed or removed.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gristmill import recipes, records, tasks
from gristmill.bench import Results
from gristmill.catalog import Catalog
from gristmill.errors import UsageError
from gristmill.looking import Here, Looking
from gristmill.recipes import Recipe
from gristmill.records import RecipeEntry, SavedRecipe
from gristmill.sandbox import Sandbox
from gristmill.stores import Shelf, places
from gristmill.trial import try_recipe

__all__ = ["RecipeBook"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecipeBook:
    """All recipes that somebody can name: the built-in ones, and those of the catalog."""

    catalog: Catalog
    shelf: Shelf
    sandbox: Sandbox
    home: Path  # where trials are held
    looking: Looking = field(default_factory=Here)

    def find(self, name: str, project_id: str) -> Recipe:
        """The built-in recipe of that name, or a saved one: `name` or `name@version`."""
        if name in recipes.names():
            return recipes.find(name)
        stem, _, version = name.partition("@")
        if version and not version.isdigit():
            raise UsageError(f"{version!r} is no version of a recipe.", cure="Give a number: name@3.")
        saved = self.catalog.recipes.find(stem, project_id, int(version) if version else None)
        return Recipe(name=saved.name, text=self.shelf.of(saved).read(saved.key).decode(), number=saved.version)

    def source(self, source: str, project_id: str) -> tuple[Recipe, str | None]:
        """The recipe that a run was asked to execute, or the one `find` finds; and the task it is known to be for."""
        if not source.startswith("run-"):
            recipe = self.find(source, project_id)
            return recipe, recipe.task
        run = self.catalog.runs.get(source)
        text = self.catalog.papers.read(run.id, places.recipe(run.id), self.shelf.of(run).read).decode()
        return Recipe(name=run.recipe.partition("@")[0], text=text), run.task

    def entries(self, project_id: str) -> Sequence[RecipeEntry]:
        """Every recipe that can be named from the project, the built-in ones first."""
        return (*_built_in(), *(self._entry(saved) for saved in self.catalog.recipes.list(project_id, limit=1000)))

    def attempt(self, recipe: Recipe, task: str | None) -> Results:
        """What the recipe finds in its task's tiny data set; RecipeInvalid where it does not pass."""
        return self._attempt(recipe.cleaned(), task)

    def save(self, recipe: Recipe, entry: RecipeEntry, project_id: str) -> RecipeEntry:
        """Keep the recipe as `entry` says, under its next version, once it has passed its trial."""
        if not _NAME.fullmatch(entry.name) or entry.name in recipes.names() or entry.name.startswith("run-"):
            raise UsageError(
                f"{entry.name!r} cannot be a recipe's name.",
                cause="It is the name of a built-in recipe." if entry.name in recipes.names() else "",
                cure="Use small letters, digits and hyphens, such as flights-with-weather.",
            )
        recipe = recipe.cleaned()
        self._attempt(recipe, entry.tasks[0] if entry.tasks else None)
        recipe_id = records.new_id("recipe")
        saved = SavedRecipe(
            id=recipe_id,
            project_id=project_id,
            name=entry.name,
            version=0,
            task=entry.tasks[0],
            public=entry.public,
            key=places.saved_recipe(recipe_id),
            sha256=hashlib.sha256(recipe.text.encode()).hexdigest(),
            created_at=time.time(),
            store_id=self.shelf.next_id(project_id),
        )
        self.shelf.of(saved).put_bytes(saved.key, recipe.text.encode())
        return self._entry(self.catalog.recipes.add(saved))

    def _attempt(self, cleaned: Recipe, task: str | None) -> Results:
        self.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.home, prefix="trial-", ignore_cleanup_errors=True) as scratch:
            return try_recipe(cleaned, _settled(task), self.sandbox, Path(scratch), self.looking)

    def _entry(self, saved: SavedRecipe) -> RecipeEntry:
        return RecipeEntry(
            name=saved.name,
            version=str(saved.version),
            tasks=(saved.task,),
            project=self.catalog.projects.get(saved.project_id).name,
            public=saved.public,
            created_at=saved.created_at,
        )


def _settled(task: str | None) -> str:
    if task is None:
        raise UsageError("Nothing says which task the recipe is for.", cure="Name it: --task tabular-classification.")
    return tasks.find(task).name


def _built_in() -> Sequence[RecipeEntry]:
    kinds = {
        name: [kind.name for kind in tasks.all_kinds() if kind.recipe == f"{name}.ipynb"] for name in recipes.names()
    }
    return tuple(
        RecipeEntry(name=name, version=recipes.find(name).version, tasks=tuple(used)) for name, used in kinds.items()
    )
