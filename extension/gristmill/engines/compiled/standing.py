"""Stand-ins taken from a model's archive and put in the place of their originals.

    networks/index.json   what AutoGluon they were made with, and which file stands in for which candidate
    networks/0.pkl ...    the stand-ins, each pickled as AutoGluon pickles its candidates

Whatever is wrong with one of them, its original answers: it lies in the predictor, untouched.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["INDEX", "Index", "StandIn", "stand_in"]

INDEX = "index.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """Which file stands in for which candidate, or for which fold of a bag."""

    file: str
    candidate: str
    fold: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """index.json: the stand-ins of one predictor, and the version of AutoGluon whose insides they know."""

    autogluon: str
    stand_ins: Sequence[StandIn]

    def write(self, folder: Path) -> None:
        (folder / INDEX).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Index:
        told = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        return cls(autogluon=told["autogluon"], stand_ins=[StandIn(**one) for one in told["stand_ins"]])


def stand_in(predictor: Any, folder: Path) -> list[StandIn]:
    """Have the networks in `folder` answer for the predictor's own, where they can; those that do."""
    from autogluon.tabular import __version__ as installed

    try:
        index = Index.read(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return []
    if index.autogluon != installed:
        return []
    return [one for one in index.stand_ins if _stands_in(predictor._trainer, one, folder / one.file)]


def _stands_in(trainer: Any, one: StandIn, path: Path) -> bool:
    """Put one in its place, before AutoGluon has loaded the original; whether that went well."""
    try:
        with path.open("rb") as file:
            model = pickle.load(file)
        if one.fold is None:
            trainer.models[one.candidate] = model
            return True
        bag = trainer.load_model(one.candidate)
        bag.models[bag.models.index(one.fold)] = model
        trainer.models[one.candidate] = bag
    except Exception:  # made by other versions, or damaged: whatever it is, the original answers
        return False
    return True
