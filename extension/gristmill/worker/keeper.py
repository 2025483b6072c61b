"""Puts what a run leaves into the store: model, models to resume from, report, notebook, log, results.

The model is safe before the recipe is at its end, so it goes to the store while the recipe still explains it. Should
the recipe change it after that, it is put there again.
"""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from gristmill import reports
from gristmill.budget import Freight
from gristmill.engines import has_candidates
from gristmill.errors import GristmillError, RecipeInvalid
from gristmill.records import Artifact, Failure, Run
from gristmill.stores import Store, places

__all__ = ["Keeper", "restore"]


def restore(store: Store, checkpoint: Artifact, folder: Path) -> None:
    """Put all models that a run has kept back into `folder`, where the notebook finds them."""
    path = folder / "checkpoint.tar"
    store.get_file(checkpoint.key, path)
    with tarfile.open(path) as tar:
        tar.extractall(folder / "out", filter="data")
    path.unlink()


class Keeper:
    """Keeps what one attempt at `run` leaves in `folder`; `store` finds where to."""

    def __init__(
        self, store: Callable[[], Store], run: Run, folder: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._run = run
        self._folder = folder
        self._clock = clock
        self._freight = Freight(folder / "out", clock)
        self._begun_at = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._early: Future[tuple[Artifact, ...]] | None = None
        self._early_trace: object = None

    def has_saved(self) -> bool:
        """Whether the recipe has saved a model."""
        return (self._folder / "out" / "results.json").exists()

    def has_models(self) -> bool:
        """Whether there are models to salvage or to resume from."""
        return has_candidates(self._folder / "out" / "model")

    def begin(self) -> None:
        """Start to store the model, if it is saved; may be called often."""
        if self._early is None and self.has_saved():
            self._early_trace = self._trace()
            self._begun_at = self._clock()
            self._early = self._thread.submit(self._keep_model)

    def seconds_left(self) -> float:
        """How long storing the model may take from now on: all of it before it has begun, nothing once it is done.

        A store that is slower than expected goes on being slow: half as long again as it has taken so far.
        """
        if self._early is None:
            return self._freight.seconds()
        if self._early.done():
            return 0.0
        taken = self._clock() - self._begun_at
        return max(self._freight.seconds() - taken, 0.5 * taken)

    def close(self) -> None:
        """Wait until nothing more is read from the folder."""
        self._thread.shutdown(cancel_futures=True)

    def model(self) -> tuple[Artifact, ...]:
        """The model archive, and what to resume from."""
        if self._early is not None and self._early_trace == self._trace():
            try:
                return self._early.result()
            except GristmillError:
                pass  # the store failed: ask it once more
        self.close()
        return self._keep_model()

    def forget_model(self) -> None:
        """Take back what was stored of a model that its run will not have."""
        self.close()
        self._store().delete(places.artifact(self._run, "model.zip"))

    def report(self, *, notice: str = "", failure: Failure | None = None) -> tuple[Artifact, ...]:
        """The report; none where the notebook cannot be read, for no model is lost over its report."""
        notebook = self._folder / "notebook.ipynb"
        if not notebook.exists():
            self._store().get_file(places.recipe(self._run.id), notebook)
        facts = {"task": self._run.task.replace("-", " "), "target": self._run.target, "run": self._run.id}
        heading = reports.Heading(title=self._run.name, facts=facts, notice=notice, failure=failure)
        try:
            return (self.keep("report", reports.render(notebook, self._folder / "report.html", heading)),)
        except RecipeInvalid:
            return ()

    def checkpoint(self) -> tuple[Artifact, ...]:
        """All models, for a run that resumes this one."""
        if not self.has_models():
            return ()
        path = self._folder / "checkpoint.tar"
        with tarfile.open(path, "w") as tar:
            tar.add(self._folder / "out" / "model", "model")
        return (self.keep("checkpoint", path),)

    def papers(self) -> tuple[Artifact, ...]:
        """What is there of notebook, log and results."""
        names = {"notebook": "notebook.ipynb", "log": "log.txt", "results": "out/results.json"}
        present = {name: self._folder / path for name, path in names.items() if (self._folder / path).exists()}
        return tuple(self.keep(name, path) for name, path in present.items())

    def _keep_model(self) -> tuple[Artifact, ...]:
        return (self.keep("model", self._folder / "out" / "model.zip"), *self.checkpoint())

    def keep(self, name: str, path: Path) -> Artifact:
        """One file as an artifact of that name, in the store."""
        key = places.artifact(self._run, f"{name}{path.suffix}")
        stored = self._store().put_file(key, path)
        return Artifact(name=name, key=key, size=stored.size, sha256=stored.sha256 or "")

    def _trace(self) -> object:
        """Changes when the recipe changes what it has saved."""
        saved = [self._folder / "out" / "model.zip", *(self._folder / "out" / "model").rglob("*.pkl")]
        return sorted((str(path), path.stat().st_mtime_ns) for path in saved if path.exists())
