"""Schedules: when they are due, that a tick is had once, and what it comes to. The clock is the tests' own."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gristmill import cli, records, schedules
from gristmill.catalog import Catalog, Outcome
from gristmill.errors import NotAllowed, NotFound, NotPossible, UsageError
from gristmill.mill import Mill, Parts
from gristmill.mill.ticking import Ticking
from gristmill.records import (
    Action,
    Artifact,
    CatchUp,
    Column,
    ColumnKind,
    Dataset,
    MemberKind,
    Membership,
    Model,
    Power,
    Profile,
    Proposal,
    Role,
    Run,
    RunKind,
    RunStatus,
    Schedule,
    ScheduleRequest,
    Stage,
    Table,
    TableForm,
    Tick,
    TickOutcome,
    UploadStatus,
    Verdict,
    Who,
)
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store, places
from services.catalogs import Clock, an_upload, dataset_of, model_of, run_on
from services.mills import Notepad

BERLIN = "Europe/Berlin"
HOUR, DAY = 3600.0, 86400.0
POWERS = frozenset({Power.USE, Power.TRAIN, Power.DEPLOY})
OLGA = Who(name="olga", teams=("mills",), powers=POWERS)

# --- when ------------------------------------------------------------------------------------------------------------


def moments(cron: str, start: str, count: int, zone: str = BERLIN) -> list[str]:
    """The ticks after that moment on the zone's clock."""
    begin = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).timestamp()
    found = islice(schedules.ticks_after(cron, zone, begin), count)
    return [datetime.fromtimestamp(tick, ZoneInfo(zone)).strftime("%d %H:%M%z") for tick in found]


@pytest.mark.parametrize(
    ("cron", "start", "expected"),
    [
        # the night to 29 March 2026 has no 2:30
        ("30 2 * * *", "2026-03-28 00:00", ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"]),
        # the night to 25 October 2026 has two
        ("30 2 * * *", "2026-10-24 00:00", ["24 02:30+0200", "25 02:30+0200", "26 02:30+0100"]),
        ("0 6 * * 1", "2026-10-19 07:00", ["26 06:00+0100", "02 06:00+0100"]),
        ("0 * * * *", "2026-10-25 01:30", ["25 02:00+0200", "25 02:00+0100", "25 03:00+0100"]),
        ("*/30 * * * *", "2026-03-29 01:00", ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]),
        ("0 0 29 2 *", "2026-03-01 00:00", ["29 00:00+0100"]),
        ("15 14 1 * mon-fri", "2026-08-01 13:00", ["01 14:15+0200", "03 14:15+0200"]),
    ],
)
def test_a_schedule_keeps_to_the_clock_on_the_wall(cron: str, start: str, expected: list[str]) -> None:
    assert moments(cron, start, len(expected)) == expected


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "UTC"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 0 * * *", "15 1 * * *"])
def test_a_daily_schedule_ticks_once_on_each_day_of_a_year(cron: str, zone: str) -> None:
    begin = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))
    found = islice(schedules.ticks_after(cron, zone, begin.timestamp() - 1.0), 365)
    days = [datetime.fromtimestamp(tick, ZoneInfo(zone)).date() for tick in found]
    assert days == [begin.date() + timedelta(days=number) for number in range(365)]


@pytest.mark.parametrize(
    "cron",
    ["", "0 6 * *", "61 * * * *", "0 0 30 2 *", "* * * * * *", "R * * * *", "H 1 * * *", "@daily", "0 6 * * 8", "; ls"],
)
def test_what_is_no_time_is_refused(cron: str) -> None:
    with pytest.raises(UsageError, match="is no time for a schedule"):
        schedules.checked(cron, "UTC")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "europe/berlin\0"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(UsageError, match="There is no time zone"):
        schedules.checked("0 6 * * 1", zone)


def test_of_very_many_missed_ticks_the_latest_count() -> None:
    first = schedules.next_after("* * * * *", "UTC", 1_700_000_000.0)
    assert schedules.missed("* * * * *", "UTC", first, first + 150.0) == [first, first + 60.0, first + 120.0]
    assert schedules.missed("* * * * *", "UTC", first, first - 1.0) == []
    many = schedules.missed("* * * * *", "UTC", first, first + 400 * DAY)
    assert (len(many), many[-1]) == (100, first + 400 * DAY)


