"""The command `projects store`: a bucket of one's own for a project."""

from __future__ import annotations

import json
import re
from typing import BinaryIO

import click

from gristmill.cli import words
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.errors import UsageError
from gristmill.records import OwnStore

__all__ = ["credentials_in", "store"]

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")
_CURE = "Give the key file that the cloud made (JSON), or lines such as aws_access_key_id=…"
_LONGEST = 100_000  # bytes


@click.command(short_help="Give a project a store of its own in a cloud.")
@click.argument("project")
@click.argument("url", required=False)
@click.option(
    "--credentials", type=click.File("rb"), metavar="FILE",
    help="The credentials for it: a file that the cloud made, or NAME=VALUE lines; - reads them from stdin.",
)  # fmt: skip
@click.option("--drop", is_flag=True, help="Put what comes next into the platform's own store again.")
@json_option("store")
@pass_session
def store(session: Session, project: str, url: str | None, *, credentials: BinaryIO | None, drop: bool) -> None:
    """Show where what comes into PROJECT is kept, or put it into a bucket of your own from now on.

    \b
        gristmill projects store flights s3://our-bucket/flights --credentials keys.txt
        gristmill projects store flights "az://container?account=ours" --credentials - < key.txt

    The store is tried first. What the project has stays where it is. Credentials are kept sealed, and never shown.
    """
    if drop and (url or credentials):
        raise UsageError("Give a store, or drop it.", cure="See: gristmill projects store --help")
    if credentials and not url:
        raise UsageError("The credentials are for no store.", cure="Name it: gristmill projects store PROJECT URL")
    if drop:
        session.client.drop_store(project)
        session.say(f"What comes into {words.plain(project)} goes to the platform's own store.")
    elif url:
        given = None if credentials is None else credentials_in(_read(credentials))
        _show(session, session.client.set_store(project, url, given))
    else:
        _show(session, session.client.own_store(project))
    session.finish()


def credentials_in(text: str) -> dict[str, str]:
    """What a file of credentials says, by name: JSON, or lines `name = value` as AWS's own files and `.env` have."""
    try:
        found = json.loads(text)
    except ValueError:
        return _of_lines(text)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UsageError("These are no credentials.", cause="They are not names with a text each.", cure=_CURE)
    return found


def _of_lines(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith(("#", ";", "[")):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:  # the line itself may be a secret
            raise UsageError(f"Line {number} of the credentials is not NAME=VALUE.", cure=_CURE)
        if match[1].lower() in {name.lower() for name in found}:
            raise UsageError(f"{match[1]} is there twice, in line {number} again.", cure="Leave one of them.")
        found[match[1]] = match[2].strip("'\"")
    if not found:
        raise UsageError("There are no credentials in it.", cure=_CURE)
    return found


def _read(file: BinaryIO) -> str:
    data = file.read(_LONGEST + 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if len(data) > _LONGEST or not text.strip():
        raise UsageError("There are no credentials in it.", cure=_CURE)
    return text


def _show(session: Session, found: OwnStore) -> None:
    session.say(f"id\t{found.id}")
    session.say(f"url\t{words.plain(found.url)}")
    session.say(f"by\t{words.plain(found.who)}")
    session.fill(store=found)
