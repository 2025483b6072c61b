"""What a visitor has decided so far, from the file to the button Train; the pages only show it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gristmill.records import Dataset, Notice, Proposal, RunRequest, Severity

__all__ = ["Draft"]


@dataclass
class Draft:
    """The decisions. What is None was left to the platform's proposal."""

    dataset: Dataset | None = None
    proposal: Proposal | None = None
    task: str | None = None
    target: str | None = None
    metric: str | None = None
    budget: float | None = None
    name: str = ""
    accepted: set[str] = field(default_factory=set)  # codes of notices that were said yes to
    is_asked: bool = False  # Train was clicked: a second click asks for nothing

    def take(self, dataset: Dataset) -> None:
        """Begin with a dataset; whatever was decided about another is forgotten."""
        if self.dataset is None or self.dataset.id != dataset.id:
            self.__init__(dataset=dataset)  # type: ignore[misc]

    def forget(self) -> None:
        """Begin with nothing."""
        self.__init__()  # type: ignore[misc]

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What a person should know before they train."""
        found = (
            (*self.dataset.profile.notices, *(self.proposal.notices if self.proposal else ())) if self.dataset else ()
        )
        return tuple(dict.fromkeys(found))

    @property
    def unconfirmed(self) -> tuple[Notice, ...]:
        """The notices that still want a yes."""
        return tuple(
            notice
            for notice in self.notices
            if notice.severity is Severity.CONFIRM and notice.code not in self.accepted
        )

    def request(self) -> RunRequest:
        """What is asked for."""
        if self.dataset is None:
            raise ValueError("there is no dataset to train on")
        codes = {notice.code for notice in self.notices}
        return RunRequest(
            dataset_id=self.dataset.id,
            task=self.task,
            target=self.target,
            metric=self.metric,
            budget=self.budget,
            name=self.name.strip() or None,
            accepted=tuple(sorted(self.accepted & codes)),
        )
