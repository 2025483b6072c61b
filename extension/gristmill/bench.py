"""What a recipe sees of the platform: data, budget, progress, results. The same under papermill and by hand.

A recipe is handed a run folder and opens it:

    bench = Bench.open(run)            # run.json, data/, out/
    train, test = bench.table()        # what the task's reader returns

Nothing here talks to the catalog or the store. What the bench has to say it appends to `events.jsonl` in the folder,
one JSON object a line; whoever runs the recipe reads along. By hand in JupyterLab nobody does, and all else is equal.

The budget
----------
A run's budget counts from its claim to its saved model, so the fit may not have all of it. `budget.for_fitting()`
holds back what must still happen afterwards: comparing and saving, and, should training overrun and be killed, loading
the models that were finished and saving the best of those. That reserve is measured, not guessed: a restart costs about
what it cost to come this far. By hand, the budget counts from opening the bench.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill import engines, records, tasks
from gristmill.engines import Engine
from gristmill.errors import NotFound, RunFailed
from gristmill.records import Dataset, EventKind, LeaderboardRow, Notice, Profile, Proposal, Resources, Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Bench", "BenchFile", "Budget", "Marker", "Mode", "Pace", "Results", "run_of"]


_SLOWEST = 4.0  # however busy the machine: beyond that, a run could not train at all
_LEAST_RESTART = 6.0  # seconds that loading AutoGluon anew costs at least, however quick a preheated start seemed


class Mode(StrEnum):
    """How a recipe is to spend its time.

    `train` trains, adding to what an earlier run left in out/ if there is any. `salvage` trains nothing: it only brings
    home what is there, because training overran its budget, was stopped, or died.
    """

    TRAIN = "train"
    SALVAGE = "salvage"


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchFile:
    """run.json: all that a recipe is told about its run. It holds no secret and no address."""

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
    saved_at: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The time, and how fast it is to be used: both can be set by whoever tests."""

    clock: Callable[[], float] = time.time
    load: Callable[[], float] = lambda: os.getloadavg()[0]  # processes that want a core, over the last minute
    cores: int = os.cpu_count() or 1

    def slowness(self) -> float:
        """How many times longer than on an idle machine things take, going by who else wants its cores."""
        return min(max(1.0, self.load() / self.cores), _SLOWEST)


class Budget:
    """The seconds a run may take and how many are left.

    `warm` is what the kernel had spent on loading before the budget began to count: a restart pays it again. Where much
    else goes on in the machine, more is held back.
    """

    TOLERANCE = 2.0  # seconds by which training may overrun its time limit before a salvage is prepared for

    def __init__(
        self,
        total: float,
        *,
        started_at: float,
        warm: float = 0.0,
        pace: Pace = Pace(),
    ) -> None:
        self.total = total
        self._started_at = started_at
        self._warm = warm
        self._pace = pace

    def spent(self) -> float:
        """Seconds since the budget began to count."""
        return self._pace.clock() - self._started_at

    def left(self) -> float:
        """Seconds until the budget ends; never negative."""
        return max(0.0, self.total - self.spent())

    def for_salvage(self, loading: float | None = None) -> float:
        """Seconds to hold back, behind those for saving, for bringing home what there is in a second sandbox.

        It needs as long to load as the first did, but warms up beside it as soon as training overruns by `TOLERANCE`.
        """
        loading = self._loaded_in if loading is None else loading
        warmed_up = self.for_saving() - self.TOLERANCE
        return 4.0 * self._pace.slowness() + max(1.5, 1.5 * min(loading, 60.0) - warmed_up)

    @cached_property
    def _loaded_in(self) -> float:
        """What a restart costs, taken when first asked for: what comes later is training, and no restart pays it."""
        return self.loading(self.spent(), self._warm)

    @staticmethod
    def loading(spent: float, warm: float) -> float:
        """What a restart costs: what it cost to come here, or what the kernel had spent before there was a run."""
        return max(_LEAST_RESTART, spent, warm + 4.0)

    def for_saving(self) -> float:
        """Seconds to hold back for comparing and saving once training has ended by itself."""
        return 3.0 * self._pace.slowness() + min(0.08 * self.total, 120.0)

    def for_fitting(self) -> float:
        """Seconds that training may take from now on; 0 when there is no time to train anything."""
        spare = self.left() - self.for_salvage() - self.for_saving()
        return spare if spare >= 1.0 else 0.0

    def for_explaining(self) -> float:
        """Seconds that one explanation may take from now on: longer where people have asked for a longer run."""
        return min(0.5 + 0.02 * self.total, 0.25 * max(0.0, self.left() - self.for_finishing()))

    def for_finishing(self) -> float:
        """Seconds to hold back, once the model is saved, for the report and for the way into the store."""
        return 3.0 * self._pace.slowness() + min(0.02 * self.total, 10.0)


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
        self.resources = file.resources
        self.warm = float(os.environ.get("GRISTMILL_WARM_SECONDS", "0"))
        started_at = time.time() if file.started_at is None else file.started_at
        self.budget = Budget(file.budget, started_at=started_at, warm=self.warm)

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
        """A callback for `fit` that shows the leaderboard as it grows."""
        return self.engine.watch(self.say)

    def time_to_fit(self) -> float:
        """Seconds for AutoGluon's `time_limit`; 0 when this run is only to bring home what was trained before."""
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
        self._keep(replace(results, saved_at=time.time()))

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
            "metric": file.metric, "seed": file.seed, "budget": f"{file.budget:g} s", "cpus": file.resources.cpus,
            "memory": f"{self.memory_limit:.1f} GB",
        }  # fmt: skip

    def _said(self) -> list[dict[str, Any]]:
        path = self.folder / "events.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def _keep(self, results: Results) -> None:
        part = self.out / "results.json.part"
        part.write_bytes(records.encode(results))
        part.rename(self.out / "results.json")  # whole or not there: its presence is what says "saved"
        self.say(EventKind.LEADERBOARD, {"rows": records.to_plain(results.leaderboard)})
