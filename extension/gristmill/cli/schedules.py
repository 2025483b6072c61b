"""The command `schedule`: what is done again and again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from gristmill.cli import words
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.records import Action, CatchUp, Schedule, ScheduleRequest, Tick

__all__ = ["schedule"]


@click.group(short_help="Retrain, or predict new files, at fixed times.")
def schedule() -> None:
    """Retrain, or predict new files, at fixed times.

    \b
        gristmill schedule add "0 6 * * 1" retrain RUN --zone Europe/Berlin --promote-by 0.01
        gristmill schedule add "*/15 * * * *" batch MODEL --source new.csv
    """


@schedule.command(short_help="Have something done at fixed times.")
@click.argument("cron")
@click.argument("action", type=click.Choice([action.value for action in Action]))
@click.argument("subject")
@click.option("--zone", default="UTC", show_default=True, help="The time zone that CRON is meant in: Europe/Berlin.")
@click.option("--source", default="", help="For a batch: the name of the dataset or file whose newest is predicted.")
@click.option(
    "--catch-up",
    type=click.Choice([rule.value for rule in CatchUp]),
    default=CatchUp.ONCE.value,
    show_default=True,
    help="What becomes of times at which nobody was there.",
)
@click.option(
    "--promote-by", type=float, metavar="MARGIN", help="Put the new model into production if it is so much better."
)
@click.option("--name", default="", help="What to call it.")
@click.option("--set", "settings", type=words.SETTING, multiple=True, help="For a batch: what the model is told.")
@json_option("schedule")
@pass_session
def add(session: Session, /, cron: str, action: str, subject: str, **options: Any) -> None:
    """Have SUBJECT done at the times that CRON says: minute, hour, day of the month, month, day of the week.

    `retrain` repeats a run, its id, on the newest version of its dataset. `batch` has a model, its id, predict the
    newest file of a name that it has not predicted yet.
    """
    request = ScheduleRequest(
        cron=cron, action=Action(action), subject=subject, zone=options["zone"], source=options["source"],
        catch_up=CatchUp(options["catch_up"]), margin=options["promote_by"], name=options["name"],
        settings=dict(options["settings"]),
    )  # fmt: skip
    made = session.client.schedule(request)
    session.say(f"{made.id}\t{_moment(made, made.next_at)}\t{words.plain(made.name)}")
    session.fill(schedule=made)
    session.finish()


@schedule.command("list", short_help="List schedules, newest first.")
@click.option("--project", help="Only those of this project.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option("schedules")
@pass_session
def list_(session: Session, project: str | None, limit: int) -> None:
    """List schedules, newest first. In a pipe: id, when it is due next, cron, action, name, separated by tabs."""
    found = session.client.schedules(project, limit)
    lines = [
        (one.id, "paused" if one.paused else _moment(one, one.next_at), one.cron, one.action, one.name) for one in found
    ]
    _lines(session, lines)
    session.fill(schedules=found)
    session.finish()


@schedule.command(short_help="Show a schedule, what it did, and when it is due next.")
@click.argument("id")
@json_option("schedule", "ticks", "due")
@pass_session
def show(session: Session, id: str) -> None:
    """Show the schedule ID: what it is to do, what its latest ticks came to, and when it is due next."""
    found = session.client.outlook(id)
    one = found.schedule
    facts = [
        ("schedule", one.id), ("name", one.name), ("does", f"{one.action} {one.subject} {one.source}".strip()),
        ("when", f"{one.cron} {one.zone}"), ("for", one.owner), ("catches up", one.catch_up),
    ]  # fmt: skip
    if one.margin is not None:
        facts.append(("promotes", f"if better by {one.margin:g}"))
    facts += [("due", "paused")] if one.paused else [("due", _moment(one, at)) for at in found.due]
    _lines(session, facts)
    _lines(session, [_told(one, tick) for tick in found.ticks])
    session.fill(schedule=one, ticks=found.ticks, due=found.due)
    session.finish()


@schedule.command(short_help="Let a schedule rest.")
@click.argument("id")
@pass_session
def pause(session: Session, id: str) -> None:
    """Let the schedule ID rest until it is told to go on."""
    session.client.pause_schedule(id)
    session.say(f"{words.plain(id)} rests. To go on: gristmill schedule resume {words.plain(id)}")


@schedule.command(short_help="Have a schedule go on.")
@click.argument("id")
@pass_session
def resume(session: Session, id: str) -> None:
    """Have the schedule ID go on, from now on and on your behalf."""
    gone_on = session.client.resume_schedule(id)
    session.say(f"{gone_on.id} is due {_moment(gone_on, gone_on.next_at)}")


@schedule.command(short_help="Forget a schedule.")
@click.argument("id")
@pass_session
def remove(session: Session, id: str) -> None:
    """Forget the schedule ID; the runs and models that it made stay."""
    session.client.remove_schedule(id)
    session.say(f"{words.plain(id)} is forgotten.")


@schedule.command("run-now", short_help="Do now what a schedule does.")
@click.argument("id")
@json_option("tick")
@pass_session
def run_now(session: Session, id: str) -> None:
    """Have the schedule ID do its work now, whatever its cron says. It stays due when it was."""
    tick = session.client.run_schedule(id)
    session.client.nudge()
    session.say(f"queued {tick.run_id}")
    session.fill(tick=tick)
    session.finish()


def _told(one: Schedule, tick: Tick) -> tuple[str, ...]:
    more = f"stands for {tick.passed_over} more. " if tick.passed_over else ""
    return (_moment(one, tick.at), tick.outcome or "under way", tick.run_id, more + tick.said)


def _lines(session: Session, rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        session.say("\t".join(words.plain(part).replace("\t", " ") for part in row))


def _moment(one: Schedule, at: float) -> str:
    """On the clock that the schedule goes by."""
    return datetime.fromtimestamp(at, ZoneInfo(one.zone)).strftime("%Y-%m-%d %H:%M %Z")
