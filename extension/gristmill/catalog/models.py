"""Models: what runs that succeeded left. `runs.finish` makes them."""

from __future__ import annotations

from collections.abc import Sequence

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

    def list(
        self, project_ids: Sequence[str] | None = None, before: str | None = None, limit: int = 50
    ) -> tuple[Model, ...]:
        """A page of models, of these projects or of all."""
        query = select(self.table)
        if project_ids is not None:
            query = query.where(self.table.c.project_id.in_(project_ids))
        return self._page(query, before, limit)

    def register(self, connection: Connection, model: Model) -> Model:
        """Insert the model within the transaction that finishes its run, under the next version of its name."""
        version = self._next_version(connection, model.project_id, model.name)
        return self._insert(connection, replace(model, version=version))
