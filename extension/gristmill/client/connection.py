"""What `gristmill.connect()` gives: the platform as a notebook calls it, in handles and tables.

Whatever a connection does not offer, its `client` does: the use cases themselves, in records.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.client.asking import accepted_of, plan_of, seconds_of, word_of, written
from gristmill.client.editing import Edited, lay_out
from gristmill.client.handles import DatasetHandle, ModelHandle, RunHandle
from gristmill.client.notebooks import notebook
from gristmill.client.protocol import Client
from gristmill.client.showing import frame_of
from gristmill.client.watching import View, fitting_view
from gristmill.errors import UsageError, possible_budget
from gristmill.records import RunRequest, RunStatus, Who

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Connection"]


class Connection:
    """The platform, wherever it is: a hub, or the embedded one in this process."""

    def __init__(self, client: Client, files: Path) -> None:
        self.client = client
        self.files = files  # where reports are kept that were shown

    def __repr__(self) -> str:
        where = getattr(self.client, "url", "embedded")
        return f"<gristmill: {where}>"

    def me(self) -> Who:
        """Who asks, as the platform knows them."""
        return self.client.me()

    # --- data --------------------------------------------------------------------------------------------------------

    def upload(
        self,
        data: str | Path | pd.DataFrame,
        *,
        project: str = "default",
        name: str | None = None,
        table: str | None = None,
    ) -> DatasetHandle:
        """A file (ZIP, CSV, Parquet, Excel) or a DataFrame as a dataset; `table` names one file of several in a ZIP."""
        return self._uploaded(fitting_view(), data, project=project, name=name, table=table)

    def datasets(self, project: str | None = None, limit: int = 50) -> pd.DataFrame:
        """Datasets, newest first."""
        shown = ("id", "name", "version", "size", "created_at")
        return frame_of(self.client.datasets(project, limit), shown)

    def dataset(self, dataset_id: str) -> DatasetHandle:
        """A dataset by its id."""
        return DatasetHandle(self, self.client.dataset(dataset_id))

    # --- runs --------------------------------------------------------------------------------------------------------

    def train(
        self,
        data: str | Path | pd.DataFrame | DatasetHandle,
        *,
        target: str | None = None,
        task: str | None = None,
        metric: str | None = None,
        budget: str | float | None = None,
        project: str = "default",
        name: str | None = None,
        recipe: str | Path | None = None,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        accept: Sequence[str] | bool = (),
        wait: bool = True,
    ) -> RunHandle:
        """A model of a file, a DataFrame or a dataset; what you leave open is proposed from the data.

        `budget` is seconds, or such as "10m". `accept` names the notices that you say yes to; True is yes to all. With
        `wait`, the run is shown until it has ended; RunFailed says why there is no model.
        """
        seconds, (named, text) = seconds_of(budget), notebook(str(recipe or ""))
        if seconds is not None:
            possible_budget(seconds)  # refused before a file is sent, not after it
        settings, view = dict(settings or {}), fitting_view()
        dataset = self._dataset(view, data, project=project, name=name, table=settings.get("table"))
        proposal = self.client.propose(dataset.id, task=task, target=target, metric=metric)
        accepted = accepted_of((*dataset.record.profile.notices, *proposal.notices), accept)
        request = RunRequest(
            dataset_id=dataset.id, task=task, target=target, metric=metric, budget=seconds, name=name,
            recipe=named or None, notebook=text, seed=seed, settings=settings, accepted=accepted,
        )  # fmt: skip
        print(plan_of(proposal, request))
        run = RunHandle(self, self.client.train(request))
        return run.shown(view) if wait else run

    def run(self, run_id: str) -> RunHandle:
        """A run by its id."""
        return RunHandle(self, self.client.run(run_id))

    def runs(self, project: str | None = None, status: RunStatus | str | None = None, limit: int = 50) -> pd.DataFrame:
        """Runs, newest first."""
        found = self.client.runs(project, word_of(RunStatus, status) if status else None, limit)
        return frame_of(found, ("id", "name", "status", "task", "target", "metric", "score", "budget", "created_at"))

    # --- notebooks, edited by hand -----------------------------------------------------------------------------------

    def open(
        self, what: RunHandle | DatasetHandle | str, to: str | Path = ".", *, recipe: str | None = None, **wanted: Any
    ) -> Path:
        """A notebook with its data, in a new folder `gristmill/NAME` below `to`, to be edited and run there.

        A run's, or that of a recipe on a dataset: `target`, `task`, `metric` and so on are as for `train`.
        """
        named = what if isinstance(what, str) else what.id
        asked: str | RunRequest = named
        if not named.startswith("run-"):
            asked = RunRequest(dataset_id=named, recipe=recipe, **wanted)
        elif recipe or wanted:
            raise UsageError("A run's notebook is its own.", cure="Name a dataset to open a recipe on.")
        return lay_out(self.client, asked, Path(to), self.files / "data")

    def send(
        self,
        notebook: str | Path,
        *,
        name: str | None = None,
        budget: float | str | None = None,
        accept: Sequence[str] = (),
        wait: bool = True,
    ) -> RunHandle:
        """A new run of a notebook that was opened and edited, on the same data, asked for as the first one was."""
        edited = Edited.read(Path(notebook))
        run = RunHandle(self, edited.as_run(self.client, name=name, budget=seconds_of(budget), accepted=accept))
        return run.wait() if wait else run

    def keep(self, notebook: str | Path, name: str) -> str:
        """Keep a notebook that was opened and edited as a recipe, once it has passed its trial; its full name."""
        entry = Edited.read(Path(notebook)).as_recipe(self.client, name)
        return f"{entry.name}@{entry.version}"

    # --- models ------------------------------------------------------------------------------------------------------

    def model(self, model_id: str) -> ModelHandle:
        """A model by its id, or by its run's."""
        return ModelHandle(self, self.client.model(model_id))

    def batch(
        self,
        model: ModelHandle | str,
        data: str | Path | pd.DataFrame | None = None,
        *,
        wait: bool = True,
        **settings: Any,
    ) -> RunHandle:
        """A run that predicts a file, however large, where the platform is; its `predictions()` hold the rows."""
        found = self.client.model(model if isinstance(model, str) else model.id)
        upload_id = None
        if data is not None:
            with tempfile.TemporaryDirectory() as scratch:
                path = Path(data) if isinstance(data, str | Path) else written(data, Path(scratch) / "rows.parquet")
                sending = fitting_view().sending
                upload_id = self.client.upload(path, project=found.project_id, progress=sending).id
        run = RunHandle(self, self.client.batch(found.id, upload_id, settings))
        return run.wait() if wait else run

    def models(self, project: str | None = None, limit: int = 50) -> pd.DataFrame:
        """Models, newest first."""
        shown = ("id", "name", "version", "stage", "task", "target", "metric", "score", "created_at")
        return frame_of(self.client.models(project, limit), shown)

    def _dataset(self, view: View, data: str | Path | pd.DataFrame | DatasetHandle, **wanted: Any) -> DatasetHandle:
        if isinstance(data, DatasetHandle):
            return data
        if isinstance(data, str) and data.startswith("dataset-") and not Path(data).exists():
            return self.dataset(data)
        return self._uploaded(view, data, **wanted)

    def _uploaded(
        self, view: View, data: str | Path | pd.DataFrame, *, project: str, name: str | None, table: str | None
    ) -> DatasetHandle:
        with tempfile.TemporaryDirectory() as scratch:
            if isinstance(data, str | Path):
                path = Path(data)
            else:
                path = written(data, Path(scratch) / f"{name or 'data'}.parquet")
            upload = self.client.upload(path, project=project, progress=view.sending)
        return DatasetHandle(self, self.client.admit(upload.id, name=name, table=table))
