"""What the hub adds to the command `gristmill`: up, admit. setup.py names them in the group `gristmill.commands`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gristmill.errors import NotPossible
from gristmill_hub.settings import OWN, HubSettings

__all__ = ["admit", "up"]


@click.command(short_help="Bring up the hub, for many.")
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="A jupyterhub_config.py of your own; it has to call gristmill_hub.configure.",
)  # fmt: skip
def up(config: Path | None) -> None:
    """Bring up JupyterHub with the wizard, the API, a proxy and a worker on this machine, until Ctrl-C.

    It prints the address and, until there is an administrator, the link that makes one. What can be set is in
    docs/hub.md.
    """
    try:
        from gristmill_hub.up import up as bring_up
    except ModuleNotFoundError as error:
        raise NotPossible(
            f"The hub needs {error.name}, which is not installed here.", cure="pip install 'gristmill[hub]'"
        ) from None
    bring_up(HubSettings.of(os.environ), config=config, tell=lambda line: click.echo(line))


@click.command(short_help="Make a link that lets somebody join this machine's hub.")
@click.argument("name", default="")
@click.option("--admin", is_flag=True, help="They are to administer the hub.")
def admit(name: str, admin: bool) -> None:
    """Make a link that lets somebody join the hub of this machine, or choose a new password if NAME is there already.

    The link counts once, for a week. Without NAME, whoever uses it chooses one.
    """
    from gristmill_hub import login

    settings = HubSettings.of(os.environ)
    if settings.login != OWN:
        raise NotPossible("People of this hub sign in elsewhere.", cure="Invite them there: GRISTMILL_LOGIN says so.")
    people = login.people_of(settings)
    try:
        secret = people.invite(by="the command line", name=name.strip().lower(), admin=admin)
    finally:
        people.close()
    click.echo(login.invitation_link(settings.address, secret))
