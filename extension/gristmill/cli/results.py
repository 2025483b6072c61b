"""What a run has come to: a page on a terminal, tab-separated lines in a pipe, and the object for `--json`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gristmill.cli import words
from gristmill.cli.session import Session
from gristmill.errors import GristmillError, RunCancelled, RunFailed
from gristmill.records import Run, RunKind, RunStatus

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["RUN_KEYS", "conclude", "fetched", "fill", "show_run"]

RUN_KEYS = (
    *("run", "status", "salvaged", "task", "target", "metric", "score", "leaderboard", "seconds"),
    *("model", "report", "notebook", "failure"),
)
_FILES = {"report": "report.html", "notebook": "notebook.ipynb"}


def conclude(session: Session, run: Run) -> None:
    """Shows how the run stands; raises RunFailed or RunCancelled if that is how it ended."""
    show_run(session, run)
    if run.status is RunStatus.FAILED:
        raise _ended(RunFailed, run, "The run failed.")
    if run.status is RunStatus.CANCELLED:
        raise _ended(RunCancelled, run, "The run was cancelled.")
    session.finish()


def _ended(kind: type[GristmillError], run: Run, otherwise: str) -> GristmillError:
    failure = run.failure
    if failure is None:
        return kind(otherwise, cure=f"Go on with it: gristmill resume {run.id}")
    return kind(failure.what, cause=failure.cause, cure=failure.cure, code=failure.code)


def fill(session: Session, run: Run, files: dict[str, Path] | None = None) -> None:
    """Sets the run's keys of the object that --json prints."""
    session.fill(
        run=run.id, status=run.status, salvaged=run.salvaged, task=run.task, target=run.target, metric=run.metric,
        score=run.score, leaderboard=run.leaderboard, seconds=run.seconds, model=run.model_id, failure=run.failure,
        **{name: str(path) for name, path in (files or {}).items()},
    )  # fmt: skip


def fetched(session: Session, run: Run, name: str) -> Path | None:
    """Where the run's report or notebook lies as a file now; None if the run left none."""
    artifact = run.artifact(name)
    if artifact is None:
        return None
    path = session.files / run.id / _FILES[name]
    if not path.exists() or path.stat().st_size != artifact.size:
        path.parent.mkdir(parents=True, exist_ok=True)
        session.client.fetch(run.id, name, path)
    return path


def show_run(session: Session, run: Run) -> None:
    """The run as it stands, with the files it left."""
    files: dict[str, Path] = {}
    for name in _FILES:
        try:
            path = fetched(session, run, name)
        except GristmillError as error:  # the run has ended as it has, whether or not its files can be had now
            click.secho(words.plain(str(error)), err=True, fg="yellow")
        else:
            files |= {name: path} if path else {}
    fill(session, run, files)
    if session.is_rich:
        _page(session, run, files)
        return
    session.say(f"run\t{run.id}")
    for name, value in _facts(run, files):
        session.say(f"{name}\t{words.plain(value)}")


def _facts(run: Run, files: dict[str, Path]) -> list[tuple[str, str]]:
    found = [("status", run.status + (" (salvaged)" if run.salvaged else ""))]
    found += [("target", run.target), ("task", run.task)]
    if run.score is not None:
        found.append(("score", f"{words.score(run.score)} {run.metric}"))
    if run.rows is not None:
        found.append(("rows", f"{run.rows:,}"))
    if "total" in run.seconds and run.kind is not RunKind.TRAIN:
        found.append(("took", words.duration(run.seconds["total"])))
    elif "total" in run.seconds:
        found.append(("took", f"{words.duration(run.seconds['total'])} of {words.duration(run.budget)}"))
    if run.model_id:
        found.append(("model", run.model_id))
    return found + [(name, str(path)) for name, path in files.items()]


def _page(session: Session, run: Run, files: dict[str, Path]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from gristmill.cli import pages

    show = session.console.print
    width = session.console.width
    if run.status is RunStatus.SUCCEEDED:
        show(_headline(session, run))
    if run.salvaged:
        show(Text("! Training was cut short; this is the best model it had come to.", style="yellow"))
    if run.leaderboard:
        show(Padding(pages.leaderboard(run.leaderboard, run.metric, width=width), (1, 0)))
    facts: list[tuple[str, str | Text]] = [("run", run.id), ("status", pages.status(run))]
    facts += [fact for fact in _facts(run, files) if fact[0] != "status"]
    show(pages.facts(facts))
    if steps := _next_steps(session, run):
        show(Padding(pages.facts(steps), (1, 0, 0, 0)))


def _headline(session: Session, run: Run) -> Text:
    from rich.text import Text

    verdict = ""
    if run.kind is RunKind.EXPLAIN:
        verdict = "The candidates are explained."
    elif run.kind is RunKind.EXPLORE:
        verdict = "The data is drawn."
    elif run.rows is not None:
        item = str(session.client.model(run.model_id).schema.get("item", "row")) if run.model_id else "row"
        verdict = f"{words.count(run.rows, item)} {'is' if run.rows == 1 else 'are'} answered."
    elif run.model_id:
        verdict = str(session.client.model(run.model_id).metrics.get("verdict") or "")
    line = Text("✓ ", style="bold green")
    return line.append(words.plain(verdict) or f"A model for {words.plain(run.target)} is ready.", style="bold default")


def _next_steps(session: Session, run: Run) -> list[tuple[str, str | Text]]:
    if run.kind is not RunKind.TRAIN:
        return [("look", f"gristmill notebook {run.id}")] if run.status.is_final else []
    if run.model_id:
        schema = session.client.model(run.model_id).schema
        asked = f"{run.model_id} DATA" if schema.get("asks_for_rows", True) else run.model_id
        ending = next(iter(schema.get("answers", ())), "csv")
        return [
            ("predict", f"gristmill predict {asked} -o predictions.{ending}"),
            ("go on", f"gristmill resume {run.id} --budget 10m"),
        ]
    if run.status.is_final:
        return [("look", f"gristmill logs {run.id}")]
    return [("watch", f"gristmill logs -f {run.id}"), ("stop", f"gristmill cancel --keep {run.id}")]
