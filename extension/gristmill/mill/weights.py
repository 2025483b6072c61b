"""Pretrained weights that recipes name: everybody sees them, who runs the platform adds to them."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from gristmill import intake
from gristmill.errors import Conflict, UsageError
from gristmill.mill.parts import needs
from gristmill.mill.trail import audited
from gristmill.mill.uploads import Uploads
from gristmill.records import Power, UploadStatus, WeightsEntry, replace
from gristmill.weights_shelf import WeightsShelf

__all__ = ["Weights"]


class Weights(Uploads):
    """What can be asked about weights."""

    def weights(self) -> Sequence[WeightsEntry]:
        """Pretrained weights that have a name, at hand or not; where they lie is told to who may change that."""
        entries = self._kept_weights().entries()
        return entries if self._gate.is_admin else tuple(replace(one, path=None) for one in entries)

    @audited("weights.fetch")
    def fetch_weights(self, name: str) -> WeightsEntry:
        """Fetch weights from a model hub, by their name or as owner/name, and keep them."""
        self._gate.must(Power.ADMIN)
        return self._kept_weights().fetch(name)

    def check_weights(self, name: str, *, kind: str, licence: str) -> None:
        """Refuse what could not be kept whatever the files are like, before anybody sends them."""
        self._gate.must(Power.ADMIN)
        needs("Trying weights", ("torch",), "all-tasks")
        self._kept_weights().check(name, kind=kind, licence=licence)

    @audited("weights.add")
    def add_weights(self, name: str, folder: Path, *, kind: str, licence: str) -> WeightsEntry:
        """Keep the weights in `folder` under a name, once they have opened and answered."""
        self._gate.must(Power.ADMIN)
        needs("Trying weights", ("torch",), "all-tasks")
        return self._kept_weights().add(name, folder, kind=kind, licence=licence)

    @audited("weights.add")
    def keep_weights(self, name: str, upload_id: str, *, kind: str, licence: str) -> WeightsEntry:
        """The same of weights that were uploaded: a ZIP of the folder."""
        self._gate.must(Power.ADMIN)
        needs("Trying weights", ("torch",), "all-tasks")
        upload = self._mine(upload_id)
        if upload.status is not UploadStatus.RECEIVED:
            raise Conflict(f"The upload {upload.name} is {upload.status}.", cure="Upload the ZIP again.")
        with self._scratch() as scratch:
            packed, folder = Path(scratch) / "weights.zip", Path(scratch) / "weights"
            self._shelf.of(upload).get_file(upload.key, packed)
            if not zipfile.is_zipfile(packed):
                raise UsageError("The upload is no ZIP.", cure="Upload a ZIP of the folder that holds them.")
            intake.unpack(packed, folder)
            packed.unlink()
            inner = list(folder.iterdir())
            only = inner[0] if len(inner) == 1 and inner[0].is_dir() else folder
            return self._kept_weights().add(name, only, kind=kind, licence=licence)

    def _kept_weights(self) -> WeightsShelf:
        return WeightsShelf(folder=self._parts.weights or self._parts.home / "weights", sandbox=self._parts.sandbox)
