"""The command that looks at a table before anything is learned from it: explore."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from gristmill.cli import words
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.errors import UsageError

__all__ = ["explore"]


@click.command(short_help="Draw what to know of a table before training.")
@click.argument("data")
@click.option("--target", help="The column to be predicted; proposed if not given.")
@click.option("--task", help="What kind of answer is wanted, such as tabular-classification.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the page.")
@click.option("--set", "settings", type=words.SETTING, multiple=True, help="A setting of the data, such as table.")
@click.option("--open", "show_it", is_flag=True, help="Open it in a browser.")
@json_option("page")
@pass_session
def explore(session: Session, /, data: str, **options: Any) -> None:
    """Draw what to know of DATA before a model is trained: a ZIP, CSV, Parquet or Excel file, or the id of a dataset.

    One HTML page that needs nothing else: what stands out, which columns tell of the target, what goes together, what
    is missing, what changes over time. Nothing is kept of the data.
    """
    from rich.text import Text

    path = options["output"] or _page_of(data)
    settings: Sequence[tuple[str, Any]] = options["settings"]
    chosen = {"target": options["target"], "task": options["task"], "table": dict(settings).get("table")}
    says = Text(words.plain(f"Exploring {data} …"), style="dim")
    with session.console.status(says) if session.is_rich else nullcontext():
        path = session.client.explore(data, path, **chosen, told=lambda line: click.echo(words.plain(line), err=True))
    session.say(words.plain(str(path)))
    session.fill(page=str(path))
    session.finish()
    if options["show_it"]:
        click.launch(path.resolve().as_uri())


def _page_of(data: str) -> Path:
    """Where the page goes if nobody says: beside nothing else, under the data's own name."""
    stem = re.sub(r"[^\w.-]+", "-", Path(data).stem).strip("-.") or "data"
    path = Path(f"{stem}-explored.html")
    if path.exists():
        raise UsageError(f"{path} is there already.", cure="Name another file: -o FILE")
    return path
