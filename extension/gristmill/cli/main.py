"""The command `gristmill`: its commands in order, and the one place where an error becomes a sentence and a code."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import click

import gristmill
from gristmill import records
from gristmill.cli import words
from gristmill.cli.session import Session
from gristmill.client import Client
from gristmill.errors import DataRejected, GristmillError
from gristmill.records import Failure

__all__ = ["run"]

# name -> the module that has it; loading them all takes a good part of a start
_COMMANDS = {
    "train": "training",
    "check": "training",
    "explore": "exploring",
    "runs": "looking",
    "show": "looking",
    "compare": "looking",
    "logs": "looking",
    "cancel": "training",
    "resume": "training",
    "rerun": "training",
    "delete": "deleting",
    "report": "looking",
    "explain": "explaining",
    "notebook": "looking",
    "download": "models",
    "stage": "models",
    "predict": "models",
    "batch": "models",
    "dataset": "datasets",
    "schema": "datasets",
    "recipe": "recipes",
    "weights": "weights",
    "schedule": "schedules",
    "projects": "people",
    "members": "people",
    "share": "people",
    "unshare": "people",
    "invite": "people",
    "invitations": "people",
    "join": "people",
    "withdraw": "people",
    "notices": "telling",
    "notify": "telling",
    "me": "account",
    "usage": "fair_use",
    "limits": "fair_use",
    "admin": "admin",
}
_FAULT, _INTERRUPTED = 1, 130


class _InOrder(click.Group):
    """Lists its commands as they are named here, since that is the order in which people need them.

    Each is loaded when it is asked for. What other packages add is looked for only where nothing else has that name:
    looking takes longer than most commands.
    """

    later: Mapping[str, Callable[[], click.Command]] = {}
    elsewhere: Callable[[], Sequence[click.Command]] = staticmethod(list)

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        self._find_more()
        return [*self.later, *(name for name in self.commands if name not in self.later)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.later:
            return self.later[cmd_name]()
        if cmd_name not in self.commands:
            self._find_more()
        return super().get_command(ctx, cmd_name)

    def _find_more(self) -> None:
        for command in self.elsewhere():
            self.add_command(command)


def _load(module: str, name: str) -> click.Command:
    found: click.Command = getattr(import_module(f"gristmill.cli.{module}"), name)
    return found


def run(
    connect: Callable[[], Client],
    *,
    files: Path,
    hasten: Callable[[], object] = lambda: None,
    more: Mapping[str, Callable[[], click.Command]] | None = None,
    elsewhere: Callable[[], Sequence[click.Command]] = list,
    args: Sequence[str] | None = None,
) -> int:
    """Carries out one command line and answers its exit code.

    `connect` is called once a command needs the platform, `hasten` once it is clear that there will be a run; `files`
    is where reports and notebooks are put, `more` makes commands beside the client's own, and `elsewhere` finds those
    of other packages.
    """
    session = Session(connect, files, hasten)
    group = _InOrder("gristmill", help=f"{gristmill.__doc__}\n\nBegin with: gristmill train DATA")
    group.elsewhere = elsewhere
    group.later = {**{name: partial(_load, module, name) for name, module in _COMMANDS.items()}, **(more or {})}
    click.version_option(gristmill.__version__, message="gristmill %(version)s")(group)
    try:
        group.main(args, "gristmill", standalone_mode=False, obj=session)
    except BaseException as error:
        return _explain(error, session)
    return 0


def _explain(error: BaseException, session: Session) -> int:
    """Says what went wrong, to people on stderr and with --json to machines on stdout; the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        _cry(_with_usage(error))
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        _cry("Interrupted.")
        return _INTERRUPTED
    if isinstance(error, SystemExit):  # click's own, when whoever read our output has gone
        return _FAULT
    if not isinstance(error, Exception):
        raise error
    failure = error.failure if isinstance(error, GristmillError) else _fault(error)
    if os.environ.get("GRISTMILL_DEBUG"):
        click.echo("".join(traceback.format_exception(error)), err=True)
    causes = [f"- {fault.message}" for fault in failure.faults] or [failure.cause]
    _cry(failure.what, *(part for part in (*causes, failure.cure) if part))
    if session.answer is not None:
        status = session.answer.get("status") or ("rejected" if isinstance(error, DataRejected) else "error")
        session.answer |= {"status": status, "failure": records.to_plain(failure)}
        session.finish()
    return error.exit_code if isinstance(error, GristmillError) else _FAULT


def _fault(error: Exception) -> Failure:
    return Failure(
        code="fault",
        what="Something is wrong inside Gristmill.",
        cause=f"{type(error).__name__}: {error}",
        cure="GRISTMILL_DEBUG=1 shows where; please report it.",
    )


def _with_usage(error: click.ClickException) -> str:
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "gristmill"
    return f"{error.format_message()} See: {path} --help"


def _cry(what: str, *more: str) -> None:
    click.secho(words.plain(what), err=True, fg="yellow" if what == "Interrupted." else "red")
    for line in more:
        click.echo(words.plain(line), err=True)
