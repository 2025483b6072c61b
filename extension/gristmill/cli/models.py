"""Commands that use models: download, predict."""

from __future__ import annotations

import re
from pathlib import Path

import click

from gristmill.cli import words
from gristmill.cli.session import Session, pass_session
from gristmill.errors import UsageError

__all__ = ["download", "predict"]


@click.command(short_help="Save a model as a .zip that works anywhere.")
@click.argument("model")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it.")
@pass_session
def download(session: Session, model: str, output: Path | None) -> None:
    """Save MODEL (its id, or its run's) as a .zip: the predictor, its schema, and a predict.py for AutoGluon alone."""
    found = session.client.model(model)
    stem = re.sub(r"[^\w.-]+", "-", found.name).strip("-.") or "model"
    path = output or Path(f"{stem}-v{found.version}.zip")
    if output is None and path.exists():
        raise UsageError(f"{path} is there already.", cure="Name another file: -o FILE")
    click.echo(session.client.download(found.id, path))


@click.command(short_help="Predict the rows of a file.")
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write.")
@pass_session
def predict(session: Session, model: str, data: Path, output: Path) -> None:
    """Predict the rows of DATA with MODEL (its id, or its run's), in their order.

    The output has a column `prediction` and, for classes, one `probability.<class>` each.
    """
    rows = session.client.predict(session.client.model(model).id, data, output)
    click.echo(f"{words.plain(str(output))}: {rows:,} rows")
