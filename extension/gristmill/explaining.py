"""Explains candidates of a finished run on demand: executes explain.ipynb in the sandbox, and makes a page of it.

The notebook gets the folder that a resumed run would get: the run's data, and the candidates that it has kept. It is
bounded in time and memory; if that is not enough, the page holds the candidates that it came to.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gristmill_templates

from gristmill.bench import BenchFile
from gristmill.errors import NotFound, RunFailed, UsageError
from gristmill.records import Run
from gristmill.sandbox import End, Execution, execute

__all__ = ["Wish", "draw"]

_NOTEBOOK = "explain.ipynb"
_SECONDS, _MORE = 60.0, 15.0  # for one candidate, and for each one more
_LEAST = 5.0  # seconds: below that, nothing would be loaded
_MARK = "candidate"  # tags the cell that explains one


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Which candidates to explain, by their names: the one that answers if there are none; and within which time."""

    names: tuple[str, ...] = ()
    best: str = ""  # the one that answers, where the run has settled that
    seconds: float = _SECONDS

    @classmethod
    def of(cls, run: Run, known: Sequence[str], names: Sequence[str], *, every: bool, seconds: float | None) -> Wish:
        """What a person has asked for, checked against the candidates that are known of the run."""
        if every and names:
            raise UsageError("Name candidates, or ask for all of them.")
        for name in names:
            if known and name not in known:
                raise NotFound(f"The run {run.name} has no candidate {name!r}.", cure=f"It has: {', '.join(known)}.")
        if seconds is not None and seconds < _LEAST:
            raise UsageError(
                f"Nothing can be explained within {seconds:g} seconds.", cure=f"Give at least {_LEAST:g} seconds."
            )
        chosen = tuple(dict.fromkeys(known if every else names))
        return cls(names=chosen, seconds=seconds or _SECONDS + _MORE * max(0, len(chosen) - 1))


def draw(file: BenchFile, wish: Wish, folder: Path, execution: Execution, to: Path) -> Path:
    """The page, as the file `to`: `folder` holds data and candidates, and `execution` is warming up around it.

    RunFailed where the notebook comes to no end of its own.
    """
    from gristmill.reports import Heading, render  # takes a second, and few commands need it

    replace(file, budget=wish.seconds, started_at=time.time()).write(folder)
    notebook = folder / _NOTEBOOK
    notebook.write_text(_written_for(wish), encoding="utf-8")
    parameters: dict[str, Any] = {"number": max(1, len(wish.names)), "chosen": wish.best}
    ending = execute(execution, notebook, parameters, seconds=wish.seconds, memory=file.resources.memory)
    cut_short = ""
    if ending is None:
        cut_short = f"This took longer than {wish.seconds:g} seconds: what follows is what was done by then."
    elif ending.kind is not End.DONE:
        raise RunFailed(
            f"The candidates of {file.name} could not be explained.",
            cause=f"{(ending.message or ending.error).rstrip('.')}.",
            cure=f"`gristmill report {file.run_id}` shows the one that answers.",
        )
    facts = {"task": file.task.replace("-", " "), "target": file.target, "run": file.run_id}
    return render(notebook, to, Heading(title=f"{file.name}: its candidates", facts=facts, notice=cut_short))


def _written_for(wish: Wish) -> str:
    """The notebook with a section for each candidate, so that what was explained is kept if the next takes too long."""
    notebook = json.loads(gristmill_templates.text(_NOTEBOOK))
    if not wish.names:
        return json.dumps(notebook)
    place = next(place for place, cell in enumerate(notebook["cells"]) if _MARK in cell["metadata"].get("tags", ()))
    heading, cell = notebook["cells"][place - 1 : place + 1]
    sections = []
    for number, name in enumerate(wish.names):
        sections.append({**heading, "id": f"name-{number}", "source": f"## {_literally(name)}"})
        sections.append({**cell, "id": f"candidate-{number}", "source": f"explained.of({name!r})"})
    notebook["cells"][place - 1 : place + 1] = sections
    return json.dumps(notebook)


def _literally(name: str) -> str:
    """A name as markdown that shows it as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#" else letter for letter in name)