# --- a platform on the test's own clock ------------------------------------------------------------------------------


class House:
    """A platform in which the runs of schedules are queued, and end as a test says."""

    def __init__(self, catalog: Catalog, clock: Clock, home: Path) -> None:
        self.catalog, self.clock = catalog, clock
        self.store = open_store((home / "store").as_uri())
        self.parts = Parts(
            catalog=catalog,
            store=self.store,
            dispatcher=Notepad(),
            sandbox=ProcessSandbox(cache=home / "cache"),
            home=home,
        )
        self.mill = Mill(self.parts, OLGA)
        self.project = self.mill.make_project("mill")

    def dataset(self, name: str = "grain") -> Dataset:
        columns = tuple(
            Column(name=one, kind=kind, dtype="str", rows=3, distinct=2, top=(("yes", 2), ("no", 1)))
            for one, kind in (("weight", ColumnKind.NUMBER), ("flour", ColumnKind.YES_NO))
        )
        table = Table(path="grain.csv", role=Role.TRAIN, form=TableForm(format="csv"), rows=3, columns=columns)
        upload = an_upload(self.catalog, project_id=self.project.id, created_at=self.clock.time)
        self.catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
        proposal = Proposal(task="tabular-classification", target="flour", metric="accuracy", budget=60.0, reasons={})
        profile = Profile(tables=(table,), files=1, bytes=10)
        return self.catalog.datasets.add(dataset_of(upload, name=name, profile=profile, proposal=proposal))

    def trained(self, dataset: Dataset, score: float = 0.8) -> Run:
        """A run that has left a model."""
        run = self.catalog.runs.add(
            run_on(dataset, name="flour", recipe="tabular@7", owner="olga", settings={"folds": 0})
        )
        self.store.put_bytes(places.recipe(run.id), b"{}")
        return self.ended(run, score)

    def ended(self, run: Run, score: float = 0.8, status: RunStatus = RunStatus.SUCCEEDED, **more: Any) -> Run:
        """The run as a worker ends it."""
        claimed = self.catalog.runs.claim("worker", 60.0, only=run.id)
        assert claimed is not None
        model = None
        if status is RunStatus.SUCCEEDED and run.kind is RunKind.TRAIN:
            model = model_of(claimed, score=score, name=run.name)
        outcome = Outcome(status=status, score=score if model else None, **more)
        return self.catalog.runs.finish(run.id, claimed.fence, outcome, model)

    def compared(self, run: Run, challenger: float, champion: float) -> Run:
        """The comparison as a worker ends it."""
        verdict = Verdict(metric="accuracy", challenger=challenger, champion=champion, rows=40, seen=3)
        key = f"runs/{run.id}/1/results.json"
        self.store.put_bytes(key, records.encode(verdict))
        return self.ended(run, artifacts=(Artifact(name="results", key=key, size=1, sha256=""),))

    def schedule(self, subject: str, action: Action = Action.RETRAIN, **more: Any) -> Schedule:
        return self.mill.schedule(ScheduleRequest(cron="0 6 * * *", action=action, subject=subject, **more))

    def tick(self, schedule: Schedule, days: float = 1.0) -> Tick:
        """The latest tick, once the clock has moved on and somebody has looked at it."""
        self.clock.time = schedule.next_at + (days - 1) * DAY
        Ticking(self.parts).round()
        return self.catalog.ticks.of(schedule.id)[0]

    def again(self, tick: Tick) -> Tick:
        Ticking(self.parts).round()
        return self.catalog.ticks.get(tick.schedule_id, tick.at)


@pytest.fixture
def house(timed_catalog: Catalog, clock: Clock, tmp_path: Path) -> House:
    clock.time = datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("UTC")).timestamp()
    return House(timed_catalog, clock, tmp_path)


# --- had once --------------------------------------------------------------------------------------------------------

TICK = """
import sys
from pathlib import Path
from gristmill.catalog import Catalog
from gristmill.dispatch.base import Present
from gristmill.mill import Parts
from gristmill.mill.ticking import Ticking
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
home = Path(sys.argv[2])
with Catalog.open(sys.argv[1], lambda: float(sys.argv[3])) as catalog:
    parts = Parts(catalog=catalog, store=open_store((home / "store").as_uri()), dispatcher=Present(),
                  sandbox=ProcessSandbox(cache=home / "cache"), home=home)
    print("ready", flush=True)
    sys.stdin.readline()
    print(Ticking(parts).round(), flush=True)
"""


