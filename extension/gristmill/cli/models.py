"""Commands that use models: download, stage, predict, batch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gristmill.cli import words
from gristmill.cli.results import RUN_KEYS, conclude
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.cli.training import stay
from gristmill.errors import UsageError
from gristmill.records import RunStatus, Stage

__all__ = ["batch", "download", "predict", "stage"]


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


@click.command(short_help="Put a model into production, or out of it.")
@click.argument("model")
@click.argument("stage", type=click.Choice([stage.value for stage in Stage]), metavar="STAGE")
@json_option("model")
@pass_session
def stage(session: Session, model: str, stage: str) -> None:
    """Put MODEL (its id, or its run's) into a STAGE. The one of its name that was in production before retires."""
    found = session.client.stage(model, Stage(stage))
    session.say(f"{words.plain(found.name)}, version {found.version}: {found.stage}")
    session.fill(model=found)
    session.finish()


@click.command(short_help="Predict rows, texts or pictures, or how series go on.")
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Where to write.")
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


@click.command(short_help="Predict a file by a run of its own.")
@click.argument("model")
@click.argument("data", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the answers.")
@click.option("--set", "settings", type=words.SETTING, multiple=True, help="Such as horizon=7, for a forecast.")
@click.option("--wait/--no-wait", default=True, help="Stay until the run has ended, or leave at once.")
@json_option(*RUN_KEYS, "rows", "predictions")
@pass_session
def batch(session: Session, /, model: str, data: str | None, output: Path | None, **options: Any) -> None:
    """Predict DATA, a file or the id of an upload, with MODEL (its id, or its run's), by a run of its own.

    The file may be larger than memory, and a worker that dies is replaced. Without -o the answers stay with the run:
    they are its artifact `predictions`.
    """
    found, settings = session.client.model(model), dict(options["settings"])
    upload_id = data
    if data is not None and (Path(data).exists() or not data.startswith("upload-")):
        upload_id = session.client.upload(Path(data), project=found.project_id).id
    if output is not None and output.suffix:
        settings = {"output": output.suffix.lower().removeprefix(".")} | settings
    run = stay(session, session.client.batch(found.id, upload_id, settings), wait=options["wait"])
    session.fill(rows=run.rows)
    if run.status is RunStatus.SUCCEEDED and output is not None:
        session.client.fetch(run.id, "predictions", output)
        answers = words.count(run.rows or 0, str(found.schema.get("item", "row")))
        session.say(f"{words.plain(str(output))}: {answers}")
        session.fill(predictions=str(output))
    conclude(session, run)
