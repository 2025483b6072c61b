"""What a notebook gets: the platform, its data, runs and models as things to call, with tables as DataFrames.

A handle knows an id and asks the platform anew for what may have changed. Whatever it does not offer,
`Connection.client` does: the use cases themselves, in records.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.client.asking import accepted_of, plan_of, seconds_of, written
from gristmill.client.cards import dataset_card, model_card, run_card
from gristmill.client.editing import Edited, lay_out
from gristmill.client.notebooks import notebook
from gristmill.client.protocol import Client
from gristmill.client.showing import Report, frame_of, read_rows, text_of
from gristmill.client.watching import View, fitting_view, watch
from gristmill.errors import GristmillError, RunCancelled, RunFailed, UsageError
from gristmill.records import (
    Dataset,
    Model,
    Proposal,
    Run,
    RunRequest,
    RunStatus,
    Stage,
    Who,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Connection", "DatasetHandle", "ModelHandle", "RunHandle"]


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

    def datasets(self, project: str | None = None) -> pd.DataFrame:
        """Datasets, newest first."""
        shown = ("id", "name", "version", "size", "created_at")
        return frame_of(self.client.datasets(project), shown)

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
        settings, view = dict(settings or {}), fitting_view()
        dataset = self._dataset(view, data, project=project, name=name, table=settings.get("table"))
        proposal = self.client.propose(dataset.id, task=task, target=target, metric=metric)
        accepted = accepted_of((*dataset.record.profile.notices, *proposal.notices), accept)
        named, text = notebook(str(recipe or ""))
        request = RunRequest(
            dataset_id=dataset.id, task=task, target=target, metric=metric, budget=seconds_of(budget), name=name,
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
        found = self.client.runs(project, RunStatus(status) if status else None, limit)
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

    def models(self, project: str | None = None) -> pd.DataFrame:
        """Models, newest first."""
        shown = ("id", "name", "version", "stage", "task", "target", "metric", "score", "created_at")
        return frame_of(self.client.models(project), shown)

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


class DatasetHandle:
    """A dataset, which never changes."""

    def __init__(self, connection: Connection, record: Dataset) -> None:
        self._connection = connection
        self.record = record
        self.id, self.name, self.version = record.id, record.name, record.version

    def __repr__(self) -> str:
        profile = self.record.profile
        size = f"{profile.rows:,} rows, {len(profile.main.columns)} columns"
        return f"<{self.id}: {self.name}, version {self.version}, {size}>"

    def _repr_html_(self) -> str:
        return dataset_card(self.record)

    def columns(self) -> pd.DataFrame:
        """What is known of each column."""
        shown = ("name", "kind", "missing", "distinct", "minimum", "maximum", "mean")
        return frame_of(self.record.profile.main.columns, shown)

    def notices(self) -> pd.DataFrame:
        """What a person should know of the data."""
        return frame_of(self.record.profile.notices, ("severity", "code", "message", "cure"))

    def propose(self, *, task: str | None = None, target: str | None = None, metric: str | None = None) -> Proposal:
        """What could be done with it, each part with its reason."""
        return self._connection.client.propose(self.id, task=task, target=target, metric=metric)

    def train(self, **wanted: Any) -> RunHandle:
        """A model of it; see Connection.train."""
        return self._connection.train(self, **wanted)


class RunHandle:
    """A run."""

    def __init__(self, connection: Connection, record: Run) -> None:
        self._connection = connection
        self._client = connection.client
        self._record = record
        self.id, self.name = record.id, record.name

    def __repr__(self) -> str:
        run = self._record
        return f"<{run.id}: {run.target} of {run.name}, {run.status}" + (
            f", {run.score:.4g} {run.metric}>" if run.score is not None else ">"
        )

    def _repr_html_(self) -> str:
        return run_card(self.record)

    @property
    def record(self) -> Run:
        """The run as it stands now; one that has ended never changes."""
        if not self._record.status.is_final:
            self._record = self._client.run(self.id)
        return self._record

    @property
    def status(self) -> RunStatus:
        """How it stands."""
        return self.record.status

    @property
    def score(self) -> float | None:
        """What it has come to, in its metric."""
        return self.record.score

    def wait(self, seconds: float | str | None = None) -> RunHandle:
        """Show the run until it has ended, or for so long; RunFailed or RunCancelled if that is how it ended."""
        until = None if seconds is None else time.monotonic() + (seconds_of(seconds) or 0.0)
        return self.shown(fitting_view(), until)

    def shown(self, view: View, until: float | None = None) -> RunHandle:
        """The same, in a view that is there already."""
        try:
            self._record = watch(self._client, self.record, view, until=until)
        except KeyboardInterrupt:
            print(f"The run goes on. Come back to it: mill.run({self.id!r}).wait(); end it: .cancel()")
            raise
        if self._record.status is RunStatus.FAILED:
            raise self._ended(RunFailed, "The run failed.", f"mill.run({self.id!r}).logs() shows what it said.")
        if self._record.status is RunStatus.CANCELLED:
            raise self._ended(
                RunCancelled, "The run was cancelled.", f"mill.run({self.id!r}).resume() goes on with it."
            )
        return self

    def cancel(self, *, keep: bool = False) -> RunHandle:
        """Ask it to end: with `keep`, it stops training now and keeps the best model so far."""
        self._record = self._client.cancel(self.id, keep=keep)
        return self

    def resume(
        self, budget: float | str | None = None, *, settings: dict[str, Any] | None = None, wait: bool = True
    ) -> RunHandle:
        """A new run that goes on from where this one stopped."""
        return self._next(self._client.resume(self.id, seconds_of(budget) or self.record.budget, settings), wait=wait)

    def rerun(self, *, wait: bool = True) -> RunHandle:
        """A new run that asks for the same again."""
        return self._next(self._client.rerun(self.id), wait=wait)

    def leaderboard(self) -> pd.DataFrame:
        """The candidates, best first."""
        shown = ("model", "score", "test_score", "fit_seconds", "predict_seconds", "bytes", "level")
        return frame_of(self.record.leaderboard, shown)

    def report(self, to: str | Path | None = None) -> Report:
        """Its report, which a notebook shows in place: one HTML page; as the file `to`, if one is named."""
        path = self._connection.files / self.id / "report.html" if to is None else Path(to)
        artifact = self.record.artifact("report")
        if to is not None or artifact is None or not path.exists() or path.stat().st_size != artifact.size:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._client.fetch(self.id, "report", path)
        return Report(path)

    def notebook(self, to: str | Path) -> Path:
        """The notebook that was executed, as the file `to`."""
        return self._client.fetch(self.id, "notebook", Path(to))

    def folder(self, to: str | Path) -> Path:
        """Its run folder, unpacked: the notebook runs there by hand, with the run's data."""
        return self._client.folder(self.id, Path(to))

    def predictions(self, to: str | Path | None = None) -> pd.DataFrame | Path:
        """What a batch has predicted, as a table; or as the file `to`, which may be larger than memory."""
        if to is not None:
            return self._client.fetch(self.id, "predictions", Path(to))
        with tempfile.TemporaryDirectory() as scratch:
            return read_rows(self._client.fetch(self.id, "predictions", Path(scratch) / "predictions"))

    def explain(
        self, *candidates: str, every: bool = False, within: float | str | None = None, wait: bool = True
    ) -> RunHandle:
        """A run that explains its candidates, by their names or all of them; `report()` shows what it found."""
        asked = self._client.explain(self.id, candidates=candidates, every=every, seconds=seconds_of(within))
        return self._next(asked, wait=wait)

    def logs(self) -> str:
        """What it has said so far."""
        return text_of(self._client, self.id)

    @property
    def model(self) -> ModelHandle:
        """The model that it left."""
        return self._connection.model(self.id)

    def compare(self, *others: RunHandle | str) -> pd.DataFrame:
        """This run beside others: a column each."""
        ids = [self.id, *(other if isinstance(other, str) else other.id for other in others)]
        found = self._client.compare(ids)
        shown = ("name", "status", "task", "target", "metric", "score", "recipe", "budget", "seed")
        table = frame_of(found.runs, ("id", *shown)).set_index("id").T
        table.attrs["best"] = found.best
        return table

    def _next(self, record: Run, *, wait: bool) -> RunHandle:
        run = RunHandle(self._connection, record)
        return run.wait() if wait else run

    def _ended(self, kind: type[GristmillError], otherwise: str, cure: str) -> GristmillError:
        failure = self._record.failure
        if failure is None:
            return kind(otherwise, cure=cure)
        return kind(failure.what, cause=failure.cause, cure=f"{failure.cure} {cure}".strip(), code=failure.code)


