"""Recipes: found, read, tried, kept."""

from __future__ import annotations

from anyio import to_thread
from fastapi import Response

from gristmill.api.routes.data import Project
from gristmill.api.routing import Body, Limit, Named, Page, Routes, part
from gristmill.api.service import Service
from gristmill.mill import Mill
from gristmill.records import RecipeEntry

__all__ = ["routes"]

routes = Routes("recipes")

_MOST_SENT = 12 << 20  # bytes: a notebook comes along


class NewRecipe(Body):
    """A recipe to be kept as `entry` says: a run's, or the text of a notebook that is called `source`."""

    source: str
    entry: RecipeEntry
    notebook: str = ""


class Trial(Body):
    """A recipe to be tried: one that is known by `source`, or the text of a notebook that is called so."""

    source: str
    notebook: str = ""
    task: str | None = None
    project: str = "default"


@routes.get("/recipes", who="viewer", gives=RecipeEntry, many=True)
def recipes(mill: Mill, project: Project = None, limit: Limit = 50, cursor: Named = None) -> Page:
    """Every recipe that can be named from a project."""
    return part(
        mill.recipes(project or "default"), limit, cursor, lambda one: f"{one.project or ''}/{one.name}@{one.version}"
    )


@routes.get("/recipes/{source}/notebook", who="viewer", gives=dict)
def notebook(mill: Mill, source: str, project: Project = None) -> Response:
    """The notebook of a recipe, or the one that a run was asked to execute."""
    return Response(mill.recipe_text(source, project=project or "default"), media_type="application/x-ipynb+json")


@routes.post(
    "/recipes", who="editor", power="train", takes=NewRecipe, gives=RecipeEntry, at="/recipes", most=_MOST_SENT
)
async def save(service: Service, mill: Mill, body: NewRecipe) -> RecipeEntry:
    """Keep a notebook as a recipe, once it has passed its trial."""

    def saved() -> RecipeEntry:
        return mill.save_recipe(body.source, body.entry, notebook=body.notebook)

    return await to_thread.run_sync(saved, limiter=service.trials)


@routes.post("/recipes/trial", who="viewer", power="train", takes=Trial, most=_MOST_SENT)
async def trial(service: Service, mill: Mill, body: Trial) -> None:
    """Try a recipe on its task's tiny data set."""

    def tried() -> None:
        mill.try_recipe(body.source, task=body.task, project=body.project, notebook=body.notebook)

    await to_thread.run_sync(tried, limiter=service.trials)
