"""Explanations of the candidates of runs that have ended, by runs of their own."""

from __future__ import annotations

from collections.abc import Sequence

from gristmill import tasks
from gristmill.errors import Conflict, NotFound
from gristmill.explaining import Wish
from gristmill.mill.errands import Errand
from gristmill.mill.models import Models
from gristmill.mill.parts import needs
from gristmill.mill.trail import audited
from gristmill.records import EventKind, Membership, Power, Run, RunKind

__all__ = ["Explanations"]


class Explanations(Models):
    """What can be asked about candidates."""

    @audited("run.explain")
    def explain(
        self, run_id: str, *, candidates: Sequence[str] = (), every: bool = False, seconds: float | None = None
    ) -> Run:
        """Queue a run that explains candidates of an ended one, by their names, within `seconds`; its report shows it.

        The one that answers if none are named, and all of them with `every`.
        """
        self._gate.must(Power.USE)
        run = self._gate.get(self._catalog.runs, run_id, Membership.EDITOR)
        kind = tasks.find(run.task)
        needs(f"Explaining {kind.title.lower()}", ("papermill", *kind.modules), kind.extra)
        if not run.status.is_final:
            raise Conflict(f"The run {run.name} is still {run.status}.", cure="Wait until it has ended.")
        if run.artifact("checkpoint") is None:
            raise NotFound(
                f"The run {run.name} has kept no candidates to explain.",
                cause=f"It is {run.status}.",
                cure=f"`gristmill resume {run.id} --budget …` gives it more time.",
            )
        return self._explain(run, Wish.of(run, self._candidates(run), candidates, every=every, seconds=seconds))

    def _explain(self, explained: Run, wish: Wish) -> Run:
        return self._queue(
            Errand(
                project_id=explained.project_id,
                store_id=self._shelf.next_id(explained.project_id),
                dataset_id=explained.dataset_id,
                kind=RunKind.EXPLAIN,
                model_id=explained.model_id,
                name=f"{explained.name}: its candidates",
                notebook=wish.notebook(),
                like=explained,
                budget=wish.seconds,
                seed=explained.seed,
                settings={"run": explained.id, "candidates": list(wish.names)},
            )
        )

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
