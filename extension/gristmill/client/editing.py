"""A notebook in somebody's files: a run's, or a recipe's on a dataset; edited and run there by hand, sent back.

`lay_out` makes the folder `gristmill/NAME/` with notebook.ipynb, run.json and a link to the data (lending.py). A name
that is taken is never written to: the folder may hold somebody's work. `run.json` says which run or which dataset the
folder came from, and so what a notebook that is sent back is to be run on.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gristmill import records
from gristmill.client.lending import lend
from gristmill.client.protocol import Client
from gristmill.errors import NotFound, RecipeInvalid, UsageError
from gristmill.records import RecipeEntry, Run, RunRequest

__all__ = ["ABOUT", "FOLDER", "NOTEBOOK", "About", "Edited", "lay_out", "without_outputs"]

FOLDER = "gristmill"
NOTEBOOK = "notebook.ipynb"
ABOUT = "run.json"

_LONGEST = 60  # characters of a folder's name
_MOST = 1000  # folders of one name
_UNFIT = re.compile(r"[^\w.+-]+")
_LEFT_BEHIND = ("execution", "papermill")  # in the metadata of cells that were executed


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What is read of run.json: the run that a notebook came from, or the dataset and what was to be done with it."""

    run_id: str = ""
    dataset_id: str = ""
    task: str = ""
    target: str = ""
    metric: str = ""
    name: str = ""
    budget: float = 0.0
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, said: str) -> About:
        """What a run.json says; UsageError where it speaks of neither a run nor a dataset."""
        try:
            found = records.decode(said, cls)
        except ValueError:
            found = cls()
        if not (found.run_id.startswith("run-") or (not found.run_id and found.dataset_id.startswith("dataset-"))):
            raise UsageError(
                "It cannot be told which run this notebook came from.",
                cause=f"There is no {ABOUT} beside it that says so.",
                cure="Leave the notebook in the folder that it was opened in.",
            )
        return found

    @classmethod
    def on(cls, dataset_id: str) -> About:
        """A notebook that came from nowhere, and is to train on that dataset; everything else is proposed."""
        return cls(dataset_id=dataset_id)

    def asked(self, client: Client) -> RunRequest:
        """What was asked for, or was going to be."""
        if not self.run_id:
            return RunRequest(
                dataset_id=self.dataset_id, task=self.task, target=self.target, metric=self.metric,
                budget=self.budget or None, name=self.name, seed=self.seed, settings=self.settings,
            )  # fmt: skip
        first = client.run(self.run_id)
        if first.dataset_id is None:
            raise UsageError(f"The run {first.name} trains on no dataset.", cure="Send a notebook that trains.")
        return RunRequest(
            dataset_id=first.dataset_id, task=first.task, target=first.target, metric=first.metric,
            budget=first.budget, name=first.name, seed=first.seed, settings=first.settings, accepted=first.accepted,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """A notebook that is to be sent back: its text, what it is called, and where it came from."""

    text: str
    called: str
    about: About

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
        return cls(text=text, called=called(notebook.name, notebook.absolute().parent.name), about=About.of(said))

    def as_run(
        self, client: Client, *, name: str | None = None, budget: float | None = None, accepted: Sequence[str] = ()
    ) -> Run:
        """A new run of the notebook on the same data, asked for as the first one was, or was going to be."""
        first = self.about.asked(client)
        return client.train(
            records.replace(
                first, budget=budget or first.budget, name=name or first.name, accepted=(*first.accepted, *accepted),
                recipe=self.called, notebook=without_outputs(self.text),
            )
        )  # fmt: skip

    def as_recipe(self, client: Client, name: str) -> RecipeEntry:
        """The notebook kept as a recipe of the project that its data is in, once it has passed its trial."""
        first = self.about.asked(client)
        project = client.dataset(first.dataset_id).project_id
        entry = RecipeEntry(name=name, version="", tasks=(first.task or "",), project=project, public=False)
        return client.save_recipe(self.called, entry, notebook=without_outputs(self.text))


def lay_out(client: Client, wanted: str | RunRequest, root: Path, shelf: Path) -> Path:
    """Put a run's notebook, or that of a run to come, into a new folder below `root`; the folder.

    Its data is linked to: it lies in `shelf`, once for each dataset.
    """
    if isinstance(wanted, str):
        run = client.run(wanted)
        name, dataset_id = run.name, run.dataset_id or ""
    else:
        dataset = client.dataset(wanted.dataset_id)
        name, dataset_id = wanted.name or dataset.name, dataset.id
    above = root / FOLDER
    try:
        above.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=above, prefix=".opening-") as scratch:
            place = Path(scratch) / "run"
            folder = (
                client.folder(wanted, place, data=False) if isinstance(wanted, str) else client.draft(wanted, place)
            )
            lend(client, dataset_id, shelf, folder / "data")
            return folder.rename(_free(above, name))  # a folder that is empty may be replaced by another
    except OSError as error:
        raise UsageError(
            f"Nothing can be written to {above}.", cause=f"{error.strerror or error}.", cure="Make room there."
        ) from error


def _free(above: Path, name: str) -> Path:
    """A new, empty folder of that name or nearly; made at once, so that nobody else takes the name."""
    plain = _UNFIT.sub("-", name)[:_LONGEST].strip("-.") or "notebook"
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
