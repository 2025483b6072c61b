"""What admins see of a platform: who is there, which workers are, and what it was started with."""

from __future__ import annotations

from collections.abc import Sequence

from gristmill.mill.parts import UseCases
from gristmill.records import Alive, Person, Power, Setting

__all__ = ["Seeing"]

_HEARD = 24 * 3600.0  # seconds within which a worker was heard of: one that has died is told of for a day


class Seeing(UseCases):
    """What can be asked about the platform itself."""

    def people(self, limit: int = 50, before: str | None = None) -> Sequence[Person]:
        """The people whom the platform knows, by name; `before` is the last name on the page before. For admins."""
        self._gate.must(Power.ADMIN)
        return self._catalog.known.list(before, limit)

    def workers(self) -> Sequence[Alive]:
        """The workers that were heard of within a day, by name; for admins. A run says which one carries it out."""
        self._gate.must(Power.ADMIN)
        return self._catalog.seeing.alive(_HEARD)

    def settings(self) -> Sequence[Setting]:
        """What the platform was started with, secrets left out; for admins."""
        self._gate.must(Power.ADMIN)
        return self._parts.settings
