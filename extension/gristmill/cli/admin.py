"""Commands for who runs a platform: what was done on it, what everybody has used, who and what is there."""

from __future__ import annotations

import time

import click

from gristmill.cli.fair_use import spent
from gristmill.cli.lines import say_lines
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.records import RunStatus, Subject

__all__ = ["admin"]

_MOST = 200  # runs
_limit = click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many lines."
)


@click.group(short_help="For admins: who is there, what it runs with, what was done and was used.")
def admin() -> None:
    """See who is there, which workers are, what was done, and what was used. `gristmill limits` sets limits."""


@admin.command(short_help="List what was done, by whom, and how it ended.")
@click.option("--who", help="Only by this person.")
@click.option("--action", help="Only this, such as run.cancel.")
@click.option("--thing", help="Only to the thing of this id.")
@click.option("--project-id", help="Only in this project.")
@_limit
@json_option("deeds")
@pass_session
def deeds(session: Session, /, limit: int, **narrowed: str | None) -> None:
    """List what was done, newest first: when, who, from where, what, to which thing, how it ended."""
    found = session.client.deeds(limit, **{name: value for name, value in narrowed.items() if value})
    say_lines(
        session,
        [(_moment(one.created_at), one.who, one.address or "-", one.action, one.thing, one.outcome) for one in found],
    )
    session.fill(deeds=found)
    session.finish()


@admin.command(short_help="List the people whom the platform knows.")
@_limit
@json_option("people")
@pass_session
def people(session: Session, limit: int) -> None:
    """List the people whom the platform knows: name, teams, projects they own, edit and may see, when last seen."""
    found = session.client.people(limit)
    rows = [
        (one.name, ", ".join(one.teams) or "-", *map(str, (one.owner, one.editor, one.viewer)), _seen(one.seen_at))
        for one in found
    ]
    say_lines(session, rows)
    session.fill(people=found)
    session.finish()


@admin.command(short_help="List the workers, and what each does.")
@json_option("workers")
@pass_session
def workers(session: Session) -> None:
    """List the workers that were heard of within a day: name, since when, last heard of, the run it carries out."""
    found = session.client.workers()
    at_work = {run.worker: run.id for run in session.client.runs(status=RunStatus.RUNNING, limit=_MOST)}
    say_lines(
        session,
        [(one.name, _moment(one.started_at), _moment(one.seen_at), at_work.get(one.name, "-")) for one in found],
    )
    session.fill(workers=found)
    session.finish()


@admin.command(short_help="List what the platform was started with.")
@json_option("settings")
@pass_session
def settings(session: Session) -> None:
    """List what the platform was started with, secrets left out: name, value, and whether somebody has set it."""
    found = session.client.settings()
    say_lines(session, [(one.name, one.value or "-", "set" if one.is_given else "default") for one in found])
    session.fill(settings=found)
    session.finish()


@admin.command(short_help="Say what people or teams have used.")
@click.option("--teams", is_flag=True, help="By teams, not by people.")
@click.option("--name", help="Only what this person or team has used.")
@click.option("--project-id", help="Only in this project.")
@click.option("--month", metavar="YYYY-MM", help="Only that month.")
@_limit
@json_option("usage", "price")
@pass_session
def usage(
    session: Session, limit: int, *, teams: bool, name: str | None, project_id: str | None, month: str | None
) -> None:
    """Say what people, or teams, have used: month, who, project, runs, hours, GPU hours, money, bytes left by runs."""
    kind = Subject.TEAM if teams else Subject.PERSON
    found = session.client.all_usage(kind, limit, name=name, project_id=project_id, month=month)
    price = session.client.standing().price
    say_lines(session, [spent(one, price) for one in found])
    session.fill(usage=found, price=price)
    session.finish()


def _seen(at: float | None) -> str:
    return "-" if at is None else _moment(at)


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
