"""What is deleted for good: runs and models, unless something needs them.

A run goes with its model, its events and its papers. A model goes alone: its run stays, with its report and its scores.
What was metered stays, but for the room that they took. The audit trail and what people were told speak of what may be
gone. Whatever is deleted here has bytes in a store; whoever asks sees to them afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, delete, select, update

from gristmill.catalog import tables
from gristmill.catalog.database import Database
from gristmill.catalog.fair_use import FairUse
from gristmill.catalog.models import Models
from gristmill.catalog.runs import Runs
from gristmill.errors import Conflict
from gristmill.records import Action, Artifact, Failure, Model, Run, RunKind, RunStatus, Stage, UploadStatus

__all__ = ["Removing"]

_OPEN = (RunStatus.QUEUED, RunStatus.RUNNING)


class Removing:
    """Deletes what nothing needs; Conflict says what does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs, self._models, self._fair_use = Runs(database), Models(database), FairUse(database)

    def run(self, id: str, why: Failure) -> str | None:
        """Delete a run and its model; the id of the upload whose bytes are to go with it, for only this run had it."""
        with self._database.writing() as connection:
            project_id = self._runs._get(connection, id).project_id
            self._models._lock_project(connection, project_id)  # stages are changed under it, too
            run = self._runs._get(connection, id)
            self._check_run(connection, run)
            model = self._model_of(connection, run)
            if model is not None:
                self._check_model(connection, model)
                connection.execute(delete(tables.models).where(tables.models.c.id == model.id))
            for table in (tables.events, tables.papers):
                connection.execute(delete(table).where(table.c.run_id == id))
            connection.execute(delete(tables.runs).where(tables.runs.c.id == id))
            self._fair_use.usage.release(connection, run, run.artifacts)
            return self._let_go_of_upload(connection, run, why)

    def model(self, id: str) -> Model:
        """Delete a model; what it was, for its archive is to go with it."""
        runs = tables.runs
        with self._database.writing() as connection:
            self._models._lock_project(connection, self._models._get(connection, id).project_id)
            model = self._models._get(connection, id)
            self._check_model(connection, model)
            run = self._runs._get(connection, model.run_id)
            gone = tuple(one for one in run.artifacts if one.key == model.key)
            kept: tuple[Artifact, ...] = tuple(one for one in run.artifacts if one.key != model.key)
            change = update(runs).where(runs.c.id == run.id)
            connection.execute(change.values(model_id=None, artifacts=kept))
            connection.execute(delete(tables.models).where(tables.models.c.id == id))
            self._fair_use.usage.release(connection, run, gone)
            return model

    # --- what is needed ----------------------------------------------------------------------------------------------

    def _check_run(self, connection: Connection, run: Run) -> None:
        """Conflict while somebody works on a run, goes on from it, or repeats it."""
        if not run.status.is_final:
            raise Conflict(
                f"The run {run.name} is still {run.status}.", cure="Wait until it has ended, or cancel it first."
            )
        runs = tables.runs.c
        later = select(runs.name).where(runs.resumed_from == run.id).order_by(runs.created_at.desc()).limit(1)
        if (name := connection.execute(later).scalar_one_or_none()) is not None:
            raise Conflict(
                f"Another run, {name}, went on from {run.name}.", cause="It would not be known what it began with.",
                cure="Delete that run first.",
            )  # fmt: skip
        for other in self._at_work(connection, run.project_id):
            if other.settings.get("run") == run.id:
                raise Conflict(f"{other.name} is being explained.", cure="Wait until that run has ended, or cancel it.")
        self._check_schedules(connection, Action.RETRAIN, run.id, run.name)
        ticks = tables.ticks.c
        tick = select(ticks.at).where((ticks.run_id == run.id) | (ticks.comparison_id == run.id))
        if connection.execute(tick.where(ticks.outcome.is_(None)).limit(1)).one_or_none() is not None:
            raise Conflict(f"A schedule is still at work with {run.name}.", cure="Wait until it has come to its end.")
        if run.kind is RunKind.BATCH:
            self._check_predicted(connection, run)

    def _check_predicted(self, connection: Connection, run: Run) -> None:
        """Conflict for a schedule's latest batch: by it the schedule knows which file it has predicted."""
        ticks, runs, schedules = tables.ticks.c, tables.runs.c, tables.schedules.c
        mine = select(ticks.schedule_id).where(ticks.run_id == run.id)
        made = select(ticks.schedule_id, ticks.at, ticks.run_id).where(ticks.schedule_id.in_(mine))
        latest = made.join(tables.runs, runs.id == ticks.run_id).order_by(ticks.at.desc()).limit(1)
        found = connection.execute(latest).one_or_none()
        if found is not None and found.run_id == run.id:
            called = select(schedules.name).where(schedules.id == found.schedule_id)
            raise Conflict(
                f"By {run.name}, the schedule {connection.execute(called).scalar_one()} knows what it has predicted.",
                cure="Delete it once a newer file is predicted, or remove the schedule first.",
            )

    def _check_model(self, connection: Connection, model: Model) -> None:
        """Conflict while a model is in production, or is asked by a schedule or by a run that is not over."""
        called = f"{model.name}, version {model.version},"
        if model.stage is Stage.PRODUCTION:
            raise Conflict(
                f"The model {called} is in production.",
                cure="Put another version into production, or retire it, first.",
            )
        self._check_schedules(connection, Action.BATCH, model.id, f"the model {called}")
        for other in self._at_work(connection, None):
            if model.id in (other.model_id, other.settings.get("champion")):
                raise Conflict(
                    f"The model {called} is being asked by the run {other.name}.",
                    cure="Wait until that run has ended, or cancel it first.",
                )
        ticks = tables.ticks.c
        tick = select(ticks.at).where(ticks.run_id == model.run_id, ticks.outcome.is_(None)).limit(1)
        if connection.execute(tick).one_or_none() is not None:
            raise Conflict(
                f"A schedule has yet to decide about the model {model.name}.", cure="Wait until it has come to its end."
            )

    def _check_schedules(self, connection: Connection, action: Action, subject: str, what: str) -> None:
        schedules = tables.schedules.c
        needs = select(schedules.name).where(schedules.action == action, schedules.subject == subject).limit(1)
        if (name := connection.execute(needs).scalar_one_or_none()) is not None:
            verb = "repeats" if action is Action.RETRAIN else "asks"
            raise Conflict(f"The schedule {name} {verb} {what.rstrip(',')}.", cure="Remove the schedule first.")

    def _at_work(self, connection: Connection, project_id: str | None) -> Iterator[Run]:
        """The runs that are not over and ask a model or another run: there are few of them."""
        runs = tables.runs
        query = select(runs).where(runs.c.status.in_(_OPEN), runs.c.kind != RunKind.TRAIN)
        if project_id is not None:
            query = query.where(runs.c.project_id == project_id)
        for row in connection.execute(query).all():
            yield self._runs._record(row)

    # --- what goes with a run ----------------------------------------------------------------------------------------

    def _model_of(self, connection: Connection, run: Run) -> Model | None:
        made = select(tables.models).where(tables.models.c.run_id == run.id)
        row = connection.execute(made).one_or_none()
        return None if row is None else self._models._record(row)

    def _let_go_of_upload(self, connection: Connection, run: Run, why: Failure) -> str | None:
        """Reject the upload that only this run was asked about; an upload that became a dataset stays."""
        if run.upload_id is None:
            return None
        uploads, runs = tables.uploads, tables.runs.c
        others = select(runs.id).where(runs.upload_id == run.upload_id).exists()
        alone = update(uploads).where(uploads.c.id == run.upload_id, uploads.c.status == UploadStatus.RECEIVED, ~others)
        values = {"status": UploadStatus.REJECTED, "failure": why}
        return run.upload_id if connection.execute(alone.values(values)).rowcount else None
