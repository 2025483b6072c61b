"""Commands about who one is to a hub: login, logout, me."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from gristmill.cli import words
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.client import connecting
from gristmill.client.connecting import Address
from gristmill.errors import NotSignedIn

__all__ = ["me", "signing_in"]


def signing_in(home: Path) -> dict[str, Callable[[], click.Command]]:
    """The commands that keep a hub's address and a token in `home`, and drop them."""

    @click.command(short_help="Work with a hub from now on.")
    @click.argument("url")
    def login(url: str) -> None:
        """Sign in to the hub at URL, such as https://hub.example.org/services/gristmill.

        The token is asked for, or read from a pipe; a hub gives one out on its page /hub/token. It is kept in
        GRISTMILL_HOME, readable by you alone.
        """
        from gristmill.client.hub import Hub

        url = connecting.checked(url)
        address = Address.of(url, _token(url))
        with Hub(address, home) as hub:
            who = hub.me()
        connecting.remember(home, address)
        click.echo(f"Signed in to {url} as {words.plain(who.name)}.")

    @click.command(short_help="Work on this machine again.")
    def logout() -> None:
        """Forget the hub that `gristmill login` signed in to, and its token."""
        click.echo("Signed out." if connecting.forget(home) else "You were not signed in.")

    return {"login": lambda: login, "logout": lambda: logout}


def _token(url: str) -> str:
    """What somebody types, unseen, or a pipe's first line."""
    if sys.stdin.isatty():
        typed: str = click.prompt(f"Token for {url}", hide_input=True, err=True)
        return typed
    piped = sys.stdin.readline().strip()
    if not piped:
        raise NotSignedIn("There is no token.", cure="Pipe it in: gristmill login URL < FILE")
    return piped


@click.command(short_help="Say who you are to the platform.")
@json_option("name", "teams", "powers", "hub")
@pass_session
def me(session: Session) -> None:
    """Say who you are, where, and what you may do."""
    who = session.client.me()
    hub = getattr(session.client, "url", None)
    powers = sorted(who.powers)
    session.say(f"name\t{words.plain(who.name)}")
    session.say(f"hub\t{hub or 'none: the platform on this machine'}")
    session.say(f"may\t{', '.join(powers)}")
    if who.teams:
        session.say(f"teams\t{words.plain(', '.join(who.teams))}")
    session.fill(name=who.name, teams=who.teams, powers=powers, hub=hub)
    session.finish()
