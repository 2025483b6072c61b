"""Explorations where the platform is: a first look at a table, drawn by a run of its own.

`explore` draws at once, for who has the platform on their machine. A hub has workers for that: its API executes no
notebooks of anybody's.
"""

from __future__ import annotations

from pathlib import Path

from gristmill import exploring, records
from gristmill.mill.errands import Errand
from gristmill.mill.parts import needs
from gristmill.mill.runs import Runs
from gristmill.mill.trail import audited
from gristmill.records import Dataset, Membership, Power, Proposal, Run, RunKind, Upload
from gristmill.stores import places

__all__ = ["Explorations"]


class Explorations(Runs):
    """What can be asked about data before training, of a worker."""

    @audited("run.explore")
    def exploration(
        self, source: str, *, target: str | None = None, task: str | None = None, table: str | None = None
    ) -> Run:
        """Queue a run that draws what to know of a dataset, or of an upload that is whole; its report shows it.

        `source` is the id of either; `table` names the file to look at, where an upload holds several.
        """
        self._gate.must(Power.USE)
        needs("Exploring", ("papermill",), "train")
        if source.startswith("upload-"):
            upload = self._mine(source)
            proposal = self._seen(upload, task, target, table)
            return self._explore(upload, Path(upload.name).stem or upload.name, proposal, table)
        dataset = self._gate.get(self._catalog.datasets, source, Membership.EDITOR)
        proposal = self._proposal(dataset, task, target, None)
        return self._explore(dataset, dataset.name, proposal)

    def _seen(self, upload: Upload, task: str | None, target: str | None, table: str | None) -> Proposal:
        """What could be done with an upload, given what a person has settled."""
        with self._at_hand(upload) as local:
            seen = self._looked_at(local, local.parent, table)
            if not (task or target):
                return seen.proposal
            return self._parts.looking.propose(seen.profile, local.parent, task=task, target=target, metric=None)

    def _explore(self, of: Dataset | Upload, name: str, proposal: Proposal, table: str | None = None) -> Run:
        errand = Errand(
            project_id=of.project_id,
            store_id=self._shelf.next_id(of.project_id),
            dataset_id=of.id if isinstance(of, Dataset) else None,
            upload_id=of.id if isinstance(of, Upload) else None,
            kind=RunKind.EXPLORE,
            name=exploring.title(name),
            notebook=exploring.notebook(proposal.task),
            like=proposal,
            budget=exploring.SECONDS,
            settings={} if table is None else {"table": table},
        )
        return self._queue(errand, {places.proposal(errand.id): records.encode(proposal)})
