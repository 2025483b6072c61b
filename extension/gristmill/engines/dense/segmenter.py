"""A predictor that gives every pixel of a picture a class, in the shape of AutoGluon's predictors.

It keeps itself in a folder: `predictor.pkl`, and `models/<candidate>/model.pkl` for each candidate as soon as that has
anything to answer with, replaced when a better pass is done. So a fit that is killed loses no more than a pass.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from ...masks import Legend
from ...pictures import load
from .forest import PixelForest
from .lessons import Lessons, Pairs, split
from .scores import METRICS, Counts, count_pixels
from .shelf import stretched

__all__ = ["Progress", "SegmentationPredictor", "Tried"]

CANDIDATES: dict[str, dict[str, Any]] = {
    "PixelForest": {"kind": "forest"},
    "UNet-128": {"kind": "network", "size": 128, "learning_rate": 3e-3, "augment": "light"},
    "UNet-192-strong": {"kind": "network", "size": 192, "learning_rate": 3e-3, "augment": "strong"},
    "UNet-128-slow": {"kind": "network", "size": 128, "learning_rate": 1e-3, "augment": "light"},
    "UNet-320-strong": {"kind": "network", "size": 320, "learning_rate": 2e-3, "augment": "strong"},
}
_FIRST_SHARE = 0.65  # of the time left, for a network that is not the last one
_FEWEST_PASSES = 6  # below it a network has hardly begun to learn
_MOST_UPSCALED = 1_536  # pixels of a side up to which answers are interpolated; beyond, they are repeated
_MODEL = "model.pkl"


@dataclass
class Tried:
    """A candidate with its model, and how it did in validation."""

    name: str
    settings: dict[str, Any]
    model: Any
    score: float = float("-inf")
    counts: Counts | None = None
    seconds: float = 0.0
    answering: float = 0.0  # seconds for the validation pictures
    history: list[Any] = field(default_factory=list)
    finished: bool = False
    bytes: int = 0


class Progress:
    """What a fit tells while it goes on; a subclass overrides what it wants to hear. Returning True ends the fit."""

    def began(self, predictor: SegmentationPredictor, name: str) -> None:
        """A candidate is being trained."""

    def passed(self, predictor: SegmentationPredictor, name: str) -> bool:
        """A candidate was judged on the validation pictures."""
        del predictor, name
        return False


class SegmentationPredictor:
    """Learns from a table with the paths of pictures and masks; answers with masks."""

    def __init__(
        self,
        label: str,
        *,
        legend: Legend | Mapping[str, Any],
        path: str | Path,
        eval_metric: str = "mean_iou",
        picture: str = "picture",
    ) -> None:
        self.label = label
        self.picture = picture
        self.legend = legend if isinstance(legend, Legend) else Legend.of(legend)
        self.eval_metric = eval_metric
        self.path = Path(path)
        self.failures: dict[str, str] = {}
        self.trained_on = ""  # in words
        self._tried: dict[str, Tried] = {}

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
    ) -> SegmentationPredictor:
        """Train the candidates one after another; those that are finished already are left as they are.

        A fourth of `memory_limit` (GB) may be filled with pictures; `num_cpus` 0 takes all there are.
        """
        until = time.time() + time_limit
        pairs = Pairs(tuple(train[self.picture].astype(str)), tuple(train[self.label].astype(str)))
        lessons = split(pairs, self.legend, room=0.25e9 * memory_limit, seed=seed)
        self.save()
        machine = _Machine(num_cpus or os.cpu_count() or 1, num_gpus)
        _Fit(self, lessons, until, machine, callbacks, seed).all(
            {name: dict(settings) for name, settings in (candidates or CANDIDATES).items()}
        )
        self.save()
        return self

    # --- answers -----------------------------------------------------------------------------------------------------

    def predict(self, data: pd.DataFrame | Sequence[str], *, model: str | None = None) -> list[NDArray[np.uint8]]:
        """For each picture, the number of each pixel's class."""
        return [self.predict_picture(load(path), model=model) for path in self._paths(data)]

    def predict_picture(self, picture: Image, *, model: str | None = None) -> NDArray[np.uint8]:
        """The number of each pixel's class in one picture."""
        chosen = self._tried[model or self.model_best].model
        height, width = chosen.size
        small = picture.resize((width, height), Resampling.BILINEAR, reducing_gap=2.0)
        found = chosen.probabilities(np.asarray(small))
        return _decided(found, (picture.height, picture.width))

    def counts(self, data: pd.DataFrame, *, model: str | None = None) -> NDArray[np.int64]:
        """For each picture, its pixels by true class and given class."""
        counted = [
            count_pixels(self.legend.read(mask), answer, len(self.legend.names))
            for mask, answer in zip(data[self.label], self.predict(data, model=model), strict=True)
        ]
        return np.stack(counted)

    def evaluate(self, data: pd.DataFrame, *, model: str | None = None) -> dict[str, float]:
        """Every metric, by its name."""
        counts = self.counts(data, model=model).sum(0)
        return {name: metric(counts) for name, metric in METRICS.items()}

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
    def load(cls, path: str | Path) -> SegmentationPredictor:
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
        clone = SegmentationPredictor.__new__(SegmentationPredictor)
        clone.__dict__ |= self.__dict__ | {"path": Path(path), "_tried": {}}
        clone.save()
        clone.keep(best)

    def _paths(self, data: pd.DataFrame | Sequence[str]) -> list[str]:
        return [str(path) for path in (data[self.picture] if isinstance(data, pd.DataFrame) else data)]


