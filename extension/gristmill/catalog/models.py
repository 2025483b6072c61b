"""Models: what runs that succeeded left. `runs.finish` makes them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.records import Model, Stage, replace

__all__ = ["Models"]


class Models(Rows[Model]):
    """All models; each is one version of its name in its project."""

    table = tables.models
    noun = "model"
    kind = Model

    def list(
        self, project_ids: Sequence[str] | None = None, before: str | None = None, limit: int = 50
    ) -> tuple[Model, ...]:
        """A page of models, of these projects or of all."""
        query = select(self.table)
        if project_ids is not None:
            query = query.where(self.table.c.project_id.in_(project_ids))
        return self._page(query, before, limit)

    def production(self, project_id: str, name: str) -> Model | None:
        """The one of that name that is in production."""
        models = self.table.c
        same = (models.project_id == project_id) & (models.name == name) & (models.stage == Stage.PRODUCTION)
        with self._database.reading() as connection:
            row = connection.execute(select(self.table).where(same)).one_or_none()
        return None if row is None else self._record(row)

    def stage(self, id: str, stage: Stage) -> Model:
        """Put a model into a stage; of each name in a project, the one that was in production before retires."""
        models = self.table
        with self._database.writing() as connection:
            model = self._get(connection, id)
            self._lock_project(connection, model.project_id)
            if stage is Stage.PRODUCTION:
                same = (models.c.project_id == model.project_id) & (models.c.name == model.name)
                before = update(models).where(same, models.c.stage == Stage.PRODUCTION, models.c.id != id)
                connection.execute(before.values(stage=Stage.RETIRED))
            change = update(models).where(models.c.id == id).values(stage=stage).returning(models)
            return self._record(connection.execute(change).one())

    def register(self, connection: Connection, model: Model) -> Model:
        """Insert the model within the transaction that finishes its run, under the next version of its name."""
        version = self._next_version(connection, model.project_id, model.name)
        return self._insert(connection, replace(model, version=version))
