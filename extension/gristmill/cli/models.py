"""Commands that use models: download, predict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


@click.command(short_help="Predict rows, texts or pictures, or how series go on.")
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write.")
@click.option("--set", "settings", type=words.SETTING, multiple=True, help="Such as horizon=7, for a forecast.")
@pass_session
def predict(session: Session, model: str, data: Path | None, output: Path, settings: Sequence[tuple[str, Any]]) -> None:
    """Predict the rows, texts or pictures of DATA with MODEL (its id, or its run's), in their order.

    The output has a column `prediction` and, for classes, one `probability.<class>` each. Series need no DATA: they go
    on from where training ended, or from the end of DATA if there is any, with the columns `prediction` and
    `quantile.0.1` to `quantile.0.9`.
    """
    found = session.client.model(model)
    rows = session.client.predict(found.id, data, output, dict(settings), told=lambda line: click.echo(line, err=True))
    click.echo(f"{words.plain(str(output))}: {words.count(rows, str(found.schema.get('item', 'row')))}")
