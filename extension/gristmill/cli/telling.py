"""Commands about being told: the notices, and what one chooses to be told by which way."""

from __future__ import annotations

import time

import click

from gristmill.cli import words
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.records import Channel, NewsKind

__all__ = ["notices", "notify"]

_KINDS = click.Choice([kind.value for kind in NewsKind])
_WAYS = click.Choice([Channel.BELL.value, Channel.MAIL.value, "both", "none"])
_CHANNELS = {"both": (Channel.BELL, Channel.MAIL), "none": ()}


@click.command(short_help="Show what you were told.")
@click.option("--unread", is_flag=True, help="Only what you have not read.")
@click.option("--read", "mark", is_flag=True, help="Mark all of it as read.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
@json_option("notices")
@pass_session
def notices(session: Session, *, unread: bool, mark: bool, limit: int) -> None:
    """Show what you were told, newest first. In a pipe: time, new or read, kind, id of what it is about, title."""
    found = session.client.notices(limit, unread=unread)
    for news in found:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(news.created_at))
        state = "new" if news.read_at is None else "read"
        session.say("\t".join((at, state, news.kind, news.thing, words.plain(news.title))))
    if mark:
        session.client.read_notices()
    session.fill(notices=found)
    session.finish()


@click.group(short_help="Choose what you are told, and how.")
def notify() -> None:
    """Choose what you are told, and by which way: the bell (`gristmill notices`), mail, webhooks."""


@notify.command()
@json_option("choices")
@pass_session
def show(session: Session) -> None:
    """Show what you have chosen. In a pipe: kind and channels, then where mail goes."""
    chosen = session.client.choices()
    for kind in NewsKind:
        session.say(f"{kind}\t{', '.join(chosen.by(kind)) or 'none'}")
    session.say(f"mail\t{chosen.mail or 'the address that this installation makes of your name, if it sends mail'}")
    session.fill(choices=chosen)
    session.finish()


@notify.command(name="set")
@click.argument("kind", type=_KINDS, metavar="KIND")
@click.argument("way", type=_WAYS, metavar="WAY")
@pass_session
def choose(session: Session, kind: str, way: str) -> None:
    """Have KIND told by bell, mail, both, or none."""
    session.client.choose({NewsKind(kind): _CHANNELS.get(way) or (() if way == "none" else (Channel(way),))})
    session.say(f"{kind}\t{way}")


@notify.command()
@click.argument("address")
@pass_session
def mail(session: Session, address: str) -> None:
    """Have mail go to ADDRESS; to "", where the installation sends it."""
    chosen = session.client.choose(mail=address)
    session.say(f"mail\t{words.plain(chosen.mail) or 'as the installation has it'}")


@notify.command()
@click.option("--project", metavar="PROJECT", help="A project's, in place of your own.")
@json_option("webhooks")
@pass_session
def hooks(session: Session, project: str | None) -> None:
    """List webhooks. In a pipe: id, address, kinds."""
    found = session.client.webhooks(project)
    for webhook in found:
        session.say("\t".join((webhook.id, words.plain(webhook.url), ", ".join(webhook.kinds) or "all")))
    session.fill(webhooks=found)
    session.finish()


@notify.command()
@click.argument("url")
@click.option("--project", metavar="PROJECT", help="Send all that happens in a project of yours.")
@click.option("--kind", "kinds", type=_KINDS, multiple=True, help="Only that kind; may be given again.")
@json_option("webhook", "secret")
@pass_session
def hook(session: Session, url: str, project: str | None, kinds: tuple[str, ...]) -> None:
    """Have news sent to URL by POST, signed. The secret to check them with is shown this once."""
    webhook, secret = session.client.add_webhook(url, kinds=[NewsKind(kind) for kind in kinds], project=project)
    session.say(f"id\t{webhook.id}")
    session.say(f"secret\t{secret}")
    session.fill(webhook=webhook, secret=secret)
    session.finish()


@notify.command()
@click.argument("webhook_id", metavar="ID")
@pass_session
def unhook(session: Session, webhook_id: str) -> None:
    """Have nothing sent to a webhook any more."""
    session.client.remove_webhook(webhook_id)
    session.say(f"{webhook_id} is sent nothing any more.")