def test_two_processes_that_look_at_once_have_a_tick_once(house: House, catalog_url: str, tmp_path: Path) -> None:
    made = [house.schedule(house.trained(house.dataset()).id) for _ in range(5)]
    command = [sys.executable, "-c", TICK, catalog_url, str(tmp_path), str(made[0].next_at + 1.0)]
    pipe, environment = subprocess.PIPE, os.environ | {"PYTHONPATH": str(Path(schedules.__file__).parents[1])}
    both = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) for _ in range(2)]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0] for process in both]
    assert sum(map(int, said)) == 5
    for schedule in made:
        (tick,) = house.catalog.ticks.of(schedule.id)
        assert tick.outcome is None
        assert house.catalog.runs.get(tick.run_id).status is RunStatus.QUEUED
    assert house.catalog.runs.waiting() == 5


def test_whoever_dies_after_the_claim_is_replaced_and_the_run_is_made_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = house.schedule(house.trained(house.dataset()).id)
    with monkeypatch.context() as patch:
        patch.setattr(Ticking, "_carry_on", lambda *_: None)  # it dies just there
        tick = house.tick(schedule)
    assert house.catalog.runs.waiting() == 0
    for _ in range(3):
        house.again(tick)
    assert house.catalog.runs.waiting() == 1
    assert house.catalog.runs.get(tick.run_id).status is RunStatus.QUEUED


def test_a_claim_under_an_old_reading_of_the_clock_is_refused(house: House) -> None:
    schedule = house.schedule(house.trained(house.dataset()).id)
    tick = house.tick(schedule)
    assert not house.catalog.schedules.claim(schedule, tick, schedule.next_at + 2 * DAY)
    assert len(house.catalog.ticks.of(schedule.id)) == 1


# --- catching up -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (CatchUp.NONE, [(3, 3, TickOutcome.MISSED)]),
        (CatchUp.ONCE, [(3, 3, None)]),
        (CatchUp.ALL, [(3, 0, None), (2, 0, None), (1, 0, None), (0, 0, None)]),
    ],
)
def test_ticks_that_nobody_was_there_for(house: House, rule: CatchUp, expected: list[tuple[int, int, Any]]) -> None:
    schedule = house.schedule(house.trained(house.dataset()).id, catch_up=rule)
    house.clock.time = schedule.next_at + 3 * DAY + HOUR
    for _ in range(6):
        Ticking(house.parts).round()
    found = house.catalog.ticks.of(schedule.id)
    days = [(round((tick.at - schedule.next_at) / DAY), tick.passed_over, tick.outcome) for tick in found]
    assert days == expected
    assert house.catalog.schedules.get(schedule.id).next_at == schedule.next_at + 4 * DAY


def test_a_tick_that_is_a_little_late_is_not_missed(house: House) -> None:
    schedule = house.schedule(house.trained(house.dataset()).id, catch_up=CatchUp.NONE)
    house.clock.time = schedule.next_at + 500.0
    Ticking(house.parts).round()
    assert house.catalog.ticks.of(schedule.id)[0].outcome is None


def test_a_schedule_rests_and_what_it_rested_through_is_not_made_up_for(house: House) -> None:
    schedule = house.schedule(house.trained(house.dataset()).id, catch_up=CatchUp.ALL)
    assert house.mill.pause_schedule(schedule.id).paused
    house.clock.time = schedule.next_at + 5 * DAY
    assert Ticking(house.parts).round() == 0
    assert house.mill.outlook(schedule.id).due == ()
    gone_on = house.mill.resume_schedule(schedule.id)
    assert (gone_on.paused, gone_on.next_at) == (False, schedule.next_at + 6 * DAY)
    assert Ticking(house.parts).round() == 0
    assert house.mill.outlook(schedule.id).due[0] == gone_on.next_at


# --- retraining ------------------------------------------------------------------------------------------------------


