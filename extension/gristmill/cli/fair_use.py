"""Commands about fair use: usage, and limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from gristmill.cli import words
from gristmill.cli.lines import say_lines
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.records import Allowance, Limit, Limits, Price, Subject, Usage

__all__ = ["limits", "say_price", "spent", "usage"]

_CALLED = {
    Limit.RUNS_AT_ONCE: "runs at once",
    Limit.QUEUED_RUNS: "runs that wait",
    Limit.GPU_HOURS: "GPU hours a month",
    Limit.MONEY: "money a month",
    Limit.STORAGE: "storage",
    Limit.LARGEST_BUDGET: "largest budget",
}


def say_price(session: Session, budget: float) -> None:
    """Say what a run costs at most, where it costs anything."""
    price = session.client.standing().price
    if price.hourly:
        line = f"costs {words.money(price.of(budget), price)} at most: {words.money(price.hourly, price)} an hour"
        if session.is_rich:
            session.console.print(words.plain(line))
        else:
            session.say(words.plain(line))


def spent(one: Usage, price: Price) -> Sequence[str]:
    """One sum as a line: month, who, project, runs, hours, GPU hours, money, bytes left by runs."""
    hours, gpu_hours = f"{one.seconds / 3600:.2f} h", f"{one.gpu_seconds / 3600:.2f} GPU h"
    cost, left = words.money(one.money, price), words.size(one.bytes)
    return (one.month, one.name, one.project_id, str(one.runs), hours, gpu_hours, cost, left)


@click.command(short_help="Say what you have used, by project and month.")
@click.option("--project", help="What everybody has used in this project, if you own it.")
@click.option("--month", metavar="YYYY-MM", help="Only that month.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many lines.")
@json_option("usage", "price")
@pass_session
def usage(session: Session, project: str | None, month: str | None, limit: int) -> None:
    """Say what you have used, newest first: month, who, project, runs, hours, GPU hours, money, bytes left by runs."""
    found, price = session.client.usage(project, month, limit), session.client.standing().price
    say_lines(session, [spent(one, price) for one in found])
    session.fill(usage=found, price=price)
    session.finish()


@click.group(invoke_without_command=True, short_help="Say how you stand with your limits; for admins: set them.")
@click.pass_context
def limits(context: click.Context) -> None:
    """Say how you stand with your limits, each with what is used of it and what your open runs may still take."""
    if context.invoked_subcommand is None:
        context.invoke(_standing)


@click.command()
@pass_session
def _standing(session: Session) -> None:
    standing, rows = session.client.standing(), []
    for one in standing.allowances:
        most = "no limit" if one.most is None else _amount(one.limit, one.most, standing.price)
        whose = f"team {one.name}" if one.kind is Subject.TEAM else one.name
        rows.append((whose, _CALLED[one.limit], most, _taken(one, standing.price)))
    say_lines(session, rows)


@limits.command("list", short_help="List all limits that are set; for admins.")
@json_option("limits")
@pass_session
def list_limits(session: Session) -> None:
    """List all limits that are set, for admins."""
    found, price = session.client.limits(), session.client.standing().price
    say_lines(session, [(one.kind.value, one.name or "-", _listed(one, price)) for one in found])
    session.fill(limits=found)
    session.finish()


@limits.command("set", short_help="Change limits; for admins.")
@click.argument("kind", type=click.Choice([one.value for one in Subject]), metavar="KIND")
@click.argument("name", default="")
@click.option("--runs-at-once", type=int, help="How many runs may run at the same time.")
@click.option("--queued-runs", type=int, help="How many may wait.")
@click.option("--gpu-hours", type=float, help="GPU hours a month.")
@click.option("--money", type=float, help="What runs may cost a month, in the currency of GRISTMILL_PRICE.")
@click.option("--storage", type=words.SIZE, help="What may lie in the store, such as 20GB.")
@click.option("--largest-budget", type=words.BUDGET, help="The most time that one training may take.")
@click.option(
    "--no-limit",
    "freed",
    multiple=True,
    type=click.Choice([one.value for one in Limit]),
    help="Lift this one; may be repeated.",
)
@pass_session
def set_limits(session: Session, /, kind: str, name: str, freed: Sequence[str], **changed: Any) -> None:
    """Change what everybody, a team or a person may use; what is not named stays. For admins.

    A person's own limits stand in place of everybody's: they begin as those are.

    \b
        gristmill limits set everybody --runs-at-once 2 --largest-budget 1h
        gristmill limits set person ada --runs-at-once 8
    """
    set_ = {(one.kind, one.name): one for one in session.client.limits()}
    subject = Subject(kind)
    begun = set_.get((subject, name))
    if begun is None and subject is Subject.PERSON and (Subject.EVERYBODY, "") in set_:
        begun = replace(set_[Subject.EVERYBODY, ""], kind=subject, name=name)
    values = {one: value for one, value in changed.items() if value is not None} | dict.fromkeys(freed)
    new = session.client.set_limits(replace(begun or Limits(kind=subject, name=name), **values))
    session.say(words.plain(_listed(new, session.client.standing().price)))


@limits.command("drop", short_help="Take limits away; for admins.")
@click.argument("kind", type=click.Choice([one.value for one in Subject]), metavar="KIND")
@click.argument("name", default="")
@pass_session
def drop_limits(session: Session, kind: str, name: str) -> None:
    """Take the limits of everybody, a team or a person away. For admins."""
    session.client.drop_limits(Subject(kind), name)


def _listed(limits: Limits, price: Price) -> str:
    found = [(one, getattr(limits, one)) for one in Limit]
    return "; ".join(f"{_CALLED[one]} {_amount(one, most, price)}" for one, most in found if most is not None) or "none"


def _taken(one: Allowance, price: Price) -> str:
    if one.limit is Limit.LARGEST_BUDGET:
        return ""
    used = f"{_amount(one.limit, one.used, price)} used"
    return used + (f", {_amount(one.limit, one.asked, price)} asked for" if one.asked else "")


def _amount(limit: Limit, value: float, price: Price) -> str:
    if limit is Limit.MONEY:
        return words.money(value, price)
    if limit is Limit.STORAGE:
        return words.size(value)
    return words.duration(value) if limit is Limit.LARGEST_BUDGET else f"{value:,.4g}"
