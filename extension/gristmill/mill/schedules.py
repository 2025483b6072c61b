"""Schedules: what is to be done again and again, and what it does at a tick.

A tick acts as the schedule's owner. What they may do in the project is asked at each tick: who is no editor any more
retrains nothing. Their powers and teams come with a person's requests only, so a tick has those that the owner had when
they last made the schedule or had it go on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

from gristmill import records, schedules, tasks
from gristmill.errors import NotPossible, UsageError
from gristmill.mill.batches import Batches
from gristmill.mill.errands import Errand
from gristmill.mill.runs import confirmed
from gristmill.mill.trail import audited
from gristmill.recipes import Recipe
from gristmill.records import (
    Action,
    Membership,
    Model,
    Outlook,
    Power,
    Run,
    RunKind,
    RunRequest,
    Schedule,
    ScheduleRequest,
    Stage,
    Tick,
    Upload,
)
from gristmill.stores import places

__all__ = ["Schedules", "tick_of"]

_SHOWN = 20  # ticks
_AHEAD = 3
_LONGEST = 100  # letters of a name
_LONGEST_SOURCE = 300
_COMPARING = 3600.0  # seconds that a comparison may take


class Schedules(Batches):
    """What can be asked about schedules, and what they do."""

    @audited("schedule.add")
    def schedule(self, request: ScheduleRequest) -> Schedule:
        """Have something done at fixed times, on one's own behalf."""
        schedules.checked(request.cron, request.zone)
        about = self._retrained(request) if request.action is Action.RETRAIN else self._predicting(request)
        name = request.name or f"{request.action} {about.name}"
        if len(name) > _LONGEST or not name.isprintable():
            raise UsageError(
                f"{name[:_LONGEST]!r} cannot be a schedule's name.", cure=f"Give at most {_LONGEST} letters."
            )
        if len(request.source) > _LONGEST_SOURCE or not request.source.isprintable():
            raise UsageError(f"{request.source[:_LONGEST]!r} is no file's or dataset's name.", cure="Check the name.")
        now = self._catalog.now()
        return self._catalog.schedules.add(
            Schedule(
                id=records.new_id("schedule"),
                project_id=about.project_id,
                name=name,
                cron=" ".join(request.cron.split()),
                zone=request.zone,
                action=request.action,
                subject=about.id,
                source=request.source,
                catch_up=request.catch_up,
                margin=request.margin,
                settings=dict(request.settings),
                created_at=now,
                next_at=schedules.next_after(request.cron, request.zone, now),
                owner=self.who.name,
                teams=self.who.teams,
                powers=tuple(sorted(self.who.powers)),
            )
        )

    def schedules(self, project: str | None = None, limit: int = 50, before: str | None = None) -> Sequence[Schedule]:
        """Schedules, newest first; `before` is the id of the last one on the page before."""
        return self._catalog.schedules.list(self._project_ids(project), before, limit)

    def outlook(self, schedule_id: str) -> Outlook:
        """A schedule, what its latest ticks came to, and when it is due next."""
        schedule = self._gate.get(self._catalog.schedules, schedule_id)
        ahead = islice(schedules.ticks_after(schedule.cron, schedule.zone, schedule.next_at - 1.0), _AHEAD)
        due = () if schedule.paused else tuple(ahead)
        return Outlook(schedule=schedule, ticks=self._catalog.ticks.of(schedule.id, _SHOWN), due=due)

    @audited("schedule.pause")
    def pause_schedule(self, schedule_id: str) -> Schedule:
        """Let a schedule rest until it is told to go on."""
        return self._catalog.schedules.pause(self._scheduled(schedule_id).id, self.who, None)

    @audited("schedule.resume")
    def resume_schedule(self, schedule_id: str) -> Schedule:
        """Have a schedule go on, from now and on behalf of who says so; what it rested through is not made up for."""
        schedule = self._scheduled(schedule_id)
        self._may(schedule.action, schedule.margin)
        next_at = schedules.next_after(schedule.cron, schedule.zone, self._catalog.now())
        return self._catalog.schedules.pause(schedule.id, self.who, next_at)

    @audited("schedule.remove")
    def remove_schedule(self, schedule_id: str) -> None:
        """Forget a schedule; the runs and models that it made stay."""
        self._catalog.schedules.remove(self._scheduled(schedule_id).id)

    @audited("schedule.run")
    def run_schedule(self, schedule_id: str) -> Tick:
        """A tick of a schedule now, whatever its cron says, paused or not; somebody carries it out at once."""
        schedule = self._scheduled(schedule_id)
        self._may(schedule.action, schedule.margin)
        now = self._catalog.now()
        tick = self._catalog.ticks.add(tick_of(schedule, at=now, now=now, by_hand=True))
        self._admission.hint(tick.run_id)
        return tick

    def _scheduled(self, schedule_id: str) -> Schedule:
        return self._gate.get(self._catalog.schedules, schedule_id, Membership.EDITOR)

    # --- what may be scheduled ---------------------------------------------------------------------------------------

    def _may(self, action: Action, margin: float | None) -> None:
        self._gate.must(Power.TRAIN if action is Action.RETRAIN else Power.USE)
        if margin is not None:
            self._gate.must(Power.DEPLOY)

    def _retrained(self, request: ScheduleRequest) -> Run:
        self._may(request.action, request.margin)
        run = self._gate.get(self._catalog.runs, request.subject, Membership.EDITOR)
        if run.kind is not RunKind.TRAIN:
            raise UsageError(f"The run {run.name} trains nothing.", cure="Name a run that has trained.")
        if request.source or request.settings:
            raise UsageError("A retraining has the settings of the run it repeats.", cure="Leave the others out.")
        margin = request.margin
        if margin is not None and not (math.isfinite(margin) and margin >= 0):
            raise UsageError(f"A margin of {margin} cannot be kept to.", cure="Give 0 or more, in the run's metric.")
        if margin is not None and not tasks.find(run.task).comparable:
            raise NotPossible(
                f"Models for {tasks.find(run.task).title.lower()} are not compared yet.",
                cure="Leave the promotion to a person.",
            )
        return run

    def _predicting(self, request: ScheduleRequest) -> Model:
        self._may(request.action, None)
        model = self._gate.get(self._catalog.models, self.model(request.subject).id, Membership.EDITOR)
        if request.margin is not None:
            raise UsageError("A batch makes no model that could be promoted.", cure="Leave the margin out.")
        if not request.source and tasks.find(model.task).asks_for_rows:
            raise UsageError(
                f"The model {model.name} answers rows.",
                cure="Name the dataset or the file whose newest upload is to be predicted.",
            )
        self._checked_settings(model, request.settings)
        return model

    # --- what a tick does --------------------------------------------------------------------------------------------

    @audited("schedule.retrain")
    def retrain(self, run_id: str, id: str) -> Run:
        """Queue a run as an earlier one was asked for, on the newest version of its dataset's name."""
        self._gate.must(Power.TRAIN)
        earlier = self._gate.get(self._catalog.runs, run_id, Membership.EDITOR)
        before = self.dataset(earlier.dataset_id or "")
        newest = self._catalog.datasets.newest(before.project_id, before.name) or before
        found = self._workable(newest.id, Membership.EDITOR)
        dataset = found.dataset
        request = RunRequest(
            dataset_id=dataset.id, task=earlier.task, target=earlier.target, metric=earlier.metric,
            budget=earlier.budget, name=earlier.name, seed=earlier.seed, settings=earlier.settings,
            accepted=earlier.accepted,
        )  # fmt: skip
        proposal = self._fitting(dataset, request)
        confirmed((*dataset.profile.notices, *proposal.notices), request.accepted)
        name, _, version = earlier.recipe.partition("@")
        number = int(version) if version.isdigit() and len(version) < 12 else None  # else it is a hash
        text = self._paper(earlier, places.recipe(earlier.id)).decode()
        return self._train(request, found, proposal, Recipe(name=name, text=text, number=number), id)

    @audited("schedule.batch")
    def predict_newest(self, schedule: Schedule, id: str) -> Run | None:
        """Queue a batch for the newest file that the schedule names; None if there is none that is new."""
        self._gate.must(Power.USE)
        named = self._gate.get(self._catalog.models, schedule.subject, Membership.EDITOR)
        model = self._catalog.models.production(named.project_id, named.name) or named
        upload = self._newest_upload(schedule) if schedule.source else None
        if schedule.source and upload is None:
            return None
        if upload is not None and self._catalog.schedules.has_predicted(schedule.id, upload.id):
            return None
        return self._batch(model, upload, schedule.settings, id)

    def _newest_upload(self, schedule: Schedule) -> Upload | None:
        upload = self._catalog.uploads.newest(schedule.project_id, schedule.source)
        dataset = self._catalog.datasets.newest(schedule.project_id, schedule.source)
        if dataset is None or (upload is not None and upload.created_at >= dataset.created_at):
            return upload
        return self._catalog.uploads.get(dataset.upload_id)

    @audited("schedule.compare")
    def compare_models(self, challenger: Model, champion: Model, id: str) -> Run:
        """Queue a run that has both answer what was held out when the challenger was trained."""
        self._gate.must(Power.TRAIN)
        trained = self._gate.get(self._catalog.runs, challenger.run_id, Membership.EDITOR)
        return self._queue(
            Errand(
                id=id,
                project_id=challenger.project_id,
                store_id=self._shelf.next_id(challenger.project_id),
                dataset_id=trained.dataset_id,
                kind=RunKind.COMPARE,
                model_id=challenger.id,
                name=challenger.name,
                notebook=_comparison(),
                like=challenger,
                budget=_COMPARING,
                seed=trained.seed,
                settings={"champion": champion.id},
            )
        )

    def promote(self, model_id: str) -> Model:
        """Put a model into production; the one that was there retires."""
        return self.stage(model_id, Stage.PRODUCTION)


def tick_of(schedule: Schedule, *, at: float, now: float, by_hand: bool = False, passed_over: int = 0) -> Tick:
    """A tick that is claimed now, with the ids of the runs that it will make."""
    return Tick(
        schedule_id=schedule.id,
        at=at,
        claimed_at=now,
        run_id=records.new_id("run"),
        comparison_id=records.new_id("run"),
        by_hand=by_hand,
        passed_over=passed_over,
    )


def _comparison() -> Recipe:
    import gristmill_templates

    return Recipe(name="compare", text=gristmill_templates.text("compare.ipynb"))