def test_the_newest_version_is_trained_on_as_the_run_before_was(house: House) -> None:
    run = house.trained(house.dataset())
    schedule = house.schedule(run.id)
    newest = house.dataset()
    house.dataset("another")
    tick = house.tick(schedule)
    again = house.catalog.runs.get(tick.run_id)
    assert (again.dataset_id, newest.version) == (newest.id, 2)
    same = ("name", "recipe", "task", "target", "metric", "budget", "seed", "settings", "owner")
    assert [getattr(again, name) for name in same] == [getattr(run, name) for name in same]
    house.ended(again)
    assert house.again(tick).outcome is TickOutcome.DONE
    model = house.catalog.models.get(house.catalog.runs.get(again.id).model_id or "")
    assert (model.version, model.stage) == (2, Stage.CANDIDATE)


def test_a_retraining_that_fails_is_said(house: House) -> None:
    schedule = house.schedule(house.trained(house.dataset()).id)
    tick = house.tick(schedule)
    failure = records.Failure(code="run-failed", what="It broke.")
    house.ended(house.catalog.runs.get(tick.run_id), status=RunStatus.FAILED, failure=failure)
    settled = house.again(tick)
    assert (settled.outcome, settled.said) == (TickOutcome.FAILED, "It broke.")


def retrained(house: House, margin: float) -> tuple[Tick, Model, Model]:
    """A tick whose run has just ended, its model, and the one in production."""
    run = house.trained(house.dataset())
    champion = house.mill.stage(run.model_id or "", Stage.PRODUCTION)
    schedule = house.schedule(run.id, margin=margin)
    house.dataset()
    tick = house.tick(schedule)
    ended = house.ended(house.catalog.runs.get(tick.run_id), 0.99)  # a score on other rows than the champion's
    return house.again(tick), house.catalog.models.get(ended.model_id or ""), champion


@pytest.mark.parametrize(
    ("margin", "challenger", "champion", "outcome"),
    [
        (0.01, 0.92, 0.90, TickOutcome.PROMOTED),
        (0.05, 0.92, 0.90, TickOutcome.KEPT),
        (0.0, 0.90, 0.90, TickOutcome.KEPT),  # as good is not better
        (0.0, 0.89, 0.90, TickOutcome.KEPT),
    ],
)
def test_the_better_on_the_same_rows_is_promoted(
    house: House, margin: float, challenger: float, champion: float, outcome: TickOutcome
) -> None:
    tick, new, old = retrained(house, margin)
    comparison = house.catalog.runs.get(tick.comparison_id)
    assert (comparison.kind, comparison.model_id, comparison.settings) == (
        RunKind.COMPARE,
        new.id,
        {"champion": old.id},
    )
    assert tick.outcome is None
    house.compared(comparison, challenger, champion)
    tick = house.again(tick)
    assert tick.outcome is outcome
    assert (
        f"On 40 rows that neither was trained on: accuracy {challenger:g} new, {champion:g} in production" in tick.said
    )
    stages = [house.catalog.models.get(model.id).stage for model in (new, old)]
    promoted = outcome is TickOutcome.PROMOTED
    assert stages == ([Stage.PRODUCTION, Stage.RETIRED] if promoted else [Stage.CANDIDATE, Stage.PRODUCTION])
    (deed,) = [deed for deed in house.catalog.deeds.list(limit=20) if deed.action == "model.stage"][
        : 1 if promoted else 0
    ] or [None]
    assert deed is None or (deed.who, deed.address) == ("olga", tick.schedule_id)


def test_without_anything_in_production_the_new_model_is_put_there(house: House) -> None:
    run = house.trained(house.dataset())
    tick = house.tick(house.schedule(run.id, margin=0.5))
    house.ended(house.catalog.runs.get(tick.run_id))
    assert house.again(tick).outcome is TickOutcome.PROMOTED


def test_what_a_person_puts_into_production_meanwhile_stays(house: House) -> None:
    tick, _, _ = retrained(house, 0.0)
    other = house.trained(house.dataset())
    house.mill.stage(other.model_id or "", Stage.PRODUCTION)
    house.compared(house.catalog.runs.get(tick.comparison_id), 0.99, 0.5)
    tick = house.again(tick)
    assert tick.outcome is TickOutcome.KEPT
    assert tick.said.startswith("Another model was put into production meanwhile.")
    assert house.catalog.models.get(other.model_id or "").stage is Stage.PRODUCTION


