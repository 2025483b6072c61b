"""Fair use: how one stands, what was used, and the limits that admins set."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gristmill import fair_use
from gristmill.errors import UsageError
from gristmill.mill.parts import UseCases
from gristmill.mill.trail import audited
from gristmill.records import Limits, Membership, Power, Standing, Subject, Usage

__all__ = ["FairUse"]


class FairUse(UseCases):
    """What can be asked about fair use."""

    def standing(self) -> Standing:
        """What who asks may use and has used, by themselves and in each of their teams, and what an hour costs."""
        accounts = self._catalog.fair_use.accounts(self.who)
        return fair_use.standing_of(accounts, self._parts.price, limited=fair_use.is_limited(self.who))

    def usage(
        self, project: str | None = None, month: str | None = None, limit: int = 50, before: str | None = None
    ) -> Sequence[Usage]:
        """What one has used oneself; for its owners, what everybody has used in a project. Newest first."""
        narrowed = _narrowed(month=month)
        if project is None:
            narrowed["name"] = self.who.name
        else:
            narrowed["project_id"] = self._gate.project(project, Membership.OWNER).id
        return self._catalog.fair_use.usage.list(Subject.PERSON, before, limit, **narrowed)

    def all_usage(
        self,
        kind: Subject = Subject.PERSON,
        limit: int = 50,
        before: str | None = None,
        *,
        name: str | None = None,
        project_id: str | None = None,
        month: str | None = None,
    ) -> Sequence[Usage]:
        """What all people, or teams, have used, newest first; for admins."""
        self._gate.must(Power.ADMIN)
        narrowed = _narrowed(name=name, project_id=project_id, month=month)
        return self._catalog.fair_use.usage.list(kind, before, limit, **narrowed)

    def limits(self) -> Sequence[Limits]:
        """All limits that are set; for admins."""
        self._gate.must(Power.ADMIN)
        return self._catalog.fair_use.limits.list()

    @audited("limits.set")
    def set_limits(self, limits: Limits) -> Limits:
        """Set limits, for everybody, a team or a person, in place of those they had; for admins."""
        self._gate.must(Power.ADMIN)
        return self._catalog.fair_use.limits.put(fair_use.checked(limits))

    @audited("limits.drop")
    def drop_limits(self, kind: Subject, name: str = "") -> None:
        """Take limits away; for admins."""
        self._gate.must(Power.ADMIN)
        self._catalog.fair_use.limits.remove(kind, name)


def _narrowed(*, month: str | None = None, **others: str | None) -> dict[str, str]:
    if month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError(f"{month[:20]!r} is no month.", cure="Give one as 2026-01.")
    return {name: value for name, value in {"month": month, **others}.items() if value is not None}
