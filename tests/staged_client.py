"""A Client that plays runs from a script, in memory: what the command line is tested and looked at against.

Each call of `events` goes one step on; with `pace`, it takes that many seconds, as a real run would. Subclasses are
named for the trouble they stage. `python -m staged_client NAME@PACE ARGS...` is a command line against one of them.
"""

# ruff: noqa: ARG002 - a script needs little of what it is asked with

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gristmill import cli, records
from gristmill.client import Client
from gristmill.client.protocol import Progress
from gristmill.errors import DataRejected, NotFound, StoreFailed
from gristmill.records import (
    Artifact,
    Dataset,
    DatasetEntry,
    Event,
    EventKind,
    Failure,
    LeaderboardRow,
    Model,
    Price,
    Profile,
    Proposal,
    Reply,
    Run,
    RunKind,
    RunRequest,
    RunStatus,
    Stage,
    Standing,
    Transfer,
    Upload,
    UploadStatus,
    Wanted,
    WeightsEntry,
)
from staged_data import DOUBT, PROFILE, PROPOSAL, RARE

_MODELS = ("LightGBM", "LightGBMXT", "RandomForest", "CatBoost", "NeuralNetTorch", "WeightedEnsemble_L2")


class StagedClient(Client):
    """All goes well."""

    def __init__(self, pace: float = 0.0) -> None:
        self.pace = pace
        self.nudges = 0
        self.requests: list[RunRequest] = []
        self.cancelled: list[tuple[str, bool]] = []
        self.now: dict[str, Run] = {}
        self.said: dict[str, list[Event]] = {}
        self.steps: dict[str, int] = {}

    # --- data --------------------------------------------------------------------------------------------------------

    def check(
        self, path: Path, *, table: str | None = None, project: str | None = None
    ) -> tuple[Profile, Proposal | None]:
        time.sleep(self.pace)
        return PROFILE, PROPOSAL

    def explore(
        self,
        source: str,
        to: Path,
        *,
        target: str | None = None,
        task: str | None = None,
        table: str | None = None,
        told: Callable[[str], object] | None = None,
    ) -> Path:
        to.write_text(f"{source} {target} {task} {table}")
        return to

    def upload(
        self, path: Path, *, project: str = "default", name: str | None = None, progress: Progress | None = None
    ) -> Upload:
        time.sleep(self.pace)
        return Upload(
            id="upload-1",
            project_id=project,
            name=name or path.name,
            key="k",
            size=1,
            status=UploadStatus.RECEIVED,
            created_at=0.0,
        )

    def open_upload(
        self,
        name: str,
        size: int,
        *,
        project: str = "default",
        sha256: str | None = None,
        filename: str | None = None,
    ) -> Transfer:
        return Transfer(upload=self.upload(Path(name), project=project), part_size=max(1, size))

    def transfer(self, upload_id: str) -> Transfer:
        return self.open_upload("flights.zip", 1)

    def send_part(self, upload_id: str, number: int, data: bytes) -> None: ...

    def complete_upload(self, upload_id: str, *, sha256: str | None = None) -> Upload:
        return self.upload(Path("flights.zip"))

    def abandon(self, upload_id: str) -> None: ...

    def admit(self, upload_id: str, *, name: str | None = None, table: str | None = None) -> Dataset:
        return self.dataset("dataset-1")

    def dataset(self, dataset_id: str) -> Dataset:
        return Dataset(
            id=dataset_id,
            project_id="p",
            upload_id="upload-1",
            name="flights",
            version=1,
            key="k",
            filename="flights.zip",
            size=1,
            sha256="",
            profile=PROFILE,
            proposal=PROPOSAL,
            created_at=0.0,
        )

    def datasets(
        self, project: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[DatasetEntry]:
        return [self.dataset("dataset-1")]

    def propose(
        self, dataset_id: str, *, task: str | None = None, target: str | None = None, metric: str | None = None
    ) -> Proposal:
        return replace(
            PROPOSAL, task=task or PROPOSAL.task, target=target or PROPOSAL.target, metric=metric or PROPOSAL.metric
        )

    # --- runs --------------------------------------------------------------------------------------------------------

    def train(self, request: RunRequest) -> Run:
        self.requests.append(request)
        self.nudges = 0  # from here on they are for this run
        proposal = self.propose("", task=request.task, target=request.target, metric=request.metric)
        return self._queue(
            Run(
                id=f"run-{len(self.now) + 1:016}",
                project_id="p",
                dataset_id=request.dataset_id,
                name=request.name or "flights",
                recipe=request.recipe or "tabular",
                task=proposal.task,
                target=proposal.target,
                metric=proposal.metric,
                budget=request.budget or proposal.budget,
                seed=request.seed,
                settings=request.settings,
                accepted=request.accepted,
                status=RunStatus.QUEUED,
                wanted=Wanted.FINISH,
                created_at=time.time(),
            )
        )

    def resume(self, run_id: str, budget: float, settings: dict[str, Any] | None = None) -> Run:
        earlier = self.run(run_id)
        fresh = replace(earlier, status=RunStatus.QUEUED, wanted=Wanted.FINISH, model_id=None, score=None, artifacts=())
        new_id = f"run-{len(self.now) + 1:016}"
        return self._queue(replace(fresh, id=new_id, budget=budget, settings=settings or {}, resumed_from=run_id))

    def run(self, run_id: str) -> Run:
        if run_id not in self.now:
            raise NotFound(f"There is no run {run_id}.", cure="See: gristmill runs")
        return self.now[run_id]

    def runs(
        self,
        project: str | None = None,
        status: RunStatus | None = None,
        limit: int = 50,
        before: str | None = None,
        *,
        task: str | None = None,
        owner: str | None = None,
        kind: RunKind | None = None,
    ) -> Sequence[Run]:
        every = reversed(self.now.values())
        found = [run for run in every if status in (None, run.status) and kind in (None, run.kind)]
        return found[:limit]

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> Sequence[Event]:
        run = self.run(run_id)
        if not run.status.is_final and self.nudges:
            time.sleep(self.pace)
            self._step(run)
        return [event for event in self.said[run_id] if event.seq > after]

    def cancel(self, run_id: str, *, keep: bool = False) -> Run:
        self.cancelled.append((run_id, keep))
        self.now[run_id] = replace(self.run(run_id), wanted=Wanted.STOP if keep else Wanted.CANCEL)
        return self.now[run_id]

    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        if self.run(run_id).artifact(artifact) is None:
            raise NotFound(f"The run has no {artifact}.")
        to.write_bytes(artifact.encode())
        return to

    def folder(self, run_id: str, to: Path, *, data: bool = True) -> Path:
        to.mkdir()
        return to

    def explain(
        self, run_id: str, *, candidates: Sequence[str] = (), every: bool = False, seconds: float | None = None
    ) -> Run:
        asked = {"run": run_id, "candidates": list(candidates), "every": every, "seconds": seconds}
        fresh = replace(self.run(run_id), kind=RunKind.EXPLAIN, status=RunStatus.QUEUED, model_id=None, artifacts=())
        return self._queue(replace(fresh, id=f"run-{len(self.now) + 1:016}", settings=asked))

    def exploration(
        self, source: str, *, target: str | None = None, task: str | None = None, table: str | None = None
    ) -> Run:
        fresh = self.train(RunRequest(dataset_id=source, target=target, task=task, settings={"table": table}))
        return self._queue(replace(fresh, kind=RunKind.EXPLORE))

    def standing(self) -> Standing:
        return Standing(price=Price(), month="2026-01", allowances=())

    def nudge(self) -> None:
        self.nudges += 1

    # --- weights -----------------------------------------------------------------------------------------------------

    def weights(self) -> Sequence[WeightsEntry]:
        return []

    def fetch_weights(self, name: str) -> WeightsEntry:
        raise NotFound(f"No weights are called {name!r}.", cure="See: gristmill weights list")

    def add_weights(self, name: str, folder: Path, *, kind: str, licence: str) -> WeightsEntry:
        return WeightsEntry(
            name=name, kind=kind, megabytes=1, licence=licence, source="folder", origin="added", path=str(folder)
        )

    # --- models ------------------------------------------------------------------------------------------------------

    def model(self, model_id: str) -> Model:
        for run in self.now.values():
            if run.model_id and model_id in (run.id, run.model_id):
                return Model(
                    id=run.model_id,
                    project_id="p",
                    run_id=run.id,
                    name="Flüge / Januar",
                    version=3,
                    task=run.task,
                    target=run.target,
                    metric=run.metric,
                    score=run.score or 0.0,
                    stage=Stage.CANDIDATE,
                    key="k",
                    size=9,
                    sha256="",
                    schema={},
                    lineage={},
                    created_at=0.0,
                    metrics={
                        "verdict": "Tells late flights from punctual ones in 87 of 100 pairs "
                        "(95 % interval 85 to 89), where guessing gets 50."
                    },
                )
        raise NotFound(f"There is no model {model_id}.", cure="See: gristmill runs")

    def models(self, project: str | None = None, limit: int = 50, before: str | None = None) -> Sequence[Model]:
        return [self.model(run.id) for run in self.now.values() if run.model_id]

    def download(self, model_id: str, to: Path) -> Path:
        to.write_bytes(b"PK")
        return to

    def predict(
        self,
        model_id: str,
        data: Path | None,
        to: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        told: Callable[[str], object] | None = None,
    ) -> int:
        if data is not None and not data.exists():
            raise DataRejected(f"There is no file {data}.")
        if told is not None and data is not None and data.name.startswith("torn"):
            told(f"No prediction: {data.name} is cut off or broken.")
        to.write_text("prediction\n")
        return 1234

    def ask(self, model_id: str, data: Path | None = None, settings: Mapping[str, Any] | None = None) -> Reply:
        return Reply(model_id=model_id, name="answers.csv", content=b"prediction\n1\n", count=1, warm=True)

    def wake(self, model_id: str) -> None: ...

    # --- the script --------------------------------------------------------------------------------------------------

    def _queue(self, run: Run) -> Run:
        self.now[run.id] = run
        self.said[run.id] = []
        self.steps[run.id] = 0
        return run

    def _say(self, run: Run, kind: EventKind, **body: Any) -> None:
        said = self.said[run.id]
        said.append(Event(run_id=run.id, seq=len(said) + 1, at=time.time(), kind=kind, body=body))

    def _step(self, run: Run) -> None:
        step = self.steps[run.id] = self.steps[run.id] + 1
        if run.wanted is Wanted.CANCEL:
            self.now[run.id] = replace(run, status=RunStatus.CANCELLED, finished_at=time.time())
        elif run.wanted is Wanted.STOP:
            self._finish(run, salvaged=True)
        elif step == 1:
            self.now[run.id] = replace(run, status=RunStatus.RUNNING, claimed_at=time.time())
        elif step <= 4:
            self._say(run, EventKind.PHASE, phase=("fetch", "load", "look")[step - 2])
            self._say(run, EventKind.LOG, text=f"\x1b[31mlog of step {step}\x1b[0m\n")
        elif step <= 4 + len(_MODELS):
            self._trained(run, step - 4)
        elif step <= 9 + len(_MODELS):
            self._say(
                run, EventKind.PHASE, phase=("compare", "save", "explain", "report", "store")[step - 5 - len(_MODELS)]
            )
        else:
            self._finish(run)

    def _trained(self, run: Run, count: int) -> None:
        self._say(run, EventKind.PHASE, phase="fit", model=_MODELS[count - 1])
        if count == 2:
            self._say(
                run,
                EventKind.NOTICE,
                **records.to_plain(replace(DOUBT, message="Memory is tight: bagging is left out.")),
            )
        rows = [
            LeaderboardRow(
                model=name,
                score=0.80 + 0.013 * at,
                fit_seconds=1.5 * (at + 1) ** 2,
                predict_seconds=0.031,
                bytes=10 ** (at + 3),
            )
            for at, name in enumerate(_MODELS[:count])
        ]
        self.now[run.id] = replace(run, leaderboard=tuple(reversed(rows)))
        self._say(run, EventKind.LEADERBOARD, rows=records.to_plain(rows))

    def _finish(self, run: Run, *, salvaged: bool = False) -> None:
        rows = tuple(replace(row, test_score=(row.score or 0) - 0.01) for row in run.leaderboard)
        artifacts = tuple(
            Artifact(name=name, key=name, size=len(name), sha256="") for name in ("report", "notebook", "model")
        )
        self.now[run.id] = replace(
            run,
            status=RunStatus.SUCCEEDED,
            finished_at=time.time(),
            salvaged=salvaged,
            score=0.8745,
            leaderboard=rows,
            artifacts=artifacts,
            model_id=f"model-{run.id[4:]}",
            seconds={"fetch": 0.4, "fit": 40.0, "total": 57.9},
        )


class AsksFirst(StagedClient):
    """Something about the data needs a yes."""

    def propose(self, dataset_id: str, **chosen: Any) -> Proposal:
        return replace(super().propose(dataset_id, **chosen), notices=(DOUBT, RARE))


class DataIsRejected(StagedClient):
    """The data cannot be used."""

    def admit(self, upload_id: str, *, name: str | None = None, table: str | None = None) -> Dataset:
        raise DataRejected("flights.csv has no rows below its header, line 1.", cure="Add rows.", code="no-rows")

    def check(
        self, path: Path, *, table: str | None = None, project: str | None = None
    ) -> tuple[Profile, Proposal | None]:
        self.admit("")
        return super().check(path, table=table)


class RunFails(StagedClient):
    """The recipe stops with an error."""

    def _trained(self, run: Run, count: int) -> None:
        failure = Failure(
            code="run-failed", what="The recipe stopped with an error.", cause="KeyError: 'late'.", cure="Look."
        )
        self.now[run.id] = replace(run, status=RunStatus.FAILED, failure=failure, finished_at=time.time())


class StoreIsAway(StagedClient):
    """The run succeeds, and then its files cannot be fetched."""

    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        raise StoreFailed("The store is away.", cure="Try again.")


class IsBroken(StagedClient):
    """A fault of our own."""

    def check(
        self, path: Path, *, table: str | None = None, project: str | None = None
    ) -> tuple[Profile, Proposal | None]:
        raise KeyError("a fault of our own")


def environment() -> dict[str, str]:
    """What a process needs to run this module, and nothing that changes how a terminal looks."""
    here = Path(__file__).parent
    path = f"{Path(cli.__file__).parents[2]}{os.pathsep}{here}"
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return kept | {"PYTHONPATH": path, "TERM": "xterm-256color", "LANG": "C.UTF-8"}


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    kind, _, tempo = kind.partition("@")
    staged = globals()[kind](float(tempo or 0))
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(cli.run(lambda: staged, files=Path(folder), args=arguments))