def test_a_comparison_that_fails_promotes_nothing(house: House) -> None:
    tick, new, _ = retrained(house, 0.0)
    failure = records.Failure(code="run-failed", what="Of 10 held-out rows 2 are new.")
    house.ended(house.catalog.runs.get(tick.comparison_id), status=RunStatus.FAILED, failure=failure)
    tick = house.again(tick)
    assert (tick.outcome, tick.said) == (
        TickOutcome.KEPT, "The two could not be compared. Of 10 held-out rows 2 are new.",
    )  # fmt: skip
    assert house.catalog.models.get(new.id).stage is Stage.CANDIDATE


# --- batches ---------------------------------------------------------------------------------------------------------


def arrives(house: House, name: str) -> str:
    upload = an_upload(house.catalog, project_id=house.project.id, name=name, created_at=house.clock.time)
    return house.catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab").id


def test_each_new_file_is_predicted_once_by_what_is_in_production(house: House) -> None:
    run = house.trained(house.dataset())
    schedule = house.schedule(run.model_id or "", Action.BATCH, source="new.csv")
    tick = house.tick(schedule)
    assert (tick.outcome, tick.said) == (TickOutcome.IDLE, "There is no new.csv that it has not predicted.")
    first = arrives(house, "new.csv")
    batch = house.catalog.runs.get(house.tick(schedule, 2).run_id)
    assert (batch.kind, batch.upload_id, batch.model_id) == (RunKind.BATCH, first, run.model_id)
    house.ended(batch)
    assert house.tick(schedule, 3).outcome is TickOutcome.IDLE
    better = house.trained(house.dataset())
    house.mill.stage(better.model_id or "", Stage.PRODUCTION)
    second = arrives(house, "new.csv")
    tick = house.tick(schedule, 4)
    batch = house.catalog.runs.get(tick.run_id)
    assert (batch.upload_id, batch.model_id) == (second, better.model_id)
    house.mill.cancel(batch.id)
    assert house.again(tick).outcome is TickOutcome.FAILED
    assert house.catalog.runs.get(house.tick(schedule, 5).run_id).upload_id == second  # cancelled is not predicted


def test_a_file_that_cannot_be_predicted_is_not_tried_again(house: House) -> None:
    schedule = house.schedule(house.trained(house.dataset()).model_id or "", Action.BATCH, source="bad.csv")
    arrives(house, "bad.csv")
    batch = house.catalog.runs.get(house.tick(schedule).run_id)
    failure = records.Failure(code="not-predictable", what="bad.csv, line 3.")
    house.ended(batch, status=RunStatus.FAILED, failure=failure)
    assert house.tick(schedule, 2).outcome is TickOutcome.IDLE


# --- on whose behalf -------------------------------------------------------------------------------------------------


def test_who_is_no_editor_any_more_retrains_nothing(house: House) -> None:
    emil = Who(name="emil", powers=POWERS)
    house.mill.share(house.project.id, "emil", Membership.EDITOR)
    run = house.trained(house.dataset())
    request = ScheduleRequest(cron="0 6 * * *", action=Action.RETRAIN, subject=run.id)
    schedule = Mill(house.parts, emil).schedule(request)
    assert house.catalog.runs.get(house.tick(schedule).run_id).owner == "emil"
    house.mill.share(house.project.id, "emil", Membership.VIEWER)
    tick = house.tick(schedule, 2)
    assert tick.outcome is TickOutcome.REFUSED
    assert "It takes an editor of the project; emil is a viewer." in tick.said
    house.mill.unshare(house.project.id, "emil", MemberKind.PERSON)
    assert house.tick(schedule, 3).outcome is TickOutcome.REFUSED
    assert house.mill.resume_schedule(schedule.id).owner == "olga"  # who has it go on answers for it
    assert house.catalog.runs.get(house.tick(schedule, 4).run_id).owner == "olga"


def test_who_may_schedule_what(house: House) -> None:
    run = house.trained(house.dataset())
    user = Mill(house.parts, Who(name="olga", powers=frozenset({Power.USE})))
    trainer = Mill(house.parts, Who(name="olga", powers=frozenset({Power.USE, Power.TRAIN})))
    stranger = Mill(house.parts, Who(name="sam", powers=POWERS))
    request = ScheduleRequest(cron="0 6 * * *", action=Action.RETRAIN, subject=run.id)
    with pytest.raises(NotAllowed, match="the power to train"):
        user.schedule(request)
    with pytest.raises(NotAllowed, match="may not do this"):
        trainer.schedule(records.replace(request, margin=0.1))
    with pytest.raises(NotFound):
        stranger.schedule(request)
    schedule = trainer.schedule(request)
    for asked in (stranger.outlook, stranger.pause_schedule, stranger.remove_schedule, stranger.run_schedule):
        with pytest.raises(NotFound):
            asked(schedule.id)
    assert stranger.schedules() == ()
    assert [one.id for one in trainer.schedules()] == [schedule.id]


