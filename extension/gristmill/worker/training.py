"""A run that trains, from its data to its model.

fetch      the dataset from the store into a run folder, and what an earlier attempt or run had trained
execute    the recipe in the sandbox, under the watchdog; if it is cut short, once more to salvage
finish     report, model, notebook and log into the store, then one compare-and-set
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from gristmill import intake, records, tasks
from gristmill.bench import BenchFile, Mode, Results
from gristmill.errors import GristmillError, RunCancelled, RunFailed
from gristmill.recipes import Recipe
from gristmill.records import Artifact, Dataset, EventKind, Model, Proposal, RunStatus, Stage
from gristmill.sandbox import Execution
from gristmill.stores import places
from gristmill.worker.attempt import Attempt
from gristmill.worker.keeper import restore
from gristmill.worker.lease import Lease
from gristmill.worker.watchdog import Cause, Stop, Watchdog

__all__ = ["Training"]

_LEAST_TRAINING = 15.0  # seconds below which it is not worth starting again with a smaller plan


class Training(Attempt):
    """One claim of a run that trains."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._standby: Execution | None = None
        self._salvaged_because = ""

    def work(self, lease: Lease) -> None:
        dataset = self._fetch()
        self._execute(self._describe(dataset), lease)
        self._succeed(dataset)

    def close(self) -> None:
        if self._standby is not None:
            self._standby.kill()
        super().close()

    def remains(self, error: GristmillError) -> tuple[Artifact, ...]:
        self._keeper.forget_model()
        report = self._keeper.report(failure=error.failure)
        return (*report, *self._keeper.checkpoint(), *self._keeper.papers())

    # --- fetch -------------------------------------------------------------------------------------------------------

    def _fetch(self) -> Dataset:
        self._relay.phase("fetch", self._started_at)
        dataset = self._dataset()
        intake.fetch(self._tools.shelf.of(dataset), dataset, self._folder / "data")
        if self._run.resumed_from and not (self._folder / "out").exists():
            earlier = self._tools.catalog.runs.get(self._run.resumed_from)
            checkpoint = earlier.artifact("checkpoint")
            if checkpoint is not None:
                restore(self._tools.shelf.of(earlier), checkpoint, self._folder)
        return dataset

    def _describe(self, dataset: Dataset) -> BenchFile:
        run = self._run
        proposal = records.decode(self._store().read(places.proposal(run.id)), Proposal)
        file = BenchFile.of(run, dataset, proposal, self._tools.sandbox.resources())
        return replace(file, started_at=self._started_at)

    # --- execute -----------------------------------------------------------------------------------------------------

    def _execute(self, file: BenchFile, lease: Lease) -> None:
        """Until the model is saved in the folder; RunFailed or RunCancelled where there will be none."""
        smaller = False
        while True:
            stop = self._run_once(file, lease, smaller=smaller)
            if stop.cause is Cause.CANCELLED:
                raise RunCancelled(
                    "The run was cancelled.", cure=f"`gristmill resume {self._run.id}` goes on from here."
                )
            if self._keeper.has_saved():
                if stop.cause is not Cause.DONE:
                    self._salvaged_because = self._salvaged_because or f"after the model was saved, {stop.message}"
                return
            if stop.cause in (Cause.DONE, Cause.FAILED) or file.mode is Mode.SALVAGE:
                raise self._no_model(stop)
            if self._keeper.has_models():
                self._salvaged_because = stop.message
                file = replace(file, mode=Mode.SALVAGE)
            elif stop.cause is Cause.MEMORY and not smaller and self._budget.left() > _LEAST_TRAINING:
                smaller = True
            else:
                raise self._no_model(stop)
            self._execution, self._standby = self._stand_by(), None

    def _stand_by(self) -> Execution:
        """Have another execution warming up beside the one that goes on."""
        if self._standby is None:
            self._standby = self._tools.sandbox.prepare(self._folder)
        return self._standby

    def _run_once(self, file: BenchFile, lease: Lease, *, smaller: bool) -> Stop:
        notebook = self._folder / "notebook.ipynb"
        recipe = Recipe(name=file.recipe, text=self._store().read(places.recipe(self._run.id)).decode())
        notebook.write_text(recipe.text, encoding="utf-8")
        parameters, notices = tasks.find(file.task).plan(file.profile, file.budget, file.resources, smaller=smaller)
        for notice in notices:
            self._relay.say(EventKind.NOTICE, records.to_plain(notice))
        replace(file, notices=file.notices + notices).write(self._folder)
        chosen = {"target": file.target, "metric": file.metric, "seed": file.seed} | parameters | file.settings
        self._execution.start(notebook, {name: chosen[name] for name in recipe.parameters & chosen.keys()})
        watchdog = Watchdog(
            budget=self._budget,
            started_at=self._started_at,
            resources=file.resources,
            saved=self._keeper.has_saved,
            keep=self._keeper.begin,
            stand_by=self._stand_by,
            made=self._keeper.has_models,
            salvages=file.mode is Mode.SALVAGE,
        )
        return watchdog.watch(self._execution, lease, self._relay)

    def _no_model(self, stop: Stop) -> RunFailed:
        more = f"`gristmill resume {self._run.id} --budget …` gives it more time."
        look = f"`gristmill logs {self._run.id}` and `gristmill notebook {self._run.id}` show where."
        cures = {
            Cause.MEMORY: "Give it a machine with more memory, or fewer rows or columns.",
            Cause.FAILED: look,
            Cause.DONE: "A recipe must end with bench.save(...).",
        }
        what = {
            Cause.FAILED: "The recipe stopped with an error.",
            Cause.DONE: "The recipe came to its end without saving a model.",
        }
        late = "No model was finished before the run had to end."
        if self._keeper.has_models():
            late = "The run had to end before a model could be saved; the candidates that were finished are kept."
        return RunFailed(
            what.get(stop.cause, late),
            cause=f"{stop.message[:1].upper()}{stop.message[1:]}.".replace("..", ".") if stop.message else "",
            cure=cures.get(stop.cause, more),
        )

    # --- finish ------------------------------------------------------------------------------------------------------

    def _succeed(self, dataset: Dataset) -> None:
        self._relay.phase("report", time.time())
        results = records.decode((self._folder / "out" / "results.json").read_bytes(), Results)
        cut_short = self._salvaged_because and f"Training was cut short: {self._salvaged_because}."
        report = self._keeper.report(notice=cut_short)
        self._relay.phase("store", time.time())
        model, *checkpoint = self._keeper.model()
        artifacts = (model, *report, *checkpoint, *self._keeper.papers())
        outcome = replace(
            self.outcome(RunStatus.SUCCEEDED),
            artifacts=artifacts,
            score=results.score,
            leaderboard=results.leaderboard,
            salvaged=bool(self._salvaged_because),
        )
        self.finish(outcome, self._model(dataset, results, model))

    def _model(self, dataset: Dataset, results: Results, archived: Artifact) -> Model:
        run = self._run
        return Model(
            id=records.new_id("model"),
            project_id=run.project_id,
            run_id=run.id,
            name=run.name,
            version=0,
            task=run.task,
            target=run.target,
            metric=run.metric,
            score=results.score,
            stage=Stage.CANDIDATE,
            key=archived.key,
            size=archived.size,
            sha256=archived.sha256,
            schema=results.schema,
            metrics={**results.metrics, "verdict": results.verdict, "best": results.best},
            lineage={
                "dataset": dataset.id,
                "sha256": dataset.sha256,
                "recipe": run.recipe,
                "seed": run.seed,
                "resumed_from": run.resumed_from,
                "versions": results.versions,
            },
            created_at=time.time(),
            store_id=run.store_id,
        )
