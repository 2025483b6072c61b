"""Commands for pretrained weights: weights list, fetch, add."""

from __future__ import annotations

from pathlib import Path

import click

from gristmill.cli import words
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.records import WeightsEntry

__all__ = ["weights"]


@click.group(short_help="Pretrained weights for pictures and texts: list, fetch, add.")
def weights() -> None:
    """What networks learned beforehand. Train with them by name: gristmill train DATA --set weights=NAME"""


@weights.command("list", short_help="List weights, whether they are at hand, and their licences.")
@click.option("--kind", type=click.Choice(["picture", "text"]), help="Only those for pictures, or for texts.")
@json_option("weights")
@pass_session
def list_weights(session: Session, kind: str | None) -> None:
    """List pretrained weights. In a pipe: name, kind, megabytes, licence, where from, path or how to get them."""
    found = [one for one in session.client.weights() if kind in (None, one.kind)]
    if session.is_rich:
        from gristmill.cli import pages

        session.console.print(pages.weights_page(found))
    for one in found if not session.is_rich else ():
        line = (one.name, one.kind, f"{one.megabytes} MB", one.licence, f"{one.source}: {one.origin}", _where(one))
        session.say("\t".join(words.plain(part).replace("\t", " ") for part in line))
    session.fill(weights=found)
    session.finish()


@weights.command(short_help="Fetch weights from a model hub, once.")
@click.argument("name")
@json_option("weights")
@pass_session
def fetch(session: Session, name: str) -> None:
    """Fetch NAME, from the list or as a hub's owner/name, and keep it on this machine."""
    _show(session, session.client.fetch_weights(name))


@weights.command(short_help="Keep weights of a folder of yours under a name.")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(["picture", "text"]), required=True, help="What they look at.")
@click.option("--licence", required=True, help="Under what licence they are, such as Apache-2.0.")
@json_option("weights")
@pass_session
def add(session: Session, name: str, folder: Path, kind: str, licence: str) -> None:
    """Copy the weights in FOLDER to Gristmill's own under NAME, once they have opened and answered."""
    _show(session, session.client.add_weights(name, folder, kind=kind, licence=licence))


def _show(session: Session, one: WeightsEntry) -> None:
    session.say(f"{words.plain(one.name)}: {one.megabytes} MB, {words.plain(one.licence)}, {_where(one)}")
    session.fill(weights=[one])
    session.finish()


def _where(one: WeightsEntry) -> str:
    return words.plain(one.path or ("at hand" if one.at_hand else f"not at hand: {one.cure}"))
