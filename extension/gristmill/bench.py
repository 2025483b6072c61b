"""What a recipe sees of the platform: data, budget, progress, results. The same under papermill and by hand.

A recipe is handed a run folder and opens it:

    bench = Bench.open(run)            # run.json, data/, out/
    train, test = bench.table()        # what the task's reader returns

Nothing here talks to the catalog or the store. What the bench has to say it appends to `events.jsonl` in the folder,
one JSON object a line; whoever runs the recipe reads along. By hand in JupyterLab nobody does, and all else is equal,
but that the budget counts from opening the bench.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill import engines, records, tasks
from gristmill.budget import Budget, Freight, Pace
from gristmill.engines import Engine, has_candidates
from gristmill.errors import NotFound, RunFailed
from gristmill.records import Dataset, EventKind, LeaderboardRow, Notice, Profile, Proposal, Resources, Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Bench", "BenchFile", "Marker", "Mode", "Results", "run_of"]


class Mode(StrEnum):
    """How a recipe is to spend its time.

    `train` trains, adding to what an earlier run left in out/ if there is any. `salvage` trains nothing: it only brings
    home what is there, because training overran its budget, was stopped, or died.
    """

    TRAIN = "train"
    SALVAGE = "salvage"


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchFile:
    """run.json: all that a recipe is told about its run, which has no id before it is asked for.

    It holds no secret and no address.
    """

    run_id: str
    name: str
    recipe: str
    task: str
    target: str
    metric: str
    budget: float
    seed: int
    profile: Profile
    resources: Resources
    dataset_id: str = ""
    data_sha256: str = ""
    order: str | None = None
    notices: tuple[Notice, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    started_at: float | None = None  # when the budget began to count; None by hand
    mode: Mode = Mode.TRAIN

    @classmethod
    def of(cls, run: Run, dataset: Dataset, proposal: Proposal, resources: Resources) -> BenchFile:
        """What a run on a dataset is to be told; `proposal` is what intake says of the run's own task and target."""
        return cls(
            run_id=run.id,
            name=run.name,
            recipe=run.recipe,
            task=run.task,
            target=run.target,
            metric=run.metric,
            budget=run.budget,
            seed=run.seed,
            profile=dataset.profile,
            resources=resources,
            dataset_id=dataset.id,
            data_sha256=dataset.sha256,
            order=proposal.order,
            notices=dataset.profile.notices + proposal.notices,
            settings=run.settings,
        )

    def write(self, folder: Path) -> None:
        (folder / "run.json").write_bytes(records.encode(self))

    @classmethod
    def read(cls, folder: Path) -> BenchFile:
        try:
            raw = (folder / "run.json").read_bytes()
        except FileNotFoundError:
            raise NotFound(
                f"{folder} is not a run folder: it has no run.json.",
                cure="`gristmill notebook RUN --folder DIR` writes a whole run folder.",
            ) from None
        return records.decode(raw, cls)


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """What the run.json of every run folder says, whatever the run is for: whose it is."""

    run_id: str

    def write(self, folder: Path) -> None:
        (folder / "run.json").write_bytes(records.encode(self))


def run_of(folder: Path) -> str | None:
    """The id of the run whose folder this is; None where that cannot be told."""
    try:
        return records.decode((folder / "run.json").read_bytes(), Marker).run_id
    except (OSError, ValueError):
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """out/results.json: what a recipe found. `score` is in the run's metric, on rows the fit never saw."""

    score: float
    metrics: dict[str, float]
    leaderboard: tuple[LeaderboardRow, ...]
    verdict: str = ""
    best: str = ""
    schema: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


