"""Handles: a dataset, a run and a model as things to call, with tables as DataFrames.

A handle knows an id and asks the platform anew for what may have changed.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.client.asking import seconds_of, word_of, written
from gristmill.client.cards import dataset_card, model_card, run_card
from gristmill.client.living import in_notebook, keep_up
from gristmill.client.showing import Report, frame_of, read_rows, text_of
from gristmill.client.watching import View, fitting_view, watch
from gristmill.errors import GristmillError, RunCancelled, RunFailed
from gristmill.records import Dataset, Model, Proposal, Run, RunStatus, Stage

if TYPE_CHECKING:
    import pandas as pd

    from gristmill.client.connection import Connection

__all__ = ["DatasetHandle", "ModelHandle", "RunHandle"]


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

    def explore(self, *, target: str | None = None, task: str | None = None, wait: bool = True) -> RunHandle:
        """A run that draws what to know of it before training; its `report()` is the page."""
        run = RunHandle(self._connection, self._connection.client.exploration(self.id, target=target, task=task))
        return run.wait() if wait else run

    def train(self, **wanted: Any) -> RunHandle:
        """A model of it; see Connection.train."""
        return self._connection.train(self, **wanted)


class RunHandle:
    """A run."""

    def __init__(self, connection: Connection, record: Run) -> None:
        self._connection = connection
        self._client = connection.client
        self._record = record
        self._card: object = None  # the one that keeps up with the run; an earlier one stays as it is
        self.id, self.name = record.id, record.name

    def __repr__(self) -> str:
        run = self._record
        return f"<{run.id}: {run.target} of {run.name}, {run.status}" + (
            f", {run.score:.4g} {run.metric}>" if run.score is not None else ">"
        )

    def _repr_html_(self) -> str:
        return run_card(self.record)

    def _ipython_display_(self) -> None:
        """A card that keeps up with the run; NotImplementedError has IPython show it like anything else."""
        if not in_notebook() or self.record.status.is_final:
            raise NotImplementedError
        card = self._card = object()
        keep_up(lambda: (run_card(self.record), not self._record.status.is_final), lambda: self._card is card)

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
        self.record = self._client.stage(self.id, word_of(Stage, stage))
        return self

    def lineage(self) -> pd.DataFrame:
        """The runs that it comes from, its own first."""
        return frame_of(
            self._client.lineage(self.id).runs, ("id", "recipe", "dataset_id", "budget", "seed", "created_at")
        )
