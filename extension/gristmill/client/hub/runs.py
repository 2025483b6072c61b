"""Runs: asked for, watched, ended, and what they left; recipes and schedules, which make some."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gristmill.client.fetching import fetch
from gristmill.client.hub.calling import Calling, given
from gristmill.client.hub.folders import new_folder, unpack
from gristmill.client.wire import Page, path_of
from gristmill.errors import DataRejected, GristmillError, RunCancelled, RunFailed
from gristmill.records import (
    Comparison,
    Event,
    EventKind,
    Outlook,
    RecipeEntry,
    Run,
    RunKind,
    RunRequest,
    RunStatus,
    Schedule,
    ScheduleRequest,
    Tick,
)

__all__ = ["Runs"]

_TRIAL_SECONDS = 900.0
_WAIT = 20.0
_LOOK_EVERY = 2.0  # seconds, as long as nobody has begun with a run
_UNBEGUN = 10.0  # seconds after which it is said that nobody has
_UNANSWERED = "No prediction"  # how a model's script begins to say of what it has answered nothing


class Runs(Calling):
    """What can be asked about runs."""

    def train(self, request: RunRequest) -> Run:
        return self._wire.ask("POST", "runs", Run, body=request, create=True)

    def resume(self, run_id: str, budget: float, settings: dict[str, Any] | None = None) -> Run:
        body = {"budget": budget, "settings": settings or {}}
        return self._wire.ask("POST", path_of("runs", run_id, "resume"), Run, body=body, create=True)

    def rerun(self, run_id: str) -> Run:
        return self._wire.ask("POST", path_of("runs", run_id, "rerun"), Run, create=True)

    def compare(self, run_ids: Sequence[str]) -> Comparison:
        return self._wire.ask("GET", "runs/compare", Comparison, query={"id": list(run_ids)})

    def run(self, run_id: str) -> Run:
        return self._wire.ask("GET", path_of("runs", run_id), Run)

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
        narrowed = {"project": project, "status": status, "task": task, "owner": owner, "kind": kind}
        return self._list("runs", Run, limit, before, **narrowed)

    def events(self, run_id: str, after: int = 0, wait: float = 0.0) -> Sequence[Event]:
        query = {"after": after, "wait": min(wait, 25.0)}
        return self._wire.ask("GET", path_of("runs", run_id, "events"), Page[Event], query=query).items

    def cancel(self, run_id: str, *, keep: bool = False) -> Run:
        return self._wire.ask("POST", path_of("runs", run_id, "cancel"), Run, body={"keep": keep}, create=True)

    def delete_run(self, run_id: str) -> None:
        self._wire.send("DELETE", path_of("runs", run_id))

    def artifact_link(self, run_id: str, artifact: str) -> str:
        return self._wire.link(path_of("runs", run_id, "artifacts", artifact))

    def fetch(self, run_id: str, artifact: str, to: Path) -> Path:
        found = self.run(run_id).artifact(artifact)
        path = path_of("runs", run_id, "artifacts", artifact)  # the hub says it in its words where there is none
        return fetch(self._wire, path, to, sha256=found.sha256 if found else None)

    def folder(self, run_id: str, to: Path, *, data: bool = True) -> Path:
        query = {} if data else {"data": "false"}
        with new_folder(to) as scratch:
            archive = fetch(self._wire, path_of("runs", run_id, "folder"), scratch / "folder.zip", query=query)
            unpack(archive, to)
        return to

    def data(self, dataset_id: str, to: Path) -> Path:
        with new_folder(to) as scratch:
            unpack(fetch(self._wire, path_of("datasets", dataset_id, "folder"), scratch / "data.zip"), to)
        return to

    def draft(self, request: RunRequest, to: Path) -> Path:
        with new_folder(to) as scratch:
            archive = scratch / "folder.zip"
            archive.write_bytes(self._wire.send("POST", "runs/folder", body=request).content)
            unpack(archive, to)
        return to

    def explain(
        self, run_id: str, *, candidates: Sequence[str] = (), every: bool = False, seconds: float | None = None
    ) -> Run:
        body = given(candidates=list(candidates), every=every, seconds=seconds)
        return self._wire.ask("POST", path_of("runs", run_id, "explanations"), Run, body=body, create=True)

    def nudge(self) -> None:
        """Workers of a hub stand by."""

    def _brought(self, run: Run, artifact: str, to: Path, told: Callable[[str], object] | None = None) -> Run:
        """The run as it ended well, what it left as the file `to`; `told` hears what it could not answer meanwhile."""
        seen, said, events = 0, "", list[Event]()
        anxious_at = math.inf if told is None else time.monotonic() + _UNBEGUN
        try:
            while events or not run.status.is_final:  # what was said last is read, too
                run = self.run(run.id)
                if run.status is RunStatus.QUEUED and time.monotonic() >= anxious_at and told is not None:
                    told(_unbegun(run))
                    anxious_at = math.inf
                wait = 0.0 if run.status.is_final else _WAIT if run.status is RunStatus.RUNNING else _LOOK_EVERY
                events = list(self.events(run.id, after=seen, wait=wait))
                seen = events[-1].seq if events else seen
                said += "".join(str(event.body.get("text", "")) for event in events if event.kind is EventKind.LOG)
                *lines, said = said.split("\n")
                for line in lines:
                    if told is not None and line.startswith(_UNANSWERED):
                        told(line)
        except KeyboardInterrupt:  # nobody waits for what it would bring
            with suppress(GristmillError):
                self.cancel(run.id)
            raise
        if run.failure is not None:
            kind = DataRejected if run.failure.code == "not-predictable" else RunFailed
            raise kind(run.failure.what, cause=run.failure.cause, cure=run.failure.cure, code=run.failure.code)
        if run.status is not RunStatus.SUCCEEDED:
            raise RunCancelled(f"The run {run.id} was cancelled.")
        self.fetch(run.id, artifact, to)
        return run

    # --- recipes -----------------------------------------------------------------------------------------------------

    def recipes(self, project: str = "default") -> Sequence[RecipeEntry]:
        return self._whole("recipes", RecipeEntry, project=project)

    def recipe(self, source: str, to: Path, *, project: str = "default") -> Path:
        return fetch(self._wire, path_of("recipes", source, "notebook"), to, query={"project": project})

    def try_recipe(self, source: str, *, task: str | None = None, project: str = "default", notebook: str = "") -> None:
        body = given(source=source, notebook=notebook or None, task=task, project=project)
        self._wire.send("POST", "recipes/trial", body=body, create=True, patience=_TRIAL_SECONDS)

    def save_recipe(self, source: str, entry: RecipeEntry, *, notebook: str = "") -> RecipeEntry:
        body = given(source=source, entry=entry, notebook=notebook or None)
        return self._wire.ask("POST", "recipes", RecipeEntry, body=body, create=True, patience=_TRIAL_SECONDS)

    # --- schedules ---------------------------------------------------------------------------------------------------

    def schedule(self, request: ScheduleRequest) -> Schedule:
        return self._wire.ask("POST", "schedules", Schedule, body=request, create=True)

    def schedules(self, project: str | None = None, limit: int = 50, before: str | None = None) -> Sequence[Schedule]:
        return self._list("schedules", Schedule, limit, before, project=project)

    def outlook(self, schedule_id: str) -> Outlook:
        return self._wire.ask("GET", path_of("schedules", schedule_id), Outlook)

    def pause_schedule(self, schedule_id: str) -> Schedule:
        return self._wire.ask("POST", path_of("schedules", schedule_id, "pause"), Schedule)

    def resume_schedule(self, schedule_id: str) -> Schedule:
        return self._wire.ask("POST", path_of("schedules", schedule_id, "resume"), Schedule)

    def remove_schedule(self, schedule_id: str) -> None:
        self._wire.send("DELETE", path_of("schedules", schedule_id))

    def run_schedule(self, schedule_id: str) -> Tick:
        return self._wire.ask("POST", path_of("schedules", schedule_id, "run"), Tick, create=True)


def _unbegun(run: Run) -> str:
    return (
        f"Nobody has begun with {run.id} yet: all workers of the hub are at work, or none is there. "
        "It goes on waiting; Ctrl-C cancels it. Whoever runs the hub sees by `gristmill admin workers` who works."
    )
