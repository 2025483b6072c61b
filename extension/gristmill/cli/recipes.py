"""Commands for recipes of one's own: recipe save, list, show, test."""

from __future__ import annotations

from pathlib import Path

import click

from gristmill.cli import words
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.client.notebooks import notebook
from gristmill.records import RecipeEntry

__all__ = ["recipe"]

_project = click.option("--project", default="default", show_default=True, help="The project whose recipe it is.")
_task = click.option("--task", help="What the recipe is for, where nothing else says so.")


@click.group(short_help="Keep notebooks of your own as recipes: save, list, show, test.")
def recipe() -> None:
    """Keep notebooks of your own as recipes, to train with: gristmill train DATA --recipe NAME"""


@recipe.command(short_help="Keep a run's notebook, or a file, as a recipe.")
@click.argument("source")
@click.option("--name", required=True, help="What to call it: small letters, digits, hyphens.")
@click.option("--public", is_flag=True, help="Let other projects use it, too.")
@_task
@_project
@pass_session
def save(session: Session, source: str, name: str, *, public: bool, task: str | None, project: str) -> None:
    """Keep SOURCE, a run's id or a notebook's path, under a name. It is tried on a tiny data set first.

    What was kept under the name before stays: this is its next version.
    """
    entry = RecipeEntry(name=name, version="", tasks=(task,) if task else (), project=project, public=public)
    source, text = notebook(source)
    saved = session.client.save_recipe(source, entry, notebook=text)
    click.echo(f"{saved.name}@{saved.version}")


@recipe.command("list", short_help="List recipes.")
@_project
@json_option("recipes")
@pass_session
def list_recipes(session: Session, project: str) -> None:
    """List the recipes that a project can name. In a pipe: name, version, tasks, project, separated by tabs."""
    found = session.client.recipes(project)
    for entry in found:
        line = (f"{entry.name}@{entry.version}", ", ".join(entry.tasks), entry.project or "built in")
        session.say("\t".join(words.plain(part) for part in line))
    session.fill(recipes=found)
    session.finish()


@recipe.command(short_help="Print a recipe's notebook, or write it with -o.")
@click.argument("source")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write.")
@_project
@pass_session
def show(session: Session, source: str, output: Path, project: str) -> None:
    """Write the notebook of SOURCE (a recipe's name, name@version, or a run's id), to be read and edited."""
    click.echo(session.client.recipe(source, output, project=project))


@recipe.command(short_help="Try a recipe on a tiny data set.")
@click.argument("source")
@_task
@_project
@pass_session
def test(session: Session, source: str, task: str | None, project: str) -> None:
    """Try SOURCE (a recipe's name, a notebook's path or a run's id) on a tiny data set, as saving it would."""
    called, text = notebook(source)
    session.client.try_recipe(called, task=task, project=project, notebook=text)
    click.echo(f"{words.plain(source)} passed its trial.")
