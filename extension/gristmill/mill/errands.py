"""Errands: what a run is to do, before it is one.

Whatever asks for a run says what is its own; what every run begins with is said here, once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from gristmill.recipes import Recipe
from gristmill.records import Run, RunKind, RunStatus, Wanted, new_id

__all__ = ["Errand"]


class _Asking(Protocol):
    """What knows of what is answered: a proposal, an earlier run, a model."""

    @property
    def task(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def metric(self) -> str: ...


def _new_run_id() -> str:
    return new_id("run")


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """What a run is to do: to execute `notebook`, about what `like` answers, within `budget` seconds."""

    project_id: str
    store_id: str | None  # that takes what it leaves
    name: str
    notebook: Recipe
    like: _Asking
    budget: float
    kind: RunKind = RunKind.TRAIN
    dataset_id: str | None = None
    model_id: str | None = None
    upload_id: str | None = None
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    id: str = field(default_factory=_new_run_id)

    def run(self, *, owner: str, created_at: float, price: float, gpus: int) -> Run:
        """The run that it comes to on these terms (`Admission.terms`), before anybody works on it."""
        return Run(
            id=self.id,
            project_id=self.project_id,
            dataset_id=self.dataset_id,
            kind=self.kind,
            model_id=self.model_id,
            upload_id=self.upload_id,
            name=self.name,
            recipe=f"{self.notebook.name}@{self.notebook.version}",
            task=self.like.task,
            target=self.like.target,
            metric=self.like.metric,
            budget=self.budget,
            seed=self.seed,
            settings=self.settings,
            accepted=self.accepted,
            status=RunStatus.QUEUED,
            wanted=Wanted.FINISH,
            created_at=created_at,
            owner=owner,
            price=price,
            gpus=gpus,
            store_id=self.store_id,
        )
