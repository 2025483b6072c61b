"""One claim of one run, from its data to its finish.

    fetch      the dataset from the store into a run folder, and what an earlier attempt or run had trained
    execute    the recipe in the sandbox, under the watchdog; if it is cut short, once more to salvage
    finish     report, model, notebook and log into the store, then one compare-and-set

Whatever happens, the run ends with a sentence: a model, or a failure with its cause and cure. Only a lost lease ends in
silence, because the run is somebody else's by then.
"""

from __future__ import annotations

import errno
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

from gristmill import intake, records, tasks
from gristmill.bench import BenchFile, Budget, Mode, Results
from gristmill.catalog import Catalog, Outcome
from gristmill.errors import CatalogFailed, GristmillError, LeaseLost, RunCancelled, RunFailed
from gristmill.recipes import Recipe
from gristmill.records import Artifact, Dataset, EventKind, Model, Proposal, Run, RunStatus, Stage
from gristmill.sandbox import Execution, Sandbox
from gristmill.stores import Store, places
from gristmill.worker.keeper import Keeper, restore
from gristmill.worker.lease import Lease
from gristmill.worker.relay import Relay
from gristmill.worker.watchdog import Cause, Stop, Watchdog

__all__ = ["Attempt", "Tools"]

_MOST_CLAIMS = 5  # a run that has outlived so many workers is what they died of
_PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0, 0.0)  # seconds between tries to reach the catalog when a run has ended
_LEAST_TRAINING = 15.0  # seconds below which it is not worth starting again with a smaller plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What a worker works with; `folder` holds its run folders."""

    catalog: Catalog
    store: Store
    sandbox: Sandbox
    folder: Path
    lease_seconds: float = 15.0


class Attempt:
    """Carries out `run` in `folder`, where `execution` is warming up already."""

    def __init__(self, tools: Tools, run: Run, folder: Path, execution: Execution) -> None:
        self._tools = tools
        self._run = run
        self._folder = folder
        self._execution = execution
        self._standby: Execution | None = None
        # The claim was timed by the catalog's clock, which may be another machine's: reckon it in ours.
        self._started_at = time.time() - (tools.catalog.now() - (run.claimed_at or 0.0))
        self._budget = Budget(run.budget, started_at=self._started_at)
        self._relay = Relay(folder, tools.catalog, run)
        self._keeper = Keeper(tools.store, run, folder)
        self._salvaged_because = ""

    def carry_out(self) -> None:
        """Bring the run to its end; returns quietly when another worker has taken it over."""
        try:
            with Lease(self._tools.catalog, self._run, seconds=self._tools.lease_seconds) as lease:
                try:
                    if self._run.fence > _MOST_CLAIMS:
                        raise _deadly(self._run)
                    dataset = self._fetch()
                    self._execute(self._describe(dataset), lease)
                    self._succeed(dataset)
                except LeaseLost:
                    raise
                except GristmillError as error:
                    self._give_up(error)
                except Exception as error:  # whatever it is, the run must end, or its next worker meets it again
                    traceback.print_exception(error)
                    self._give_up(_fault(error))
        except LeaseLost:
            return
        finally:
            self._execution.kill()
            if self._standby is not None:
                self._standby.kill()
            self._keeper.close()

    # --- fetch -------------------------------------------------------------------------------------------------------

    def _fetch(self) -> Dataset:
        self._relay.phase("fetch", self._started_at)
        dataset = self._tools.catalog.datasets.get(self._run.dataset_id)
        intake.fetch(self._tools.store, dataset, self._folder / "data")
        if self._run.resumed_from and not (self._folder / "out").exists():
            earlier = self._tools.catalog.runs.get(self._run.resumed_from).artifact("checkpoint")
            if earlier is not None:
                restore(self._tools.store, earlier, self._folder)
        return dataset

    def _describe(self, dataset: Dataset) -> BenchFile:
        run = self._run
        proposal = records.decode(self._tools.store.read(places.proposal(run.id)), Proposal)
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
        recipe = Recipe(name=file.recipe, text=self._tools.store.read(places.recipe(self._run.id)).decode())
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
        return RunFailed(
            what.get(stop.cause, "No model was finished before the run had to end."),
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
            self._outcome(RunStatus.SUCCEEDED),
            artifacts=artifacts,
            score=results.score,
            leaderboard=results.leaderboard,
            salvaged=bool(self._salvaged_because),
        )
        self._finish(outcome, self._model(dataset, results, model))

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
        )

    def _give_up(self, error: GristmillError) -> None:
        """End the run without a model; what it leaves is kept for whoever wants to look, or to resume."""
        self._execution.kill()
        status = RunStatus.CANCELLED if isinstance(error, RunCancelled) else RunStatus.FAILED
        try:
            self._keeper.forget_model()
            report = self._keeper.report(failure=error.failure)
            artifacts = (*report, *self._keeper.checkpoint(), *self._keeper.papers())
        except Exception:  # the store or the disk may be what failed: the run's end must be known all the same
            artifacts = ()
        outcome = replace(self._outcome(status), artifacts=artifacts, failure=error.failure)
        self._finish(outcome)

    def _finish(self, outcome: Outcome, model: Model | None = None) -> None:
        """The one moment in which the run ends; what earlier attempts left in the store is not needed from then on.

        If the catalog went away in that moment, it may have ended already: asking again is then answered by LeaseLost.
        """
        for pause in _PATIENCE:
            try:
                self._tools.catalog.runs.finish(self._run.id, self._run.fence, outcome, model)
                break
            except CatalogFailed:
                if not pause:
                    raise
                time.sleep(pause)
        for fence in range(1, self._run.fence):
            self._tools.store.delete_all(places.attempt(self._run.id, fence))

    def _outcome(self, status: RunStatus) -> Outcome:
        now = time.time()
        seconds = self._relay.seconds(now) | {"total": round(now - self._started_at, 3)}
        return Outcome(status=status, seconds=seconds)


def _fault(error: Exception) -> GristmillError:
    """A sentence for what nobody has foreseen."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunFailed(
            "The run could not go on: the disk is full.", cure="Make room, then resume the run; its upload is safe."
        )
    return RunFailed(
        "Something went wrong inside the worker.",
        cause=f"{type(error).__name__}: {error}.",
        cure="The worker's log has the details.",
    )


def _deadly(run: Run) -> GristmillError:
    return RunFailed(
        f"{_MOST_CLAIMS} workers have died with this run.",
        cause="Something about it ends them, most likely a lack of memory on their machines.",
        cure=f"Look at the worker's log; `gristmill resume {run.id} --budget …` tries again.",
    )
