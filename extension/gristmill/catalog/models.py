"""Models: what runs that succeeded left. `runs.finish` makes them."""

from __future__ import annotations

from sqlalchemy import Connection, select

from gristmill.catalog import tables
from gristmill.catalog.rows import Rows
from gristmill.records import Model, replace

__all__ = ["Models"]


class Models(Rows[Model]):
    """All models; each is one version of its name in its project."""

    table = tables.models
    noun = "model"
    kind = Model

    def list(self, project_id: str | None = None, before: str | None = None, limit: int = 50) -> tuple[Model, ...]:
        """A page of models."""
        query = select(self.table)
        if project_id is not None:
            query = query.where(self.table.c.project_id == project_id)
        return self._page(query, before, limit)

    def register(self, connection: Connection, model: Model) -> Model:
        """Insert the model within the transaction that finishes its run, under the next version of its name."""
        version = self._next_version(connection, model.project_id, model.name)
        return self._insert(connection, replace(model, version=version))
