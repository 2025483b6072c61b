"""A Client whose data is real and whose runs are played: every page of the wizard at a moment worth looking at.

Files were really looked at by the platform; runs, models, people and news are made up, so that nothing is trained.
"""

# ruff: noqa: ARG002 - a script needs little of what it is asked with

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gristmill.errors import HubAway, NotAllowed, NotFound
from gristmill.mill import Mill
from gristmill.records import (
    Alive,
    Allowance,
    Artifact,
    Choices,
    Comparison,
    Deed,
    Effect,
    Event,
    EventKind,
    Failure,
    Invitation,
    LeaderboardRow,
    Limit,
    Limits,
    Member,
    MemberKind,
    Membership,
    Model,
    News,
    NewsKind,
    Notice,
    Person,
    Power,
    Price,
    Project,
    Reply,
    Run,
    RunKind,
    RunStatus,
    Severity,
    Stage,
    Standing,
    Subject,
    Usage,
    Wanted,
    Who,
)

__all__ = ["Empty", "IsAway", "NoAdmin", "StagedWizard"]

LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 4
NAMES = ("WeightedEnsemble_L2", "LightGBM", "CatBoost", "NeuralNetFastAI", "RandomForestGini", "ExtraTreesEntr")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class StagedWizard:
    """All goes well, for somebody who may do everything."""

    def __init__(self, mill: Mill, data: dict[str, str]) -> None:
        self._mill, self.data, self.began = mill, data, time.time()
        self._runs = {run.id: run for run in self._played()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mill, name)

    # --- runs and models ---------------------------------------------------------------------------------------------

    def _run(self, name: str, status: RunStatus, data: str, target: str, task: str, metric: str, **more: Any) -> Run:
        began = self.began - more.pop("ago", HOUR)
        made = Run(
            id=f"run-{name}", project_id="project-1", dataset_id=self.data[data], name=more.pop("called", data),
            recipe=task, task=task, target=target, metric=metric, budget=300.0, seed=0, settings={}, accepted=(),
            status=status, wanted=Wanted.FINISH, created_at=began, owner="olga",
        )  # fmt: skip
        if status is not RunStatus.QUEUED:
            made = replace(made, claimed_at=began + 2, worker="mill:7")
        if status.is_final:
            made = replace(made, finished_at=began + 280, seconds={"total": 278.4})
        if status is RunStatus.SUCCEEDED:
            papers = tuple(Artifact(name=one, key=one, size=9000, sha256="") for one in ("report", "notebook", "model"))
            made = replace(made, model_id=f"model-{name}", artifacts=papers)
        return replace(made, **more)

    def _played(self) -> Sequence[Run]:
        table, series = ("species", "tabular-classification", "accuracy"), ("loaves", "time-series", "WQL")
        done = RunStatus.SUCCEEDED
        return [
            self._run("queued", RunStatus.QUEUED, "penguins", *table, ago=40.0),
            self._run("running", RunStatus.RUNNING, "penguins", *table, ago=118.0, leaderboard=_board(5, tested=False)),
            self._run("done", done, "penguins", *table, score=0.986, leaderboard=_board(6), ago=2 * HOUR),
            self._run("weight", done, "penguins", "body_mass_g", "tabular-regression", "root_mean_squared_error",
                      score=288.31, leaderboard=_board(4, scale=290.0), salvaged=True, ago=DAY / 2),
            self._run("bread", done, "bakeries", *series, score=0.061, leaderboard=_board(3, scale=0.06), ago=3 * DAY),
            self._run("shapes", done, "shapes", "category", "object-detection", "map", score=0.712,
                      leaderboard=_board(2), ago=9 * DAY),
            self._run("failed", RunStatus.FAILED, "penguins", *table, ago=4 * HOUR, failure=Failure(
                code="run-failed", what="The recipe stopped with an error.", cause="KeyError: 'flipper'.",
                cure="Look at the notebook, mend it, and run it again.")),
            self._run("cancelled", RunStatus.CANCELLED, "penguins", *table, ago=5 * HOUR, leaderboard=_board(2)),
            replace(self._run("asked", done, "penguins", *table, rows=1234), kind=RunKind.BATCH, model_id="model-done"),
            self._run("long", done, "penguins", LONG, *table[1:], called=f"{LONG}.csv", score=0.5, ago=30 * DAY,
                      leaderboard=_board(2)),
        ]  # fmt: skip

    def run(self, run_id: str) -> Run:
        if run_id not in self._runs:
            raise NotFound(f"There is no run {run_id}.", cure="See: gristmill runs")
        return self._runs[run_id]

    def runs(self, project: str | None = None, status: RunStatus | None = None, limit: int = 50, *_: Any) -> list[Run]:
        found = [run for run in self._runs.values() if status in (None, run.status)]
        return sorted(found, key=lambda run: -run.created_at)[:limit]

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> Sequence[Event]:
        run = self.run(run_id)
        if after or run.status is not RunStatus.RUNNING:
            threading.Event().wait(0 if run.status.is_final else wait)
            return ()
        return _told(run)

    def nudge(self) -> None: ...

    def compare(self, run_ids: Sequence[str]) -> Comparison:
        runs = tuple(self.run(run_id) for run_id in run_ids)
        return Comparison(runs=runs, differs=("target", "task", "metric"), comparable=False)

    def model(self, model_id: str) -> Model:
        run = next(run for run in self._runs.values() if run.model_id == model_id and run.kind is RunKind.TRAIN)
        columns = _columns(self._mill.dataset(run.dataset_id or ""), run.target)
        item = {"object-detection": "picture"}.get(run.task, "row")
        return Model(
            id=model_id, project_id="project-1", run_id=run.id, name=run.name, version=3, task=run.task,
            target=run.target, metric=run.metric, score=run.score or 0.0, stage=Stage.PRODUCTION, key="k",
            size=4_200_000, sha256="", schema={"item": item, "columns": columns, "form": {"format": "csv"}},
            metrics={"best": NAMES[0], **_VERDICTS.get(run.task, _VERDICTS["tabular-classification"])},
            lineage={}, created_at=run.created_at,
        )  # fmt: skip

    def models(self, project: str | None = None, limit: int = 50, before: str | None = None) -> list[Model]:
        found = [run for run in self.runs() if run.model_id and run.kind is RunKind.TRAIN]
        return [self.model(run.model_id or "") for run in found]

    def ask(self, model_id: str, data: Path | None = None, settings: Any = None) -> Reply:
        task = self.model(model_id).task
        name, content = _answers(task)
        effects = (
            (Effect(column="bill_length_mm", value="50.1", usual="44.45", by=0.61),
             Effect(column="flipper_length_mm", value="193", usual="197", by=-0.042))
            if task.startswith("tabular") else ()
        )  # fmt: skip
        return Reply(model_id=model_id, name=name, content=content, count=1, warm=True, effects=effects)

    def wake(self, model_id: str) -> None: ...

    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        to.write_text("<!doctype html><meta charset=utf-8><body style='font:16px serif'><h1>A report</h1>", "utf-8")
        return to

    # --- people ------------------------------------------------------------------------------------------------------

    def me(self) -> Who:
        return Who(name="olga", teams=("millers",), powers=frozenset(Power))

    def notices(self, limit: int = 50, *_: Any, **__: Any) -> list[News]:
        told = [
            ("penguins: a model, accuracy 0.986", "run-done"),
            ("penguins failed: The recipe stopped with an error.", "run-failed"),
        ]
        return [
            News(id=f"news-{place}", created_at=self.began - HOUR * place, who="olga", kind=NewsKind.RUN_FINISHED,
                 thing=thing, project_id="project-1", title=title, text="It took 4 min 38 s.",
                 read_at=None if place == 0 else 1.0)
            for place, (title, thing) in enumerate(told)
        ]  # fmt: skip

    def choices(self) -> Choices:
        return Choices(who="olga")

    def projects(self, limit: int = 50, before: str | None = None) -> list[Project]:
        return [Project(id=f"project-{name}", name=name, created_at=self.began, owner="olga")
                for name in ("olga/default", "ben/mill", f"olga/{LONG}")]  # fmt: skip

    def project(self, reference: str) -> Project:
        return self.projects()[1]

    def members(self, project: str) -> list[Member]:
        found = (("olga", "owner"), ("ben", "editor"), ("millers", "viewer"), (LONG, "viewer"))
        return [
            Member(project_id="project-1", name=name, membership=Membership(role), created_at=self.began,
                   kind=MemberKind.TEAM if name == "millers" else MemberKind.PERSON)
            for name, role in found
        ]  # fmt: skip

    def invitations(self, project: str) -> list[Invitation]:
        return [Invitation(id="invitation-1", project_id="project-1", membership=Membership.VIEWER, digest="",
                           created_by="olga", created_at=self.began - DAY, expires_at=self.began + DAY)]  # fmt: skip

    # --- watching over it --------------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        def of(limit: Limit, most: float | None, used: float) -> Allowance:
            return Allowance(kind=Subject.PERSON, name="olga", limit=limit, most=most, used=used)

        limits = (of(Limit.MONEY, 20.0, 7.35), of(Limit.STORAGE, 5e9, 1.27e9), of(Limit.GPU_HOURS, None, 0.0))
        return Standing(price=Price(hourly=0.42, currency="EUR"), month="2026-03", allowances=limits)

    def people(self, limit: int = 50, before: str | None = None) -> list[Person]:
        ago = (30.0, 3 * HOUR, None, 40 * DAY)
        return [
            Person(name=name, teams=("millers",) if place == 0 else (), owner=2 - place % 2, viewer=place,
                   seen_at=None if since is None else self.began - since)
            for place, (name, since) in enumerate(zip(("olga", "ben", "ada", LONG), ago, strict=True))
        ]  # fmt: skip

    def all_usage(self, *_: Any, **__: Any) -> list[Usage]:
        return [
            Usage(id=f"usage-{name}", created_at=self.began, kind=Subject.PERSON, name=name, project_id="project-1",
                  month="2026-03", runs=runs, seconds=runs * 277.0, gpu_seconds=0.0, money=runs * 0.21,
                  bytes=runs * 31_000_000)
            for name, runs in (("olga", 35), ("ben", 4))
        ]  # fmt: skip

    def limits(self) -> list[Limits]:
        return [Limits(kind=Subject.EVERYBODY, runs_at_once=2, money=20.0, storage=5_000_000_000),
                Limits(kind=Subject.TEAM, name="millers", runs_at_once=6, gpu_hours=12.0)]  # fmt: skip

    def workers(self) -> list[Alive]:
        return [Alive(name="mill:7", started_at=self.began - 3 * DAY, seen_at=self.began + DAY),
                Alive(name="barn:12", started_at=self.began - DAY, seen_at=self.began - HOUR)]  # fmt: skip

    def deeds(self, limit: int = 50, before: str | None = None, **narrowed: str) -> list[Deed]:
        done = ("run.submit", "dataset.upload", "model.predict", "limits.set")
        return [
            Deed(id=f"deed-{place}", created_at=self.began - 400 * place, who="olga", address="2001:db8::1",
                 action=action, thing="run-done", project_id="project-1", outcome=("done", "not-allowed")[place == 3])
            for place, action in enumerate(done)
        ]  # fmt: skip


