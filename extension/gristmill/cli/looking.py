"""Commands that look at runs: runs, show, compare, logs, report, notebook."""

from __future__ import annotations

import time
from pathlib import Path

import click

from gristmill.cli import words
from gristmill.cli.results import RUN_KEYS, fetched, show_run
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.errors import NotFound, UsageError
from gristmill.records import Event, EventKind, Run, RunKind, RunStatus

__all__ = ["compare", "logs", "notebook", "report", "runs", "show"]

_NUDGE_EVERY = 2.0


@click.command(short_help="List runs, newest first.")
@click.option("--project", help="Only runs of this project.")
@click.option("--status", type=click.Choice([status.value for status in RunStatus]), help="Only runs that stand so.")
@click.option("--kind", type=click.Choice([kind.value for kind in RunKind]), help="Only runs that are for this.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
@json_option("runs")
@pass_session
def runs(session: Session, project: str | None, status: str | None, kind: str | None, limit: int) -> None:
    """List runs, newest first. In a pipe: id, status, score, metric, target, name, separated by tabs."""
    found = session.client.runs(
        project, RunStatus(status) if status else None, limit, kind=RunKind(kind) if kind else None
    )
    if session.is_rich:
        from gristmill.cli import pages

        page = pages.runs_page(found, width=session.console.width)
        session.console.print(page if found else "There is no run yet. Start one: gristmill train DATA")
    for run in found if not session.is_rich else ():
        points = "" if run.score is None else f"{run.score:.6g}"
        line = (run.id, run.status, points, run.metric, run.target, run.name)
        session.say("\t".join(words.plain(part).replace("\t", " ") for part in line))
    session.fill(runs=found)
    session.finish()


@click.command(short_help="Show how a run stands, or what it came to.")
@click.argument("run", required=False)
@json_option(*RUN_KEYS)
@pass_session
def show(session: Session, run: str | None) -> None:
    """Show RUN, or the latest run: status, score, leaderboard, and where its model, report and notebook are."""
    found = session.run(run)
    show_run(session, found)
    if found.failure and session.answer is None:
        click.secho(words.plain(str(found.failure)), err=True, fg="red")
    session.finish()


@click.command(short_help="Put runs beside each other.")
@click.argument("runs", nargs=-1, required=True)
@json_option("runs", "differs", "comparable", "best")
@pass_session
def compare(session: Session, /, runs: tuple[str, ...]) -> None:
    """Put two RUNS or more beside each other: a line a field, a column a run, separated by tabs."""
    found = session.client.compare([session.run(run).id for run in runs])
    for name in ("id", "status", "score", "metric", "target", "task", "recipe", "budget", "seed"):
        values = [words.plain(str(getattr(run, name))).replace("\t", " ") for run in found.runs]
        session.say("\t".join([name, *values]))
    if found.comparable and found.best:
        session.say(f"best\t{found.best}")
    session.fill(runs=found.runs, differs=found.differs, comparable=found.comparable, best=found.best)
    session.finish()


@click.command(short_help="Print what a run has said, and follow it with -f.")
@click.argument("run", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended. Ctrl-C leaves it running.")
@pass_session
def logs(session: Session, run: str | None, follow: bool) -> None:
    """Print what RUN, or the latest run, has said."""
    found = session.run(run)
    try:
        _print_events(session, found, follow=follow)
    except KeyboardInterrupt:
        click.echo(f"\n{found.id} goes on.", err=True)


def _print_events(session: Session, run: Run, *, follow: bool) -> None:
    client, seen, nudged = session.client, 0, float("-inf")
    while True:
        is_over = client.run(run.id).status.is_final  # asked first: what it said before it ended is there by then
        events = client.events(run.id, after=seen, wait=0.5 if follow and not is_over else 0.0)
        for event in events:
            _print_event(event)
            seen = event.seq
        if not events and (is_over or not follow):
            return
        if not is_over and follow and time.monotonic() - nudged > _NUDGE_EVERY:
            client.nudge()
            nudged = time.monotonic()


def _print_event(event: Event) -> None:
    if event.kind is EventKind.LOG:
        click.echo(words.plain(str(event.body.get("text", ""))), nl=False)
    elif event.kind is EventKind.PHASE:
        said = " ".join(words.plain(str(event.body.get(name, ""))) for name in ("phase", "model"))
        click.secho(f"-- {time.strftime('%H:%M:%S', time.localtime(event.at))} {said.strip()}", dim=True)
    elif event.kind is EventKind.NOTICE:
        click.secho(f"-- {words.plain(str(event.body.get('message', '')))}", fg="yellow")


@click.command(short_help="Fetch a run's report, and open it with --open.")
@click.argument("run", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it.")
@click.option("--open", "show_it", is_flag=True, help="Open it in a browser.")
@pass_session
def report(session: Session, run: str | None, output: Path | None, show_it: bool) -> None:
    """Print where the report of RUN, or of the latest run, is: one HTML page that needs nothing else."""
    path = _file(session, session.run(run), "report", output)
    click.echo(path)
    if show_it:
        click.launch(path.resolve().as_uri())


@click.command(short_help="Fetch a run's notebook, or with --folder its whole run folder.")
@click.argument("run", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the notebook.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to unpack data and notebook, to run it by hand.")
@pass_session
def notebook(session: Session, run: str | None, output: Path | None, folder: Path | None) -> None:
    """Print where the notebook of RUN, or of the latest run, is, as it was executed."""
    found = session.run(run)
    if folder and output:
        raise UsageError("Choose --output or --folder.", cure="The folder holds the notebook.")
    click.echo(session.client.folder(found.id, folder) if folder else _file(session, found, "notebook", output))


def _file(session: Session, run: Run, name: str, output: Path | None) -> Path:
    path = session.client.fetch(run.id, name, output) if output else fetched(session, run, name)
    if path is None:
        raise NotFound(f"The run {run.id} has no {name}.", cause=f"It is {run.status}.", cure="See: gristmill show")
    return path
