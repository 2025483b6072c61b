"""Commands that make models: train, check, cancel, resume, rerun."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from gristmill.cli import words
from gristmill.cli.fair_use import say_price
from gristmill.cli.findings import show_columns, show_plan
from gristmill.cli.following import Left, follow
from gristmill.cli.results import RUN_KEYS, conclude, fill
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.client.notebooks import notebook
from gristmill.client.protocol import Progress
from gristmill.errors import NotConfirmed, possible_budget
from gristmill.records import Dataset, Notice, Run, RunRequest, Severity

__all__ = ["cancel", "check", "resume", "stay", "train"]


_settings = click.option(
    "--set", "settings", type=words.SETTING, multiple=True, help="A parameter of the recipe; may be repeated."
)


@click.command(short_help="Train a model on a ZIP, CSV, Parquet or Excel file.")
@click.argument("data")
@click.option("--target", help="The column to predict; proposed if not given.")
@click.option("--task", help="What kind of answer is wanted, such as tabular-classification.")
@click.option("--metric", help="What candidates are judged by, such as accuracy or rmse.")
@click.option("--budget", type=words.BUDGET, help="The time the run may take: 90s, 10m, 1h30m.")
@click.option("--project", default="default", show_default=True, help="Where the run belongs.")
@click.option("--name", help="What to call the dataset and the run.")
@click.option("--recipe", help="The notebook to train with.")
@_settings
@click.option("--seed", type=int, default=0, show_default=True, help="Where chance begins.")
@click.option("--accept", multiple=True, metavar="CODE", help="Say yes to a notice; may be repeated.")
@click.option("--yes", is_flag=True, help="Say yes to every notice.")
@click.option("--wait/--no-wait", default=True, help="Stay until the run has ended, or leave at once.")
@json_option(*RUN_KEYS)
@pass_session
def train(session: Session, /, data: str, **options: Any) -> None:
    """Train a model on DATA: a ZIP, CSV, Parquet or Excel file, or the id of a dataset.

    What you leave open is proposed from the data. Ctrl-C asks whether to stop or to leave the run alone; where there is
    nobody to ask, it cancels the run.

    \b
        gristmill train flights.zip
        gristmill train flights.zip --target late --budget 10m
    """
    if options["budget"] is not None:
        possible_budget(options["budget"])
    recipe, text = notebook(options["recipe"] or "")  # both are refused before a file is sent, not after it
    session.hasten()
    dataset = _admitted(session, data, options)
    chosen = {name: options[name] for name in ("task", "target", "metric")}
    proposal = session.client.propose(dataset.id, **chosen)
    show_plan(session, dataset.filename, dataset.profile, proposal, options["budget"])
    say_price(session, options["budget"] or proposal.budget)
    notices = (*dataset.profile.notices, *proposal.notices)
    accepted = tuple(options["accept"]) + _accepted(session, notices, options)
    run = session.client.train(
        RunRequest(
            dataset_id=dataset.id, budget=options["budget"], recipe=recipe or None, name=options["name"],
            seed=options["seed"], settings=dict(options["settings"]), accepted=accepted, notebook=text, **chosen,
        )
    )  # fmt: skip
    _stay(session, run, wait=options["wait"])


def _admitted(session: Session, data: str, options: dict[str, Any]) -> Dataset:
    if data.startswith("dataset-") and not Path(data).exists():
        return session.client.dataset(data)
    with _busy(session, f"Storing {data} …") as status:
        shown = _shown(status, f"Storing {data} …")
        upload = session.client.upload(Path(data), project=options["project"], progress=shown)
    with _busy(session, f"Looking at {data} …"):
        return session.client.admit(upload.id, name=options["name"], table=dict(options["settings"]).get("table"))


def _busy(session: Session, what: str) -> AbstractContextManager[object]:
    from rich.text import Text

    return session.console.status(Text(words.plain(what), style="dim")) if session.is_rich else nullcontext()


def _shown(status: object, what: str) -> Progress | None:
    """What shows how far a file is, where somebody looks on."""
    from rich.status import Status
    from rich.text import Text

    if not isinstance(status, Status):
        return None
    return lambda gone, size: status.update(
        Text(f"{words.plain(what)} {words.size(gone)} of {words.size(size)}", style="dim")
    )


def _accepted(session: Session, notices: Sequence[Notice], options: dict[str, Any]) -> tuple[str, ...]:
    """The codes of the notices that the person says yes to now; NotConfirmed at the first no."""
    said: list[str] = []
    for notice in notices:
        if notice.severity is not Severity.CONFIRM or notice.code in options["accept"] or notice.code in said:
            continue
        if not options["yes"]:
            cure = f"To go on all the same: --accept {notice.code}, or --yes"
            if not session.can_ask:
                raise NotConfirmed(notice.message, cause=notice.cure, cure=cure)
            if not click.confirm(f"{words.plain(notice.message)}\nGo on all the same?", err=True):
                raise NotConfirmed("Nothing was started.", cure=cure)
        said.append(notice.code)
    return tuple(said)


def stay(session: Session, run: Run, *, wait: bool) -> Run:
    """The run as it ended, or as it stands when nobody waits for that."""
    session.client.nudge()
    if not session.is_rich:
        session.say(f"queued {run.id}")
    if wait:
        try:
            run = follow(session, run)
        except Left as left:
            click.echo(f"\nThe run goes on. Come back to it: gristmill show {left.run.id}", err=True)
            run = left.run
    return run


def _stay(session: Session, run: Run, *, wait: bool) -> None:
    conclude(session, stay(session, run, wait=wait))


@click.command(short_help="Look at a file without training or keeping anything.")
@click.argument("data")
@click.option("--project", help="Hold it to this project's schema, as an upload would be.")
@_settings
@json_option("profile", "proposal")
@pass_session
def check(session: Session, data: str, project: str | None, settings: Sequence[tuple[str, Any]]) -> None:
    """Look at DATA and say what is in it and what could be learned from it. Nothing is kept."""
    with _busy(session, f"Looking at {data} …"):
        table = dict(settings).get("table")
        profile, proposal = session.client.check(Path(data), table=table, project=project)
    show_columns(session, Path(data).name, profile, proposal)
    session.fill(profile=profile, proposal=proposal)
    session.finish()


@click.command(short_help="End a run, with or without its best model so far.")
@click.argument("run")
@click.option("--keep", is_flag=True, help="Stop training, but finish with the best model so far.")
@json_option(*RUN_KEYS)
@pass_session
def cancel(session: Session, run: str, keep: bool) -> None:
    """End RUN. What it has trained is kept, and `resume` goes on from there."""
    asked = session.client.cancel(session.run(run).id, keep=keep)
    ends = "is asked to finish with what it has" if keep else "is cancelled"
    session.say(f"{asked.id} {ends}")
    fill(session, asked)
    session.finish()


@click.command(short_help="Ask for what a run was asked for again.")
@click.argument("run")
@click.option("--wait/--no-wait", default=True, help="Stay until the run has ended, or leave at once.")
@json_option(*RUN_KEYS)
@pass_session
def rerun(session: Session, /, run: str, *, wait: bool) -> None:
    """Queue a new run that asks for the same as RUN did: data, recipe, budget, seed, settings."""
    _stay(session, session.client.rerun(session.run(run).id), wait=wait)


@click.command(short_help="Go on with an ended run, with more time.")
@click.argument("run")
@click.option("--budget", type=words.BUDGET, help="The time it may take now; as before if not given.")
@_settings
@click.option("--wait/--no-wait", default=True, help="Stay until the run has ended, or leave at once.")
@json_option(*RUN_KEYS)
@pass_session
def resume(session: Session, /, run: str, **options: Any) -> None:
    """Go on with RUN in a new run that keeps what it has trained."""
    earlier = session.run(run)
    budget = options["budget"] or earlier.budget
    _stay(session, session.client.resume(earlier.id, budget, dict(options["settings"])), wait=options["wait"])