class Empty(StagedWizard):
    """Somebody who has just come."""

    def runs(self, *_: Any, **__: Any) -> list[Run]:
        return []

    def models(self, *_: Any, **__: Any) -> list[Model]:
        return []

    def datasets(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def notices(self, *_: Any, **__: Any) -> list[News]:
        return []

    def workers(self) -> list[Alive]:
        return []

    def people(self, *_: Any) -> list[Person]:
        return []


class NoAdmin(StagedWizard):
    """Somebody who may not look over everybody else's shoulder."""

    def people(self, *_: Any) -> list[Person]:
        raise NotAllowed("olga may not do this.", cause="It takes the power to admin.")


class AsksForAYes(StagedWizard):
    """The data has something that a person must say yes to."""

    def propose(self, *args: Any, **named: Any) -> Any:
        found = self._mill.propose(*args, **named)
        notices = [
            Notice(code="rare-classes", severity=Severity.CONFIRM, column="sex",
                   message="A class of 'sex' has fewer than 10 rows, too few to learn from: 'unknown' (3). Unless you "
                   "say otherwise, its rows are left out, and the model will never answer with it.",
                   cure="Say yes to go on without them, or add rows."),
            Notice(code="leak", severity=Severity.WARNING, column="island",
                   message="Whether 'island' is filled in tells 'sex' almost by itself (accuracy 0.98). It may be "
                   "filled in only after 'sex' is known."),
        ]  # fmt: skip
        return replace(found, notices=(*notices, *found.notices))


class IsAway:
    """Nobody answers."""

    def __getattr__(self, name: str) -> Any:
        def raises(*_: Any, **__: Any) -> Any:
            raise HubAway("https://mill.example cannot be reached.", cure="Try again in a moment.")

        return raises


# --- what is told and answered ---------------------------------------------------------------------------------------


def _board(count: int, *, scale: float = 1.0, tested: bool = True) -> tuple[LeaderboardRow, ...]:
    return tuple(
        LeaderboardRow(
            model=name, score=scale * (0.99 - 0.011 * place), fit_seconds=0.7 + 1.9 * place**2, bytes=16_000 * 9**place,
            test_score=scale * (0.986 - 0.012 * place) if tested else None,
        )
        for place, name in enumerate(NAMES[:count])
    )  # fmt: skip


def _told(run: Run) -> list[Event]:
    began = run.claimed_at or run.created_at
    rows = [{"model": row.model, "score": row.score, "fit_seconds": row.fit_seconds} for row in run.leaderboard]
    told: list[tuple[float, EventKind, dict[str, Any]]] = [
        (1.0, EventKind.PHASE, {"phase": "fetch"}), (3.0, EventKind.PHASE, {"phase": "load"}),
        (4.0, EventKind.PHASE, {"phase": "look"}), (6.0, EventKind.PHASE, {"phase": "fit", "model": NAMES[4]}),
        (15.0, EventKind.LEADERBOARD, {"rows": rows[4:]}),
        (22.0, EventKind.NOTICE, {"message": "Memory is tight: bagging is left out.", "code": "memory"}),
        (30.0, EventKind.LEADERBOARD, {"rows": rows[2:]}), (61.0, EventKind.LEADERBOARD, {"rows": rows[1:]}),
        (90.0, EventKind.PHASE, {"phase": "fit", "model": NAMES[3]}), (104.0, EventKind.LEADERBOARD, {"rows": rows}),
        (105.0, EventKind.LOG, {"text": "Fitting model: NeuralNetFastAI ...\n\t0.9766\t = Validation score\n"}),
    ]  # fmt: skip
    return [
        Event(run_id=run.id, seq=seq, at=began + at, kind=kind, body=body)
        for seq, (at, kind, body) in enumerate(told, start=1)
    ]


def _columns(dataset: Any, target: str) -> list[dict[str, Any]]:
    found = []
    for column in dataset.profile.main.columns:
        if column.name == target:
            continue
        one: dict[str, Any] = {"name": column.name, "kind": str(column.kind)}
        if column.kind == "category":
            one["values"] = [value for value, _ in column.top]
        if column.kind in ("number", "integer"):
            one |= {"minimum": column.minimum, "maximum": column.maximum}
        found.append(one)
    return found


_VERDICTS: dict[str, dict[str, Any]] = {
    "tabular-classification": {
        "verdict": "The model gets 98.6% of unseen rows right (accuracy, 95% interval 95.7–100%), where always "
        "answering 'Adelie' would score 44.2%."
    },
    "tabular-regression": {
        "verdict": "The model's typical error in 'body_mass_g' is 288 (RMSE, 95% interval 251–330), where always "
        "answering the average, 4,201, would score 802."
    },
    "time-series": {
        "verdict": "The forecasts are 38% closer to what came than repeating the last season: WQL 0.061 (95% interval "
        "0.055–0.066), where repeating would score 0.098."
    },
    "object-detection": {
        "verdict": "The model reaches a mean average precision of 71.2% (mAP, 95% interval 66.0–75.1%), where the "
        "same box in every picture would score 0.4%."
    },
}


def _answers(task: str) -> tuple[str, bytes]:
    if task == "time-series":
        head = "shop,day,prediction,quantile.0.1,quantile.0.9\n"
        rows = [
            f"{shop},2025-01-{day:02},{base + 30 * (day % 7 > 4) + day},{base - 25},{base + 80}\n"
            for shop, base in (("Castle", 240), ("Bridge", 120), ("Harbour", 310))
            for day in range(1, 15)
        ]
        return "answers.csv", (head + "".join(rows)).encode()
    if task == "tabular-regression":
        return "answers.csv", b"prediction\n4231.7\n"
    if task == "object-detection":
        return "answers.json", (
            b'[{"file_name": "a.png", "category": "circle", "bbox": [20, 30, 50, 50], "score": 0.93},'
            b' {"file_name": "a.png", "category": "square", "bbox": [70, 60, 40, 40], "score": 0.61}]'
        )
    head = "prediction,probability.Adelie,probability.Chinstrap,probability.Gentoo\n"
    return "answers.csv", (head + "Chinstrap,0.0412,0.9523,0.0065\n").encode()
