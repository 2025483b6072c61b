"""What the bench must know of a kind of predictor, whichever it is: AutoGluon's, or one of ours in its shape.

A predictor has fit, predict, evaluate, leaderboard, save and load, as AutoGluon's have. It keeps itself in a folder:
`predictor.pkl`, and `models/<candidate>/model.pkl` for each candidate as soon as that is finished, so that a fit that
was killed can be taken up again with all that it had.

An engine is named by its task as `module:Class`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, ClassVar

from gristmill.records import EventKind, LeaderboardRow

__all__ = ["Engine", "Full", "Packing", "Say", "find", "has_candidates"]

Say = Callable[[EventKind, dict[str, Any]], None]
Full = Callable[[], bool]  # whether what is trained has become so large that bringing it home takes all time left


@dataclass(frozen=True, kw_only=True, slots=True)
class Packing:
    """What goes into a model's archive beside the model; the fields are those of an engine."""

    needs: tuple[str, ...]
    code: tuple[str, ...]
    script: str


class Engine(ABC):
    """One kind of predictor. Override what is abstract, and set what a model archive needs."""

    needs: ClassVar[tuple[str, ...]]  # distributions that a saved model answers with
    code: ClassVar[tuple[str, ...]] = ()  # packages of gristmill that it answers with: they go into its archive
    script: ClassVar[str] = "predict.py"  # the template that asks it, in templates/model/
    explains: ClassVar[str]  # what shows one candidate: a function of gristmill.figures.explained, as `module:name`

    def usage(self, script: str) -> str:
        """The template that says, in the archive's README, what the script takes and gives."""
        return script.removesuffix(".py") + ".md"

    @abstractmethod
    def watch(self, say: Say, full: Full = lambda: False) -> Any:
        """What a fit is handed so that its progress shows; once `full`, it need not begin another candidate."""

    @abstractmethod
    def reopen(self, path: Path) -> Any | None:
        """The predictor that an earlier, perhaps killed, fit left at `path`; None if it had finished no candidate."""

    @abstractmethod
    def board(self, predictor: Any) -> tuple[LeaderboardRow, ...]:
        """Every candidate by its validation score, best first."""

    @abstractmethod
    def compare(self, predictor: Any, test: Any, *, seconds: float) -> tuple[LeaderboardRow, ...]:
        """The same with scores on held-out data, of as many of the best as `seconds` allow."""

    @abstractmethod
    def best(self, predictor: Any) -> str:
        """The candidate that answers."""

    @abstractmethod
    def natural(self, metric: str, score: float) -> float:
        """A score as `evaluate` gives it, of which more is always better, as people know it by the metric's name."""

    @abstractmethod
    def trim(self, predictor: Any, path: Path) -> None:
        """Put into the new folder `path` what answering needs, and no more."""

    def write_stand_ins(self, predictor: Any, path: Path) -> None:
        """Put into the new folder `path` what answers sooner in place of candidates; none is made where there is none.

        What is put there needs the code that `packing` names.
        """
        del predictor, path

    def packing(self, predictor: Any) -> Packing:
        """What this predictor's archive takes: what all of its kind take, unless its best candidate needs more."""
        del predictor
        return Packing(needs=self.needs, code=self.code, script=self.script)

    @abstractmethod
    def columns(self, predictor: Any) -> tuple[str, ...]:
        """What goes into a prediction."""

    @abstractmethod
    def classes(self, predictor: Any) -> tuple[str, ...] | None:
        """The classes that it tells apart; None where answers are numbers."""

    @abstractmethod
    def failures(self, predictor: Any) -> dict[str, str]:
        """The candidates that did not finish, each with the reason."""


def has_candidates(folder: Path) -> bool:
    """Whether the predictor in `folder` has finished a candidate."""
    return (folder / "predictor.pkl").exists() and any(folder.glob("models/*/model.pkl"))


def find(name: str) -> Engine:
    """The engine of that name."""
    engine: Engine = resolve_name(name)()
    return engine
