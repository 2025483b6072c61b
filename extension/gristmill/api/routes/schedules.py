"""Schedules: what is done again and again."""

from __future__ import annotations

from gristmill.api.routes.data import Project
from gristmill.api.routing import Cursor, Limit, Page, Routes, page
from gristmill.mill import Mill
from gristmill.records import Outlook, Schedule, ScheduleRequest, Tick

__all__ = ["routes"]

routes = Routes("schedules")


@routes.post("/schedules", who="editor", takes=ScheduleRequest, gives=Schedule, at="/schedules/{id}")
def add(mill: Mill, body: ScheduleRequest) -> Schedule:
    """Retrain, or predict new files, at fixed times; a retraining also takes the power to train, a margin to deploy."""
    return mill.schedule(body)


@routes.get("/schedules", who="user", gives=Schedule, many=True)
def schedules(mill: Mill, project: Project = None, limit: Limit = 50, cursor: Cursor = None) -> Page:
    """Schedules, newest first."""
    return page(mill.schedules(project, limit + 1, cursor), limit)


@routes.get("/schedules/{schedule_id}", who="viewer", gives=Outlook)
def outlook(mill: Mill, schedule_id: str) -> Outlook:
    """A schedule, what its latest ticks came to, and when it is due next."""
    return mill.outlook(schedule_id)


@routes.delete("/schedules/{schedule_id}", who="editor")
def remove(mill: Mill, schedule_id: str) -> None:
    """Forget a schedule; what it has made stays."""
    mill.remove_schedule(schedule_id)


@routes.post("/schedules/{schedule_id}/pause", who="editor", gives=Schedule)
def pause(mill: Mill, schedule_id: str) -> Schedule:
    """Let a schedule rest."""
    return mill.pause_schedule(schedule_id)


@routes.post("/schedules/{schedule_id}/resume", who="editor", gives=Schedule)
def resume(mill: Mill, schedule_id: str) -> Schedule:
    """Have a schedule go on, on behalf of who asks."""
    return mill.resume_schedule(schedule_id)


@routes.post("/schedules/{schedule_id}/run", who="editor", gives=Tick, at="/schedules/{id}")
def run(mill: Mill, schedule_id: str) -> Tick:
    """A tick now, whatever its cron says."""
    return mill.run_schedule(schedule_id)
