"""What the commands of one invocation share: the client, the terminal, and the object that `--json` asks for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gristmill import records
from gristmill.client import Client
from gristmill.errors import NotFound
from gristmill.records import Run, RunKind

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Command", "Session", "json_option", "pass_session"]

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Session:
    """One invocation. `files` is the folder for what is fetched without being told where to.

    `hasten` is called as soon as it is clear that there will be a run, before anything is looked at: whatever takes
    seconds to load may as well begin.
    """

    connect: Callable[[], Client]
    files: Path
    hasten: Callable[[], object] = lambda: None
    answer: dict[str, Any] | None = None  # what --json prints in the end; None without --json

    @cached_property
    def client(self) -> Client:
        return self.connect()

    @cached_property
    def console(self) -> Console:
        """Where people read. With --json that is stderr, since stdout belongs to the machine."""
        from rich.console import Console

        return Console(stderr=self.answer is not None, highlight=False)

    @property
    def is_rich(self) -> bool:
        """Whether a person looks on at a terminal that can do more than print lines."""
        stream = sys.stdout if self.answer is None else sys.stderr
        return stream.isatty() and not self.console.is_dumb_terminal

    @property
    def can_ask(self) -> bool:
        return self.is_rich and sys.stdin.isatty()

    def say(self, line: str) -> None:
        """A plain line for whoever reads a pipe; with --json nobody does."""
        if self.answer is None:
            click.echo(line)

    def fill(self, **values: object) -> None:
        """Sets keys of the object that --json prints."""
        if self.answer is not None:
            self.answer |= {name: records.to_plain(value) for name, value in values.items()}

    def finish(self) -> None:
        """Prints the object, if one was asked for: the last line of stdout."""
        if self.answer is not None:
            click.echo(json.dumps(self.answer, ensure_ascii=False))

    def run(self, run_id: str | None, kind: RunKind | None = None) -> Run:
        """The run of that id, or of that model; the latest one, of that kind, without an id."""
        if run_id is None:
            latest = self.client.runs(limit=1, kind=kind)
            if not latest:
                raise NotFound("There is no run yet.", cure="Start one: gristmill train DATA")
            return latest[0]
        if run_id.startswith("model-"):
            run_id = self.client.model(run_id).run_id
        return self.client.run(run_id)


pass_session = click.make_pass_decorator(Session)


def json_option(*keys: str) -> Callable[[Command], Command]:
    """The flag --json; `keys` are in the object whatever happens."""

    def chosen(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        session = ctx.find_object(Session)
        if value and session is not None:
            session.answer = dict.fromkeys(keys)

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=chosen,
        help="Print one JSON object as the last line.",
    )
