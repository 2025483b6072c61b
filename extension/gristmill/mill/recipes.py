"""Recipes, built in and of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gristmill import recipes
from gristmill.errors import NotFound
from gristmill.mill.parts import UseCases
from gristmill.mill.trail import audited
from gristmill.recipes import Recipe
from gristmill.records import Power, RecipeEntry, replace

__all__ = ["Recipes"]

_FIRST_PROJECT = "default"  # it can be named before there is anything in it


class Recipes(UseCases):
    """What can be asked about recipes."""

    def recipes(self, project: str = _FIRST_PROJECT) -> Sequence[RecipeEntry]:
        """Every recipe that can be named from a project: built-in ones, its own, and public ones."""
        return self._book.entries(self._seen_from(project))

    def recipe(self, source: str, to: Path, *, project: str = _FIRST_PROJECT) -> Path:
        """The notebook of a recipe, or the one that a run was asked to execute, as the file `to`."""
        to.write_text(self.recipe_text(source, project=project), encoding="utf-8")
        return to

    def recipe_text(self, source: str, *, project: str = _FIRST_PROJECT) -> str:
        """The notebook of a recipe, or the one that a run was asked to execute."""
        return self._source(source, self._seen_from(project))[0].text

    @audited("recipe.try")
    def try_recipe(
        self, source: str, *, task: str | None = None, project: str = _FIRST_PROJECT, notebook: str = ""
    ) -> None:
        """Try a recipe, a run's or a notebook on its task's tiny data set; RecipeInvalid where it does not pass.

        With `notebook`, its text, `source` is only what to call it.
        """
        self._gate.must(Power.TRAIN)
        recipe, known = self._source(source, self._seen_from(project), notebook)
        self._book.attempt(recipe, task or known)

    @audited("recipe.save")
    def save_recipe(self, source: str, entry: RecipeEntry, *, notebook: str = "") -> RecipeEntry:
        """Keep a run's recipe or a notebook as `entry` says, under its next version, once it has passed its trial.

        With `notebook`, its text, `source` is only what to call it.
        """
        self._gate.must(Power.TRAIN)
        project_id = self._gate.own_project(entry.project or _FIRST_PROJECT).id
        recipe, known = self._source(source, project_id, notebook)
        if known and not entry.tasks:
            entry = replace(entry, tasks=(known,))
        return self._book.save(recipe, entry, project_id)

    def _source(self, source: str, project_id: str, notebook: str = "") -> tuple[Recipe, str | None]:
        if notebook:
            recipe = recipes.given(source, notebook)
            return recipe, recipe.task
        if source.startswith("run-"):
            self._gate.get(self._catalog.runs, source)
        return self._book.source(source, project_id)

    def _seen_from(self, project: str) -> str:
        """The project's id; none where one's own first project is not there yet."""
        try:
            return self._gate.project(project).id
        except NotFound:
            if project != _FIRST_PROJECT:
                raise
            return ""
