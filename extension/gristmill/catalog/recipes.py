"""Recipes of one's own: each saved notebook is one version of its name in its project."""

from __future__ import annotations

from sqlalchemy import Select, or_, select

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.errors import NotFound
from gristmill.records import SavedRecipe, replace

__all__ = ["Recipes"]


class Recipes(Rows[SavedRecipe]):
    """All saved recipes. The notebooks themselves lie in the store."""

    table = tables.recipes
    noun = "recipe"
    kind = SavedRecipe

    def add(self, recipe: SavedRecipe) -> SavedRecipe:
        """Keep the recipe under the next version of its name, whatever the record says."""
        with self._database.writing() as connection:
            version = self._next_version(connection, recipe.project_id, recipe.name)
            return self._insert(connection, replace(recipe, version=version))

    def find(self, name: str, project_id: str | None, version: int | None = None) -> SavedRecipe:
        """That version, or the latest, of the project's recipe of that name; otherwise a public one's.

        Without a project there are public ones only.
        """
        columns = self.table.c
        query = self._seen_from(project_id).where(columns.name == name)
        if version is not None:
            query = query.where(columns.version == version)
        own_first = (columns.project_id != project_id, columns.version.desc(), columns.created_at.desc())
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(*own_first).limit(1)).one_or_none()
        if row is None:
            which = name if version is None else f"{name}@{version}"
            raise NotFound(f"There is no recipe {which!r}.", cure="See: gristmill recipe list")
        return self._record(row)

    def list(self, project_id: str | None, before: str | None = None, limit: int = 50) -> tuple[SavedRecipe, ...]:
        """A page of the project's recipes and of public ones, every version."""
        return self._page(self._seen_from(project_id), before, limit)

    def _seen_from(self, project_id: str | None) -> Select[tuple[object, ...]]:
        return select(self.table).where(or_(self.table.c.project_id == project_id, self.table.c.public))
