"""What dense predictors share: candidates tried in turn, a folder that they are kept in, the best that answers.

A predictor keeps itself in a folder: `predictor.pkl`, and `models/<candidate>/model.pkl` for each candidate as soon as
that has anything to answer with, replaced when a better pass is done. So a fit that is killed loses a pass at most.
"""

from __future__ import annotations

import os
import pickle
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd

__all__ = ["DensePredictor", "Lessons", "Progress", "Tried"]

_MODEL = "model.pkl"
_BEYOND_ALL = 1 << 16  # pixels


@dataclass
class Tried:
    """A candidate with its model, and how it did in validation."""

    name: str
    settings: dict[str, Any]
    model: Any
    score: float = float("-inf")
    seconds: float = 0.0
    answering: float = 0.0  # seconds for the validation pictures
    history: list[Any] = field(default_factory=list)
    finished: bool = False  # not only out of time: there was nothing more to gain
    bytes: int = 0


class Progress:
    """What a fit tells while it goes on; a subclass overrides what it wants to hear. Returning True ends the fit."""

    def began(self, predictor: DensePredictor, name: str) -> None:
        """A candidate is being trained."""

    def passed(self, predictor: DensePredictor, name: str) -> bool:
        """A candidate was judged on the validation pictures."""
        del predictor, name
        return False


class Lessons(ABC):
    """What candidates learn from; a model is judged on pictures that it has not seen."""

    room: float  # bytes of memory that pictures, and what is seen in them, may fill

    @abstractmethod
    def size(self, longest: int) -> tuple[int, int]:
        """Height and width of pictures whose longer side is about `longest`."""

    @abstractmethod
    def judge(self, model: Any, metric: str) -> float:
        """How well the model answers the pictures kept for validation."""


class DensePredictor(ABC):
    """Learns from a table with the paths of pictures and what is to be said of them.

    A subclass says how rows become lessons, how a candidate is made, and how answers are judged.
    """

    candidates: ClassVar[dict[str, dict[str, Any]]]  # tried in this order
    largest: tuple[int, int] = (0, 0)  # height and width at which the usual picture is seen whole; known after a fit

    def __init__(self, label: str, *, path: str | Path, eval_metric: str, picture: str = "picture") -> None:
        self.label = label
        self.picture = picture
        self.eval_metric = eval_metric
        self.path = Path(path)
        self.failures: dict[str, str] = {}
        self.trained_on = ""  # in words
        self._tried: dict[str, Tried] = {}

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The classes that it tells apart."""

    @abstractmethod
    def lessons(self, train: pd.DataFrame, *, room: float, seed: int) -> Lessons:
        """What is to be learned; pictures may fill `room` bytes of memory."""

    @abstractmethod
    def new(self, settings: Mapping[str, Any], seed: int) -> Any:
        """A candidate that has learned nothing yet."""

    @abstractmethod
    def evaluate(self, data: pd.DataFrame, *, model: str | None = None) -> dict[str, float]:
        """Every metric, by its name."""

    # --- training ----------------------------------------------------------------------------------------------------

    def fit(
        self,
        train: pd.DataFrame,
        *,
        time_limit: float = 60.0,
        candidates: Mapping[str, Mapping[str, Any]] | None = None,
        callbacks: Sequence[Progress] = (),
        num_cpus: int = 0,
        num_gpus: int = 0,
        memory_limit: float = 4.0,
        seed: int = 0,
    ) -> Self:
        """Train the candidates one after another; those that are finished already are left as they are.

        A fourth of `memory_limit` (GB) may be filled with pictures; `num_cpus` 0 takes all there are.
        """
        from .fitting import Fit, Machine

        until = time.time() + time_limit
        lessons = self.lessons(train, room=0.25e9 * memory_limit, seed=seed)
        self.largest = lessons.size(_BEYOND_ALL)
        self.save()
        machine = Machine(num_cpus or os.cpu_count() or 1, num_gpus)
        Fit(self, lessons, until, machine, callbacks, seed).all(
            {name: dict(settings) for name, settings in (candidates or self.candidates).items()}
        )
        self.save()
        return self

    # --- candidates --------------------------------------------------------------------------------------------------

    @property
    def tried(self) -> tuple[Tried, ...]:
        """All candidates with something to answer, best first."""
        return tuple(sorted(self._tried.values(), key=lambda tried: -tried.score))

    @property
    def model_best(self) -> str:
        """The candidate with the best validation score."""
        return self.tried[0].name

    def model_names(self) -> list[str]:
        """The candidates, best first."""
        return [tried.name for tried in self.tried]

    def leaderboard(self, data: pd.DataFrame | None = None) -> pd.DataFrame:
        """A row a candidate, best first; with its score on `data`, where that is given."""
        board = pd.DataFrame(
            {
                "model": [tried.name for tried in self.tried],
                "score_val": [tried.score for tried in self.tried],
                "fit_time": [tried.seconds for tried in self.tried],
                "pred_time_val": [tried.answering for tried in self.tried],
            }
        )
        if data is not None:
            board["score_test"] = [self.evaluate(data, model=name)[self.eval_metric] for name in board["model"]]
        return board

    def earlier(self, name: str) -> Tried | None:
        """The candidate of that name, where it was tried before."""
        return self._tried.get(name)

    def chosen(self, model: str | None = None) -> Any:
        """The model of that candidate, of the best one if none is named."""
        return self._tried[model or self.model_best].model

    # --- on disk -----------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write what is known beside the candidates, which are written as they are finished."""
        self.path.mkdir(parents=True, exist_ok=True)
        facts = {name: value for name, value in self.__dict__.items() if name not in ("path", "_tried")}
        _write(self.path / "predictor.pkl", facts)

    def keep(self, tried: Tried) -> None:
        """Write a candidate as it is now."""
        folder = self.path / "models" / tried.name
        folder.mkdir(parents=True, exist_ok=True)
        tried.bytes = _write(folder / _MODEL, tried)
        self._tried[tried.name] = tried

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The predictor in the folder `path`, with all candidates that are there. It holds pickles: open your own."""
        predictor = cls.__new__(cls)
        predictor.path = Path(path)
        predictor._tried = {}
        predictor.__dict__ |= _read(predictor.path / "predictor.pkl")
        for file in sorted((predictor.path / "models").glob(f"*/{_MODEL}")):
            tried: Tried = _read(file)
            predictor._tried[tried.name] = tried
        return predictor

    def clone_for_deployment(self, path: str | Path) -> None:
        """The best candidate alone, in a new folder."""
        best = self.tried[0]
        clone = self.__class__.__new__(self.__class__)
        clone.__dict__ |= self.__dict__ | {"path": Path(path), "_tried": {}}
        clone.save()
        clone.keep(best)

    def paths(self, data: pd.DataFrame | Sequence[str]) -> list[str]:
        """The pictures' paths, of a table or as they are."""
        return [str(path) for path in (data[self.picture] if isinstance(data, pd.DataFrame) else data)]


def _write(path: Path, what: object) -> int:
    """Write `what` to `path`, whole or not at all; how many bytes it takes."""
    part = path.with_name(f"{path.name}.part")
    raw = pickle.dumps(what, protocol=pickle.HIGHEST_PROTOCOL)
    part.write_bytes(raw)
    part.replace(path)
    return len(raw)


def _read(path: Path) -> Any:
    return pickle.loads(path.read_bytes())  # the predictor's own folder
