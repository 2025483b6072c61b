"""Commands about projects and the people in them, from `projects` to `withdraw`."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from gristmill.cli import words
from gristmill.cli.lines import say_lines
from gristmill.cli.own_stores import store
from gristmill.cli.session import Command, Session, json_option, pass_session
from gristmill.records import MemberKind, Membership

__all__ = ["invitations", "invite", "join", "members", "projects", "share", "unshare", "withdraw"]

_WEEK = 7 * 24 * 3600.0
_team = click.option("--team", is_flag=True, help="NAME is a team, which is a hub's group.")


def _as(*among: Membership) -> Callable[[Command], Command]:
    return click.option(
        "--as", "membership", type=click.Choice([one.value for one in among]), default=Membership.VIEWER.value,
        show_default=True, help="What they may do.",
    )  # fmt: skip


@click.group(invoke_without_command=True, short_help="List your projects, make one, or give one its own store.")
@click.option("--new", metavar="NAME", help="Make a project of that name.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@json_option("projects")
@click.pass_context
@pass_session
def projects(session: Session, context: click.Context, new: str | None, limit: int) -> None:
    """List the projects that you are a member of, newest first. In a pipe: id, name, owner, separated by tabs."""
    if context.invoked_subcommand is not None:
        return
    found = [session.client.make_project(new)] if new else session.client.projects(limit)
    say_lines(session, [(project.id, project.name, project.owner) for project in found])
    session.fill(projects=found)
    session.finish()


projects.add_command(store)


@click.command(short_help="List who is in a project.")
@click.argument("project")
@json_option("members")
@pass_session
def members(session: Session, project: str) -> None:
    """List the members of PROJECT, its id or name. In a pipe: person or team, name, membership, separated by tabs."""
    found = session.client.members(project)
    say_lines(session, [(member.kind, member.name, member.membership) for member in found])
    session.fill(members=found)
    session.finish()


@click.command(short_help="Make somebody a member of a project.")
@click.argument("project")
@click.argument("name")
@_as(Membership.VIEWER, Membership.EDITOR, Membership.OWNER)
@_team
@json_option("member")
@pass_session
def share(session: Session, project: str, name: str, *, membership: str, team: bool) -> None:
    """Make NAME a member of PROJECT, or change what they are.

    A viewer sees and downloads what is in it, an editor changes it, an owner may do everything, sharing included.
    """
    member = session.client.share(project, name, Membership(membership), _kind(team=team))
    session.say(f"{words.plain(member.name)} is now {member.membership} of {words.plain(project)}.")
    session.fill(member=member)
    session.finish()


@click.command(short_help="Take a member out of a project.")
@click.argument("project")
@click.argument("name")
@_team
@pass_session
def unshare(session: Session, project: str, name: str, *, team: bool) -> None:
    """Take NAME out of PROJECT; your own name, to leave it."""
    session.client.unshare(project, name, _kind(team=team))
    session.say(f"{words.plain(name)} is no member of {words.plain(project)} any more.")


@click.command(short_help="Make a link that lets somebody in.")
@click.argument("project")
@_as(Membership.VIEWER, Membership.EDITOR)
@click.option("--lasts", type=words.BUDGET, default=_WEEK, show_default="7d", help="How long: 12h, 7d; at most 30d.")
@json_option("invitation", "token")
@pass_session
def invite(session: Session, project: str, *, membership: str, lasts: float) -> None:
    """Make whoever runs `gristmill join TOKEN` in time a member of PROJECT. The token is shown this once."""
    invitation, token = session.client.invite(project, Membership(membership), lasts)
    session.say(f"id\t{invitation.id}")
    session.say(f"token\t{token}")
    session.say(f"until\t{_moment(invitation.expires_at)}")
    session.fill(invitation=invitation, token=token)
    session.finish()


@click.command(short_help="List the links to a project.")
@click.argument("project")
@json_option("invitations")
@pass_session
def invitations(session: Session, project: str) -> None:
    """List the links to PROJECT that still let people in. In a pipe: id, membership, by whom, until when."""
    found = session.client.invitations(project)
    say_lines(session, [(one.id, one.membership, one.created_by, _moment(one.expires_at)) for one in found])
    session.fill(invitations=found)
    session.finish()


@click.command(short_help="Become a member by a link's token.")
@click.argument("token")
@json_option("project")
@pass_session
def join(session: Session, token: str) -> None:
    """Become a member of the project that TOKEN lets you into."""
    project = session.client.accept(token)
    session.say(f"You are a member of {words.plain(project.name)}.")
    session.fill(project=project)
    session.finish()


@click.command(short_help="Make a link worthless.")
@click.argument("invitation")
@pass_session
def withdraw(session: Session, invitation: str) -> None:
    """Make the link INVITATION, an id that `gristmill invitations` lists, worthless."""
    session.client.withdraw(invitation)
    session.say(f"{words.plain(invitation)} lets nobody in any more.")


def _kind(*, team: bool) -> MemberKind:
    return MemberKind.TEAM if team else MemberKind.PERSON


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
