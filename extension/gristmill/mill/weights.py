"""Pretrained weights that recipes name: everybody sees them, who runs the platform adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gristmill.mill.parts import UseCases, needs
from gristmill.mill.trail import audited
from gristmill.records import Power, WeightsEntry
from gristmill.weights_shelf import WeightsShelf

__all__ = ["Weights"]


class Weights(UseCases):
    """What can be asked about weights."""

    def weights(self) -> Sequence[WeightsEntry]:
        """Pretrained weights that have a name, at hand or not."""
        return self._shelf().entries()

    @audited("weights.fetch")
    def fetch_weights(self, name: str) -> WeightsEntry:
        """Fetch weights from a model hub, by their name or as owner/name, and keep them."""
        self._gate.must(Power.ADMIN)
        return self._shelf().fetch(name)

    @audited("weights.add")
    def add_weights(self, name: str, folder: Path, *, kind: str, licence: str) -> WeightsEntry:
        """Keep the weights in `folder` under a name, once they have opened and answered."""
        self._gate.must(Power.ADMIN)
        needs("Trying weights", ("torch",), "all-tasks")
        return self._shelf().add(name, folder, kind=kind, licence=licence)

    def _shelf(self) -> WeightsShelf:
        return WeightsShelf(folder=self._parts.weights or self._parts.home / "weights", sandbox=self._parts.sandbox)
