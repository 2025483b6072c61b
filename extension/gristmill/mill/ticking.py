"""Has schedules keep their time: claims what is due, and carries each tick on to its end.

Any number of processes may do this, as often as they like. Claiming decides who has a tick; what follows is done in
steps that may be done again: runs have ids that were settled with the claim, and a tick is settled once. So a process
may die between any two of them, and another goes on.

    claimed -> its run is queued -> the run ends -> (retraining with a margin) both models are compared -> settled
"""

from __future__ import annotations

import traceback
from contextlib import suppress

from gristmill import records, schedules, tasks
from gristmill.errors import CatalogFailed, Conflict, GristmillError, NotFound, StoreFailed
from gristmill.mill.mill import Mill
from gristmill.mill.parts import Parts
from gristmill.mill.schedules import tick_of
from gristmill.records import (
    Action,
    CatchUp,
    Model,
    Run,
    RunKind,
    RunStatus,
    Schedule,
    Tick,
    TickOutcome,
    Verdict,
    Who,
)

__all__ = ["Ticking"]

_LATE = 600.0  # seconds after which a tick counts as missed


class Ticking:
    """The clockwork of all schedules."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._catalog = parts.catalog

    def round(self) -> int:
        """Claim what is due and carry on with what is not settled; how many ticks were claimed."""
        claimed = sum(self._claim(schedule) for schedule in self._catalog.schedules.due())
        for tick in self._catalog.ticks.open():
            self._carry_on(tick)
        return claimed

    def _claim(self, schedule: Schedule) -> bool:
        now = self._catalog.now()
        waiting = schedules.missed(schedule.cron, schedule.zone, schedule.next_at, now) or [schedule.next_at]
        at = waiting[0] if schedule.catch_up is CatchUp.ALL else waiting[-1]
        passed_over = 0 if schedule.catch_up is CatchUp.ALL else len(waiting) - 1
        tick = tick_of(schedule, at=at, now=now, passed_over=passed_over)
        if schedule.catch_up is CatchUp.NONE and now - at > _LATE:
            said = "Nobody was there at the time, and it is not made up for."
            tick = records.replace(tick, outcome=TickOutcome.MISSED, said=said)
        return self._catalog.schedules.claim(schedule, tick, schedules.next_after(schedule.cron, schedule.zone, at))

    def _carry_on(self, tick: Tick) -> None:
        """One step further, if there is one to take now."""
        try:
            schedule = self._catalog.schedules.get(tick.schedule_id)
        except NotFound:  # removed meanwhile
            return
        try:
            self._step(schedule, tick)
        except (CatalogFailed, StoreFailed):  # away: the next round tries again
            return
        except GristmillError as error:
            self._catalog.ticks.settle(tick, TickOutcome.REFUSED, str(error))
        except Exception as error:  # whatever it is, no other tick must wait for it
            traceback.print_exception(error)
            said = f"Something went wrong: {type(error).__name__}: {error}."
            self._catalog.ticks.settle(tick, TickOutcome.REFUSED, said)

    def _step(self, schedule: Schedule, tick: Tick) -> None:
        run = self._run(tick.run_id)
        if run is None:
            self._begin(schedule, tick)
        elif not run.status.is_final:
            return
        elif run.status is not RunStatus.SUCCEEDED or run.model_id is None:
            said = str(run.failure) if run.failure else "Its run was cancelled."
            self._catalog.ticks.settle(tick, TickOutcome.FAILED, said)
        elif run.kind is not RunKind.TRAIN or schedule.margin is None:
            self._catalog.ticks.settle(tick, TickOutcome.DONE, "")
        else:
            self._judge(schedule, tick, self._catalog.models.get(run.model_id), schedule.margin)

    def _begin(self, schedule: Schedule, tick: Tick) -> None:
        mill = self._for(schedule)
        try:
            if schedule.action is Action.RETRAIN:
                mill.retrain(schedule.subject, tick.run_id)
            elif mill.predict_newest(schedule, tick.run_id) is None:
                said = f"There is no {schedule.source} that it has not predicted."
                self._catalog.ticks.settle(tick, TickOutcome.IDLE, said)
        except Conflict:
            if self._run(tick.run_id) is None:
                raise
            # another process has made that run a moment ago

    # --- compare with production, and promote if better --------------------------------------------------------------

    def _judge(self, schedule: Schedule, tick: Tick, challenger: Model, margin: float) -> None:
        mill = self._for(schedule)
        champion = self._catalog.models.production(challenger.project_id, challenger.name)
        comparison = self._run(tick.comparison_id)
        if comparison is None:
            self._meet(mill, tick, challenger, champion)
        elif comparison.status is RunStatus.SUCCEEDED:
            self._decide(mill, tick, comparison, champion, margin)
        elif comparison.status.is_final:
            said = f"The two could not be compared. {comparison.failure or ''}".strip()
            self._catalog.ticks.settle(tick, TickOutcome.KEPT, said)

    def _meet(self, mill: Mill, tick: Tick, challenger: Model, champion: Model | None) -> None:
        """Have them compared, if there is somebody to compare with."""
        if champion is None or champion.id == challenger.id:  # the latter: put there by this, which died just then
            mill.promote(challenger.id)
            said = f"Nothing was in production; version {challenger.version} is now."
            self._catalog.ticks.settle(tick, TickOutcome.PROMOTED, said)
        elif any(getattr(champion, name) != getattr(challenger, name) for name in ("task", "target", "metric")):
            said = "The model in production answers something else, or is judged by another metric."
            self._catalog.ticks.settle(tick, TickOutcome.KEPT, said)
        else:
            with suppress(Conflict):
                mill.compare_models(challenger, champion, tick.comparison_id)

    def _decide(self, mill: Mill, tick: Tick, comparison: Run, champion: Model | None, margin: float) -> None:
        results = comparison.artifact("results")
        if results is None or comparison.model_id is None:
            raise NotFound("The comparison has left no result.")
        verdict = records.decode(self._parts.shelf.of(comparison).read(results.key), Verdict)
        said = (
            f"On {verdict.rows} rows that neither was trained on: {verdict.metric} {verdict.challenger:.6g} new, "
            f"{verdict.champion:.6g} in production; {margin:g} better is asked for."
        )
        is_there = champion is not None and champion.id == comparison.model_id  # as above
        if champion is not None and not is_there and champion.id != comparison.settings["champion"]:
            said = f"Another model was put into production meanwhile. {said}"
            self._catalog.ticks.settle(tick, TickOutcome.KEPT, said)
        elif is_there or self._is_better(comparison, verdict, margin):
            mill.promote(comparison.model_id)
            self._catalog.ticks.settle(tick, TickOutcome.PROMOTED, said)
        else:
            self._catalog.ticks.settle(tick, TickOutcome.KEPT, said)

    def _is_better(self, comparison: Run, verdict: Verdict, margin: float) -> bool:
        dataset = self._catalog.datasets.get(comparison.dataset_id or "")
        kind = tasks.find(comparison.task)
        metric = kind.metric_for(dataset.profile, comparison.target, comparison.metric)
        gain = verdict.challenger - verdict.champion
        gain = gain if metric.greater_is_better else -gain
        return gain > 0 and gain >= margin

    # --- within ------------------------------------------------------------------------------------------------------

    def _run(self, run_id: str) -> Run | None:
        try:
            return self._catalog.runs.get(run_id)
        except NotFound:
            return None

    def _for(self, schedule: Schedule) -> Mill:
        """The platform on behalf of the schedule's owner."""
        who = Who(name=schedule.owner, teams=schedule.teams, powers=frozenset(schedule.powers), address=schedule.id)
        return Mill(self._parts, who)
