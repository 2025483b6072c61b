"""The one place that decides who may see and do what.

Whatever belongs to a project is fetched through here. What somebody is a stranger to does not exist for them: the
answer is the very NotFound that an unknown id gets. A member whose membership does not suffice gets NotAllowed, and so
does who lacks a power. An admin is an owner everywhere.
"""

from __future__ import annotations

from typing import TypeVar

from gristmill.catalog import Catalog
from gristmill.catalog.datasets import Found
from gristmill.catalog.rows import Rows
from gristmill.errors import NotAllowed, NotFound, UsageError
from gristmill.records import LOCAL, Membership, Power, Project, Who

__all__ = ["Gate", "check_name"]

Record = TypeVar("Record")

_LONGEST_NAME = 100


class Gate:
    """What somebody may see and do."""

    def __init__(self, catalog: Catalog, who: Who) -> None:
        self._catalog = catalog
        self.who = who

    # --- powers ------------------------------------------------------------------------------------------------------

    @property
    def is_admin(self) -> bool:
        return Power.ADMIN in self.who.powers

    def must(self, power: Power) -> None:
        """Go on only if who asks has that power."""
        if power not in self.who.powers and not self.is_admin:
            raise NotAllowed(
                f"{self.who.name} may not do this.",
                cause=f"It takes the power to {power}.",
                cure=f"Ask whoever runs this hub for the scope custom:gristmill:{power}.",
            )

    # --- projects ----------------------------------------------------------------------------------------------------

    def project_ids(self) -> tuple[str, ...] | None:
        """The projects that who asks can see; None for all."""
        return None if self.is_admin else self._catalog.members.project_ids(self.who)

    def project(self, reference: str, need: Membership = Membership.VIEWER) -> Project:
        """The project of that id or name; a name without an owner is one's own."""
        if reference.startswith("project-"):
            project = self._catalog.projects.get(reference)
        else:
            found = self._catalog.projects.named(self.full_name(reference)) or self._catalog.projects.named(reference)
            if found is None:
                raise _no_project(reference)
            project = found
        if not self.is_admin and not self._suffices(self._catalog.members.standing(project.id, self.who), need):
            raise _no_project(reference)
        return project

    def own_project(self, reference: str) -> Project:
        """The project of that id or name, to put something into; one's own is made if it is not there yet."""
        full = self.full_name(reference)
        if reference.startswith("project-") or self._catalog.projects.named(full) is not None or "/" in reference:
            return self.project(reference, Membership.EDITOR)
        return self._catalog.projects.ensure(full, self.who.name)

    def full_name(self, name: str) -> str:
        """The name under which the catalog keeps a project that who asks calls `name`."""
        if "/" in name or self.who.name == LOCAL.name:
            return name
        return f"{self.who.name}/{name}"

    # --- what is in projects -----------------------------------------------------------------------------------------

    def get(self, rows: Rows[Record], id: str, need: Membership = Membership.VIEWER) -> Record:
        """The thing of that id, of whatever kind, if who asks may do with it what `need` may."""
        if self.is_admin:
            return rows.get(id)
        found, standing = rows.seen(id, self.who)
        if not self._suffices(standing, need):
            raise rows.missing(id)
        return found

    def found(self, dataset_id: str, need: Membership = Membership.VIEWER) -> Found:
        """The same for a dataset whose data is going to be worked with."""
        found = self._catalog.datasets.found(dataset_id, self.who)
        if not self.is_admin and not self._suffices(found.membership, need):
            raise self._catalog.datasets.missing(dataset_id)
        return found

    def is_at_least(self, need: Membership, project_id: str) -> bool:
        """Whether who asks may do in a project what `need` may."""
        if self.is_admin:
            return True
        standing = self._catalog.members.standing(project_id, self.who)
        return standing is not None and standing.covers(need)

    def _suffices(self, standing: Membership | None, need: Membership) -> bool:
        """Whether who asks is no stranger; NotAllowed for a member of whom more is needed."""
        if standing is None:
            return False
        if not standing.covers(need):
            raise NotAllowed(
                f"{self.who.name} may not change this.",
                cause=f"It takes an {need} of the project; {self.who.name} is a {standing}.",
                cure="Ask an owner of the project.",
            )
        return True


def check_name(name: str) -> str:
    """The name itself; UsageError unless a project can have it."""
    if not name.strip() or len(name) > _LONGEST_NAME or "/" in name or not name.isprintable():
        raise UsageError(
            f"{name[:_LONGEST_NAME]!r} cannot be a project's name.",
            cure=f"Give 1 to {_LONGEST_NAME} letters, digits or signs, without a slash.",
        )
    if name.startswith("project-"):
        raise UsageError(f"{name!r} cannot be a project's name.", cause="Ids begin like that.")
    return name


def _no_project(reference: str) -> NotFound:
    return NotFound(f"There is no project {reference!r}.", cure="`gristmill projects` lists those that there are.")