@pytest.mark.parametrize(
    ("more", "kind", "said"),
    [
        ({"margin": -0.1}, UsageError, "cannot be kept to"),
        ({"margin": float("nan")}, UsageError, "cannot be kept to"),
        ({"source": "new.csv"}, UsageError, "settings of the run it repeats"),
        ({"action": Action.BATCH}, UsageError, "Name the dataset or the file"),
        ({"action": Action.BATCH, "source": "a", "margin": 0.1}, UsageError, "no model that could be promoted"),
        ({"action": Action.BATCH, "source": "a", "settings": {"output": "doc"}}, UsageError, "cannot write"),
        ({"zone": "Nowhere"}, UsageError, "no time zone"),
        ({"name": "a\nb"}, UsageError, "cannot be a schedule's name"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(
    house: House, more: dict[str, Any], kind: type[Exception], said: str
) -> None:
    run = house.trained(house.dataset())
    asked = {"cron": "0 6 * * *", "action": Action.RETRAIN, "subject": run.id} | more
    with pytest.raises(kind, match=said):
        house.mill.schedule(ScheduleRequest(**asked))


def test_models_that_cannot_be_compared_are_not_promoted_by_a_rule(house: House) -> None:
    run = house.catalog.runs.add(run_on(house.dataset(), task="time-series"))
    with pytest.raises(NotPossible, match="Leave the promotion to a person"):
        house.schedule(run.id, margin=0.0)


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_a_tick_by_hand_leaves_the_schedule_as_it_is(house: House) -> None:
    schedule = house.schedule(house.trained(house.dataset()).id)
    house.mill.pause_schedule(schedule.id)
    tick = house.mill.run_schedule(schedule.id)
    assert tick.by_hand
    Ticking(house.parts).round()
    assert house.catalog.runs.get(tick.run_id).status is RunStatus.QUEUED
    after = house.catalog.schedules.get(schedule.id)
    assert (after.next_at, after.last_at) == (schedule.next_at, None)


def test_what_a_removed_schedule_has_made_stays(house: House) -> None:
    schedule = house.schedule(house.trained(house.dataset()).id)
    run = house.catalog.runs.get(house.tick(schedule).run_id)
    house.mill.remove_schedule(schedule.id)
    Ticking(house.parts).round()
    assert house.catalog.runs.get(run.id).status is RunStatus.QUEUED
    with pytest.raises(NotFound, match="There is no schedule"):
        house.mill.outlook(schedule.id)


# --- from outside ----------------------------------------------------------------------------------------------------


def test_the_command_line_keeps_schedules(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*args: str) -> str:
        assert cli.run(lambda: house.mill, files=tmp_path, args=["schedule", *args]) == 0
        return capsys.readouterr().out

    run = house.trained(house.dataset())
    made = said("add", "0 6 * * 1", "retrain", run.id, "--zone", BERLIN, "--promote-by", "0.01", "--catch-up", "all")
    id, due, name = made.strip().split("\t")
    assert (due, name) == ("2026-06-08 06:00 CEST", "retrain flour")
    assert said("list") == f"{id}\t{due}\t0 6 * * 1\tretrain\tretrain flour\n"
    queued = said("run-now", id)
    Ticking(house.parts).round()
    shown = said("show", id)
    assert f"due\t{due}\ndue\t2026-06-15 06:00 CEST" in shown
    assert f"under way\t{queued.split()[1]}" in shown
    assert "promotes\tif better by 0.01" in shown
    said("pause", id)
    assert "\tpaused\t" in said("list")
    assert said("resume", id) == f"{id} is due {due}\n"
    said("remove", id)
    assert said("list") == ""
    refused = ["schedule", "add", "0 6 * *", "retrain", run.id]
    assert cli.run(lambda: house.mill, files=tmp_path, args=refused) == 2
    assert "Give five fields" in capsys.readouterr().err