class Bench:
    """A run folder, opened. `out` is where the recipe leaves what it makes."""

    def __init__(self, folder: Path, file: BenchFile) -> None:
        self.folder = folder
        self.file = file
        self.out = folder / "out"
        self.out.mkdir(exist_ok=True)
        self.seed = file.seed
        self.profile = file.profile
        self.notices = file.notices
        self.resources = replace(file.resources, cpus=Pace().free(file.resources.cpus))
        self.warm = float(os.environ.get("GRISTMILL_WARM_SECONDS", "0"))
        started_at = time.time() if file.started_at is None else file.started_at
        freight = Freight(self.out)
        self.budget = Budget(file.budget, started_at=started_at, warm=self.warm, storing=freight.seconds)

    @classmethod
    def open(cls, run: str | Path = ".") -> Bench:
        """The bench of the run folder `run`."""
        folder = Path(run).resolve()
        bench = cls(folder, BenchFile.read(folder))
        bench.say(EventKind.PHASE, {"phase": "load", "warm": bench.warm})
        return bench

    def table(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rows to train on, and held-out rows that no fit may see."""
        plan = tasks.LoadPlan(
            target=self.file.target, seed=self.file.seed, order=self.file.order, settings=self.file.settings
        )
        return tasks.find(self.file.task).load(self.folder / "data", self.profile, plan)

    def problem_type(self, train: pd.DataFrame) -> str:
        """What AutoGluon calls the problem that the target poses."""
        return tasks.find(self.file.task).problem_type(train[self.file.target])

    @property
    def item(self) -> str:
        """What one answer is for, in people's words: a row, a text, a picture."""
        return tasks.find(self.file.task).item

    @property
    def is_ordered(self) -> bool:
        """Whether the held-out rows are the latest ones."""
        return self.file.order is not None

    # --- progress ----------------------------------------------------------------------------------------------------

    def say(self, kind: EventKind, body: Mapping[str, Any]) -> None:
        """Append an event for whoever reads along."""
        line = json.dumps({"at": time.time(), "kind": kind, "body": body}, allow_nan=False, default=str)
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as events:
            events.write(line + "\n")

    @cached_property
    def engine(self) -> Engine:
        """What the bench knows of the predictor that this task's recipe trains."""
        return engines.find(tasks.find(self.file.task).engine)

    def watch(self) -> Any:
        """A callback for `fit` that shows the leaderboard as it grows.

        The time given to a fit cannot know how large its candidates will be: where they leave no time for another one
        beside the way home, no other is begun.
        """
        seconds, before = self._seconds_to_fit(), self.budget.for_homecoming()
        ends, borrowed = time.time() + seconds, self.time_to_fit() > seconds

        def full() -> bool:
            left = ends - time.time()
            if left <= 0:  # AutoGluon begins nothing then, unless the first candidate had time that is not there
                return borrowed and has_candidates(self.out / "model")
            return left <= self.budget.for_homecoming() - before

        return self.engine.watch(self.say, full)

    def time_to_fit(self, share: float = 1.0) -> float:
        """Seconds for AutoGluon's `time_limit`; 0 when this run is only to bring home what was trained before.

        Where a fit is to have a `share` of them only, the first candidate has all the same what it needs: on a busy
        machine it is begun even if nothing would be left for others.
        """
        seconds = share * self._seconds_to_fit()
        if self.file.mode is Mode.SALVAGE or has_candidates(self.out / "model"):
            return seconds
        return max(seconds, self.budget.for_first())

    def _seconds_to_fit(self) -> float:
        return 0.0 if self.file.mode is Mode.SALVAGE else self.budget.for_fitting()

    @property
    def memory_limit(self) -> float:
        """Memory for AutoGluon's `memory_limit`, in GB."""
        return self.resources.memory / 1e9

    def reopened(self) -> Any | None:
        """The predictor that an earlier, perhaps killed, fit left in out/model, with all models it had finished."""
        predictor = self.engine.reopen(self.out / "model")
        if predictor is None and self.file.mode is Mode.SALVAGE:
            raise RunFailed("No candidate was finished.", cure="Give the run more time.")
        return predictor

    # --- results -----------------------------------------------------------------------------------------------------

    def save(self, predictor: Any, *, metrics: Mapping[str, float], verdict: str = "") -> None:
        """Save the best model as a plain archive, and what is known of it as out/results.json.

        From here on the run has succeeded: whatever comes after in the notebook can only add to it.
        """
        from gristmill import model_archive

        scores = {name: self.engine.natural(name, value) for name, value in metrics.items()}
        results = Results(
            score=scores[self.file.metric],
            metrics=scores,
            leaderboard=self.engine.board(predictor),
            verdict=str(verdict),
            best=self.engine.best(predictor),
            schema=model_archive.schema_of(predictor, self.engine, self.file),
            versions=model_archive.versions((*self.engine.packing(predictor).needs, "gristmill")),
        )
        trained = model_archive.Trained(predictor=predictor, engine=self.engine, file=self.file, results=results)
        model_archive.write(trained, self.out / "model.zip")
        self._keep(results)

    def compare(self, predictor: Any, test: Any) -> tuple[LeaderboardRow, ...]:
        """The leaderboard with each model's score on the held-out rows, as far as time allows, added to the results."""
        rows = self.engine.compare(predictor, test, seconds=self.budget.for_explaining())
        results = records.decode((self.out / "results.json").read_bytes(), Results)
        self._keep(replace(results, leaderboard=rows))
        return rows

    # --- what a report tells of the run itself -----------------------------------------------------------------------

    def seconds(self) -> dict[str, float]:
        """How long each phase has taken so far."""
        phases = [event for event in self._said() if event["kind"] == EventKind.PHASE]
        ends = [event["at"] for event in phases[1:]] + [time.time()]
        taken: dict[str, float] = {}
        for event, end in zip(phases, ends, strict=True):
            name = event["body"]["phase"]
            taken[name] = taken.get(name, 0.0) + end - event["at"]
        return taken

    def failures(self, predictor: Any) -> dict[str, str]:
        """The candidates that did not finish, each with the reason."""
        return self.engine.failures(predictor)

    def facts(self) -> dict[str, object]:
        """What it takes to make this run again."""
        file = self.file
        return {
            "run": file.run_id, "recipe": file.recipe, "data (SHA-256)": file.data_sha256, "target": file.target,
            "metric": file.metric, "seed": file.seed, "budget": f"{file.budget:g} s", "cpus": self._processors(),
            "memory": f"{self.memory_limit:.1f} GB", "device": self._device(),
        }  # fmt: skip

    def _processors(self) -> str:
        used, there = self.resources.cpus, self.file.resources.cpus
        return str(there) if used == there else f"{used} of {there}: others kept the machine busy"

    def _device(self) -> str:
        """What networks trained on, in words."""
        torch = sys.modules.get("torch")  # where a network was trained, it is loaded
        if not self.resources.gpus:
            return "processor"
        if torch is None or not torch.cuda.is_available():
            return "processor: this installation of PyTorch cannot use the GPU"
        return str(torch.cuda.get_device_name(0))

    def _said(self) -> list[dict[str, Any]]:
        path = self.folder / "events.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def _keep(self, results: Results) -> None:
        part = self.out / "results.json.part"
        part.write_bytes(records.encode(results))
        part.rename(self.out / "results.json")  # whole or not there: its presence is what says "saved"
        self.say(EventKind.LEADERBOARD, {"rows": records.to_plain(results.leaderboard)})
