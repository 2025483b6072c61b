"""A run's notebook in somebody's files: laid out with its data, edited and run there by hand, sent back.

`lay_out` makes the folder `gristmill/NAME/` with notebook.ipynb, run.json and data/. A name that is taken is never
written to: the folder may hold somebody's work. `run.json` says which run the folder came from, and so what a notebook
that is sent back is to be run on.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gristmill import records
from gristmill.client.protocol import Client
from gristmill.errors import NotFound, RecipeInvalid, UsageError
from gristmill.records import RecipeEntry, Run, RunRequest

__all__ = ["ABOUT", "FOLDER", "NOTEBOOK", "Edited", "about_text", "lay_out", "without_outputs"]

FOLDER = "gristmill"
NOTEBOOK = "notebook.ipynb"
ABOUT = "run.json"

_LONGEST = 60  # characters of a folder's name
_MOST = 1000  # folders of one name
_UNFIT = re.compile(r"[^\w.+-]+")
_LEFT_BEHIND = ("execution", "papermill")  # in the metadata of cells that were executed


@dataclass(frozen=True, kw_only=True, slots=True)
class _About:
    """What is read of run.json."""

    run_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """A notebook that is to be sent back: its text, what it is called, and the run that it came from."""

    text: str
    called: str
    run_id: str

    @classmethod
    def read(cls, notebook: Path) -> Edited:
        """The notebook at a path, with what lies beside it."""
        try:
            text = notebook.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            cause = str(getattr(error, "strerror", None) or error)
            raise NotFound(f"{notebook} cannot be read.", cause=cause, cure="Check the path.") from None
        about = notebook.with_name(ABOUT)
        said = about.read_text(encoding="utf-8", errors="replace") if about.is_file() else ""
        return cls(text=text, called=called(notebook.name, notebook.absolute().parent.name), run_id=about_text(said))

    def as_run(self, client: Client, *, name: str | None = None, budget: float | None = None) -> Run:
        """A new run of the notebook on the same data, asked for as the first one was."""
        first = client.run(self.run_id)
        if first.dataset_id is None:
            raise UsageError(f"The run {first.name} trains on no dataset.", cure="Send a notebook that trains.")
        return client.train(
            RunRequest(
                dataset_id=first.dataset_id, task=first.task, target=first.target, metric=first.metric,
                budget=budget or first.budget, name=name or first.name, seed=first.seed, settings=first.settings,
                accepted=first.accepted, recipe=self.called, notebook=without_outputs(self.text),
            )
        )  # fmt: skip

    def as_recipe(self, client: Client, name: str) -> RecipeEntry:
        """The notebook kept as a recipe of the run's project, once it has passed its trial."""
        first = client.run(self.run_id)
        entry = RecipeEntry(name=name, version="", tasks=(first.task,), project=first.project_id, public=False)
        return client.save_recipe(self.called, entry, notebook=without_outputs(self.text))


def lay_out(client: Client, run_id: str, root: Path) -> Path:
    """Put a run's notebook, with its data, into a new folder below `root`; the folder."""
    run = client.run(run_id)
    above = root / FOLDER
    try:
        above.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=above, prefix=".opening-") as scratch:
            folder = client.folder(run.id, Path(scratch) / "run")
            return folder.rename(_free(above, run))  # a folder that is empty may be replaced by another
    except OSError as error:
        raise UsageError(
            f"Nothing can be written to {above}.", cause=f"{error.strerror or error}.", cure="Make room there."
        ) from error


def _free(above: Path, run: Run) -> Path:
    """A new, empty folder, called like the run; made at once, so that nobody else takes the name."""
    plain = _UNFIT.sub("-", run.name)[:_LONGEST].strip("-.") or run.id
    for number in range(1, _MOST):
        folder = above / (plain if number == 1 else f"{plain}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise UsageError(f"{above} is full of folders called {plain}.", cure="Remove some.")


def called(file: str, folder: str) -> str:
    """What a notebook is called as a recipe: its file's name, or its folder's where it has none of its own."""
    stem = file.removesuffix(".ipynb")
    return folder or stem if file == NOTEBOOK else stem


def about_text(said: str) -> str:
    """The id of the run that a run.json speaks of; UsageError where it speaks of none."""
    try:
        found = records.decode(said, _About).run_id
    except ValueError:
        found = ""
    if not found.startswith("run-"):
        raise UsageError(
            "It cannot be told which run this notebook came from.",
            cause=f"There is no {ABOUT} beside it that says so.",
            cure="Leave the notebook in the folder that it was opened in.",
        )
    return found


def without_outputs(text: str) -> str:
    """A notebook as it would be before anybody executed it."""
    try:
        notebook: Any = json.loads(text)
        cells = [cell for cell in notebook["cells"] if "injected-parameters" not in cell["metadata"].get("tags", ())]
        for cell in cells:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
            for trace in _LEFT_BEHIND:
                cell["metadata"].pop(trace, None)
        notebook["cells"] = cells
        notebook.get("metadata", {}).pop("papermill", None)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise RecipeInvalid("This is no notebook.", cause=f"{type(error).__name__}: {error}"[:200]) from None
    return json.dumps(notebook, ensure_ascii=False, indent=1)