class ModelHandle:
    """A model."""

    def __init__(self, connection: Connection, record: Model) -> None:
        self._client = connection.client
        self.record = record
        self.id, self.name, self.version = record.id, record.name, record.version
        self.metrics = record.metrics

    def __repr__(self) -> str:
        model = self.record
        return f"<{self.id}: {model.target} of {model.name}, version {model.version}, {model.score:.4g} {model.metric}>"

    def _repr_html_(self) -> str:
        return model_card(self.record)

    def predict(self, data: pd.DataFrame | str | Path | None = None, **settings: Any) -> pd.DataFrame:
        """The rows with a column `prediction`, and for classes one `probability.<class>` each; series need no rows."""
        import pandas as pd

        with tempfile.TemporaryDirectory() as scratch:
            given: Path | None = None
            if isinstance(data, pd.DataFrame):
                given = written(data, Path(scratch) / "rows.parquet")
            elif data is not None:
                given = Path(data)
            answers = Path(scratch) / "answers.parquet"
            self._client.predict(self.id, given, answers, settings)
            found = pd.read_parquet(answers)
        if isinstance(data, pd.DataFrame) and len(found) == len(data):
            found.index = data.index
        return found

    def download(self, to: str | Path) -> Path:
        """Its archive as the file `to`: a .zip that predicts with AutoGluon alone."""
        return self._client.download(self.id, Path(to))

    def stage(self, stage: Stage | str) -> ModelHandle:
        """Put it into a stage: candidate, production or retired."""
        self.record = self._client.stage(self.id, Stage(stage))
        return self

    def lineage(self) -> pd.DataFrame:
        """The runs that it comes from, its own first."""
        return frame_of(
            self._client.lineage(self.id).runs, ("id", "recipe", "dataset_id", "budget", "seed", "created_at")
        )
