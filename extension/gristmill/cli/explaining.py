"""The command that explains candidates of a finished run: explain."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from gristmill.cli import words
from gristmill.cli.results import RUN_KEYS, conclude
from gristmill.cli.session import Session, json_option, pass_session
from gristmill.cli.training import stay
from gristmill.errors import UsageError
from gristmill.records import RunKind, RunStatus

__all__ = ["explain"]


@click.command(short_help="Explain any candidate of a run, or all of them.")
@click.argument("run", required=False)
@click.option("--candidate", "candidates", multiple=True, help="Its name on the leaderboard; may be given again.")
@click.option("--all", "every", is_flag=True, help="Explain all candidates.")
@click.option("--within", type=words.BUDGET, help="How long it may take; 60s, and 15s for each candidate more.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the page.")
@click.option("--open", "show_it", is_flag=True, help="Open it in a browser.")
@click.option("--wait/--no-wait", default=True, help="Stay until the page is there, or leave at once.")
@json_option(*RUN_KEYS, "page")
@pass_session
def explain(session: Session, /, run: str | None, **options: Any) -> None:
    """Explain candidates of RUN, or of the latest training: the one that answers, those named, or all.

    One HTML page that needs nothing else: for each how good it is on what was held back, where it errs, and what its
    answers hang on. Nothing is trained. A run of its own makes it, which can be watched, cancelled and found again.
    """
    found = session.run(run, RunKind.TRAIN)
    path = options["output"] or _page_of(found.name)
    asked = session.client.explain(
        found.id, candidates=options["candidates"], every=options["every"], seconds=options["within"]
    )
    ended = stay(session, asked, wait=options["wait"])
    if ended.status is RunStatus.SUCCEEDED:
        session.client.fetch(ended.id, "report", path)
        session.say(words.plain(str(path)))
        session.fill(page=str(path))
    conclude(session, ended)
    if options["show_it"] and ended.status is RunStatus.SUCCEEDED:
        click.launch(path.resolve().as_uri())


def _page_of(name: str) -> Path:
    """Where the page goes if nobody says: into this folder, under the run's own name."""
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "run"
    path = Path(f"{stem}-explained.html")
    if path.exists():
        raise UsageError(f"{path} is there already.", cure="Name another file: -o FILE")
    return path
