"""The command that deletes a run, a model or a dataset for good: delete."""

from __future__ import annotations

from collections.abc import Callable

import click

from gristmill.cli import words
from gristmill.cli.session import Session, pass_session
from gristmill.errors import UsageError

__all__ = ["delete"]


@click.command(short_help="Delete a run, a model or a dataset for good.")
@click.argument("thing")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def delete(session: Session, thing: str, *, yes: bool) -> None:
    """Delete THING, the id of a run, a model or a dataset, for good.

    A run goes with its model, its report and its notebook. A model goes alone: its run stays. Of a dataset the file
    goes: runs and models made of it stay. What something needs is not deleted, and you are told what that is.
    """
    client = session.client
    do: Callable[[str], None]
    if thing.startswith("run-"):
        run = client.run(thing)
        told, do = f"the run {run.name}, with its model, report and notebook", client.delete_run
        told = told if run.model_id and run.kind == "train" else f"the run {run.name}, with all that it has left"
    elif thing.startswith("model-"):
        model = client.model(thing)
        told, do = f"the model {model.name}, version {model.version}", client.delete_model
    elif thing.startswith("dataset-"):
        dataset = client.dataset(thing)
        told, do = f"the dataset {dataset.name}, version {dataset.version}, and its file", client.delete_dataset
    else:
        raise UsageError(
            f"{thing[:60]!r} is no id of what can be deleted.", cure="Give that of a run, model or dataset."
        )
    if not yes:
        if not session.can_ask:
            raise UsageError(
                f"This would delete {words.plain(told)}.", cure=f"To do so, say: gristmill delete {thing} --yes"
            )
        click.confirm(f"Delete {words.plain(told)}, for good?", abort=True, err=True)
    do(thing)
    session.say(f"Deleted {words.plain(told)}.")
