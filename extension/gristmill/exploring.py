"""Looks at data before anything is learned from it: executes explore.ipynb in the sandbox, and makes a page of it.

Which notebook that is, the task knows: tables and pictures are looked at in different ways.

The notebook gets the folder that a run would get, so that it can be taken along and executed by hand. It has a minute:
what it draws, it draws from samples. If that is not enough, the page holds what it came to.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import gristmill_templates

from gristmill import tasks
from gristmill.bench import BenchFile
from gristmill.errors import RunFailed
from gristmill.recipes import Recipe
from gristmill.records import Profile, Proposal, Resources
from gristmill.sandbox import End, Execution, execute

if TYPE_CHECKING:
    from gristmill.reports import Heading

__all__ = ["SECONDS", "draw", "file_of", "lay_beside", "notebook", "title"]

SECONDS = 60.0  # from the start of the notebook to its end
_NOTEBOOK = "explore.ipynb"
_ASKING = "predict.ipynb"


def title(name: str) -> str:
    """What a page about data of that name is called."""
    return f"{name}: a first look"


def notebook(task: str) -> Recipe:
    """The notebook that draws data of that task."""
    return Recipe(name=_NOTEBOOK.removesuffix(".ipynb"), text=gristmill_templates.text(tasks.find(task).exploration))


def file_of(name: str, profile: Profile, proposal: Proposal, resources: Resources) -> BenchFile:
    """What the notebook is told: what a run would be that does as proposed."""
    return BenchFile(
        run_id="exploration",
        name=name,
        recipe=_NOTEBOOK.removesuffix(".ipynb"),
        task=proposal.task,
        target=proposal.target,
        metric=proposal.metric,
        budget=SECONDS,
        seed=0,
        profile=profile,
        resources=resources,
        order=proposal.order,
        notices=profile.notices + proposal.notices,
        started_at=time.time(),
    )


def draw(file: BenchFile, folder: Path, execution: Execution, to: Path, *, seconds: float = SECONDS) -> Path:
    """The page, as the file `to`: `folder` holds the data, and `execution` is warming up around it.

    RunFailed where the notebook comes to no end of its own.
    """
    from gristmill.reports import render  # takes a second, and no other command needs it

    file.write(folder)
    file_at = folder / _NOTEBOOK
    file_at.write_text(notebook(file.task).text, encoding="utf-8")
    memory = file.resources.memory
    ending = execute(execution, file_at, {"target": file.target}, seconds=seconds, memory=memory)
    cut_short = ""
    if ending is None:
        cut_short = f"This took longer than {seconds:g} seconds: what follows is what was done by then."
    elif ending.kind is not End.DONE:
        raise RunFailed(
            f"{file.name} could not be explored.",
            cause=f"{(ending.message or ending.error).rstrip('.')}.",
            cure="`gristmill check` says what is in it, and executes no notebook.",
        )
    return render(file_at, to, _heading(file, cut_short))


def lay_beside(folder: Path, task: str) -> None:
    """Put the notebooks that look at a run's data, and predict with its model, beside its own."""
    (folder / _NOTEBOOK).write_text(notebook(task).text, encoding="utf-8")
    (folder / _ASKING).write_text(gristmill_templates.text(_ASKING), encoding="utf-8")


def _heading(file: BenchFile, notice: str) -> Heading:
    from gristmill.reports import Heading

    facts = {
        f"{file.profile.item}s": f"{file.profile.rows:,}",
        "to be predicted": file.target,
        "task": file.task.replace("-", " "),
    }
    return Heading(title=title(file.name), facts=facts, notice=notice)
