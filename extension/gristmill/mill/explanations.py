"""Explanations of the candidates of runs that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gristmill import explaining, intake, records, tasks
from gristmill.bench import BenchFile
from gristmill.errors import Conflict, NotFound
from gristmill.mill.models import Models
from gristmill.mill.parts import needs
from gristmill.mill.trail import audited
from gristmill.records import EventKind, Proposal, Run, replace
from gristmill.stores import places

__all__ = ["Explanations"]


class Explanations(Models):
    """What can be asked about candidates."""

    @audited("run.explain")
    def explain(
        self,
        run_id: str,
        to: Path,
        *,
        candidates: Sequence[str] = (),
        every: bool = False,
        seconds: float | None = None,
    ) -> Path:
        """Explain candidates of an ended run, by their names, within `seconds`: one HTML page as the file `to`.

        The one that answers if none are named, and all of them with `every`.
        """
        from gristmill.worker.keeper import restore  # the worker draws figures, which takes pandas

        run = self.run(run_id)
        kind, checkpoint = tasks.find(run.task), run.artifact("checkpoint")
        needs(f"Explaining {kind.title.lower()}", ("papermill", *kind.modules), kind.extra)
        if not run.status.is_final:
            raise Conflict(f"The run {run.name} is still {run.status}.", cure="Wait until it has ended.")
        if checkpoint is None:
            raise NotFound(
                f"The run {run.name} has kept no candidates to explain.",
                cause=f"It is {run.status}.",
                cure=f"`gristmill resume {run.id} --budget …` gives it more time.",
            )
        wish = explaining.Wish.of(run, self._candidates(run), candidates, every=every, seconds=seconds)
        if run.model_id is not None:
            wish = replace(wish, best=str(self.model(run.model_id).metrics.get("best", "")))
        with self._scratch() as scratch:
            folder, sandbox = Path(scratch), self._parts.sandbox
            execution = sandbox.prepare(folder)  # it warms up while the data is fetched
            try:
                dataset = self.dataset(run.dataset_id or "")
                intake.fetch(self._store, dataset, folder / "data", self._parts.looking.edit)
                restore(self._store, checkpoint, folder)
                proposal = records.decode(self._store.read(places.proposal(run.id)), Proposal)
                file = BenchFile.of(run, dataset, proposal, sandbox.resources())
                return explaining.draw(file, wish, folder, execution, to)
            finally:
                execution.kill()

    def _candidates(self, run: Run) -> tuple[str, ...]:
        """The names of a run's candidates, as far as it has told them: one without a model keeps no leaderboard."""
        if run.leaderboard:
            return tuple(row.model for row in run.leaderboard)
        seen, names = 0, list[str]()
        while events := self._catalog.events.after(run.id, seen, 500):
            seen = events[-1].seq
            boards = [event.body["rows"] for event in events if event.kind is EventKind.LEADERBOARD]
            names = [row["model"] for row in boards[-1]] if boards else names
        return tuple(names)