@dataclass(frozen=True)
class _Machine:
    cpus: int
    gpus: int


class _Fit:
    """One fit: shares out the time among the candidates."""

    def __init__(
        self,
        predictor: SegmentationPredictor,
        lessons: Lessons,
        until: float,
        machine: _Machine,
        callbacks: Sequence[Progress],
        seed: int,
    ) -> None:
        self._predictor = predictor
        self._lessons = lessons
        self._until = until
        self._cpus, self._gpus = machine.cpus, machine.gpus
        self._callbacks = callbacks
        self._seed = seed
        self._pace = 0.0  # seconds of a pass, by a thousand pixels
        self._stopped = False

    def all(self, candidates: dict[str, dict[str, Any]]) -> None:
        """Train what is not finished and still fits into the time."""
        known = self._predictor._tried
        waiting = [name for name in candidates if not (name in known and known[name].finished)]
        seen = {self._essence(tried.settings) for tried in known.values() if tried.finished}
        for place, name in enumerate(waiting):
            settings = candidates[name]
            essence = self._essence(settings)
            if self._stopped or essence in seen:  # small pictures leave two sizes no difference
                continue
            reason = self._too_late(settings)
            if reason:
                self._predictor.failures[name] = reason
                continue
            self._predictor.failures.pop(name, None)
            seen.add(essence)
            for callback in self._callbacks:
                callback.began(self._predictor, name)
            if settings.get("kind") == "forest":
                self._forest(name, settings)
            else:
                self._network(name, settings, is_last=place == len(waiting) - 1)

    def _essence(self, settings: Mapping[str, Any]) -> str:
        return repr(sorted((dict(settings) | {"size": self._lessons.size(int(settings.get("size", 128)))}).items()))

    def _too_late(self, settings: Mapping[str, Any]) -> str:
        """Why a candidate is not begun; nothing where it is."""
        if settings.get("kind") == "forest" or not self._predictor._tried:
            return ""
        left = self._until - time.time()
        height, width = self._lessons.size(int(settings.get("size", 128)))
        needed = _FEWEST_PASSES * self._pace * height * width / 1e3
        if left > max(needed, 1.0):
            return ""
        about = f"about {needed:.0f} s for {_FEWEST_PASSES} passes" if needed else "more"
        return f"Not begun: it needs {about}, and {max(left, 0):.0f} s were left."

    def _forest(self, name: str, settings: dict[str, Any]) -> None:
        begun = time.time()
        model = PixelForest(_without_kind(settings), self._lessons.classes, self._seed)
        model.fit(self._lessons, until=begun + max(2.0, 0.15 * (self._until - begun)), cpus=self._cpus)
        tried = Tried(name, settings, model, finished=True)
        self._judge(tried)
        tried.seconds = time.time() - begun
        self._keep(tried)

    def _network(self, name: str, settings: dict[str, Any], *, is_last: bool) -> None:
        from .network import Network, Pass

        begun = time.time()
        until = self._until if is_last else begun + _FIRST_SHARE * (self._until - begun)
        earlier = self._predictor._tried.get(name)
        before = earlier.seconds if earlier else 0.0
        model = earlier.model if earlier else Network(_without_kind(settings), self._lessons.classes, self._seed)
        tried = Tried(name, settings, model, history=list(earlier.history) if earlier else [])
        height, width = self._lessons.size(int(settings.get("size", 128)))
        latest = Tried(name, settings, model)

        def judge() -> float:
            return self._judge(latest)

        def passed(done: Pass, is_best: bool) -> bool:
            self._pace = (done.seconds / done.number) / (height * width / 1e3)
            tried.history.append(done)
            tried.seconds = before + time.time() - begun
            if is_best:
                tried.score, tried.counts, tried.answering = latest.score, latest.counts, latest.answering
                self._predictor.keep(tried)
            return self._told(name)

        model.fit(
            self._lessons,
            until=until,
            at_most=self._until,
            cpus=self._cpus,
            gpus=self._gpus,
            judge=judge,
            passed=passed,
        )
        tried.finished = True
        tried.seconds = before + time.time() - begun
        self._predictor.trained_on = model.trained_on
        self._keep(tried)

    def _judge(self, tried: Tried) -> float:
        """Answer the validation pictures, and count."""
        begun, lessons = time.time(), self._lessons
        total = np.zeros((lessons.classes, lessons.classes), dtype=np.int64)
        pictures = lessons.validated(tried.model.size)
        for place in range(len(lessons.valid)):
            truth = lessons.truth(place)
            answer = _decided(tried.model.probabilities(pictures[place]), truth.shape)
            total += count_pixels(truth, answer, lessons.classes)
        tried.counts, tried.score = total, METRICS[self._predictor.eval_metric](total)
        tried.answering = time.time() - begun
        return tried.score

    def _keep(self, tried: Tried) -> None:
        self._predictor.keep(tried)
        self._told(tried.name)

    def _told(self, name: str) -> bool:
        self._stopped = any([callback.passed(self._predictor, name) for callback in self._callbacks]) or self._stopped
        return self._stopped


def _decided(shares: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.uint8]:
    """The likeliest class of each pixel, at the size (height, width) asked for."""
    import torch
    from torch.nn import functional

    height, width = size
    shrunk = min(1.0, _MOST_UPSCALED / max(height, width))
    wanted = (max(1, round(height * shrunk)), max(1, round(width * shrunk)))
    raised = functional.interpolate(torch.from_numpy(shares)[None], size=wanted, mode="bilinear", align_corners=False)
    numbers = raised[0].argmax(0).to(torch.uint8).numpy()
    if wanted == (height, width):
        return numbers
    return stretched(numbers, size)


def _without_kind(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "kind"}


def _write(path: Path, what: object) -> int:
    """Write `what` to `path`, whole or not at all; how many bytes it takes."""
    part = path.with_name(f"{path.name}.part")
    raw = pickle.dumps(what, protocol=pickle.HIGHEST_PROTOCOL)
    part.write_bytes(raw)
    part.replace(path)
    return len(raw)


def _read(path: Path) -> Any:
    return pickle.loads(path.read_bytes())  # the predictor's own folder
