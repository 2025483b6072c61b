"""One fit: the time shared out among the candidates.

What takes seconds comes first: trees, then a network whose backbone is frozen. Each network begins with what the best
one before it has learned. The first one that is trained as a whole gets most of the time, all of it where passes are
slow, the others what is left, as far as that suffices.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from .network import Network
from .predictor import DensePredictor, Lessons, Progress, Tried
from .training import Clock, Pass

__all__ = ["Fit", "Machine", "pace"]

_FIRST_SHARE = 0.65  # of the time left, for a network that is not the last one
_FROZEN_SHARE = 0.25  # of it, for one whose backbone is frozen
_FEWEST_PASSES = 4  # below it a network has hardly begun to learn
_TUNED = 4.0  # times as long as behind a frozen backbone a pass takes through all of a network


@dataclass(frozen=True)
class Machine:
    cpus: int
    gpus: int


def pace(tried: Sequence[Tried]) -> float:
    """Seconds that a pass through a whole network takes by a thousand pixels, going by these; 0 where none tells."""
    told = [one for one in tried if isinstance(one.model, Network) and one.history]
    for one in sorted(told, key=lambda one: one.model.is_frozen):
        before = 0.0
        for earlier, later in pairwise(one.history):
            before = earlier.seconds if later.number <= earlier.number else before  # a fit that went on counts anew
        last, (height, width) = one.history[-1], one.model.size
        return _by_pixels((last.seconds - before) / last.number, height * width, is_frozen=one.model.is_frozen)
    return 0.0


def _by_pixels(seconds: float, pixels: int, *, is_frozen: bool) -> float:
    return seconds / (pixels / 1e3) * (_TUNED if is_frozen else 1.0)


class Fit:
    """One fit: shares out the time among the candidates."""

    def __init__(
        self,
        predictor: DensePredictor,
        lessons: Lessons,
        until: float,
        machine: Machine,
        callbacks: Sequence[Progress],
        seed: int,
    ) -> None:
        self._predictor = predictor
        self._lessons = lessons
        self._until = until
        self._cpus, self._gpus = machine.cpus, machine.gpus
        self._callbacks = callbacks
        self._seed = seed
        self._pace = pace(predictor.tried)
        self._stopped = False

    def all(self, candidates: dict[str, dict[str, Any]]) -> None:
        """Train what is not finished and still fits into the time."""
        known = {tried.name: tried for tried in self._predictor.tried}
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
                self._quick(name, settings)
            else:
                self._network(name, settings, is_last=place == len(waiting) - 1)

    def _essence(self, settings: Mapping[str, Any]) -> str:
        return repr(sorted((dict(settings) | {"size": self._lessons.size(int(settings.get("size", 128)))}).items()))

    def _too_late(self, settings: Mapping[str, Any]) -> str:
        """Why a candidate is not begun; nothing where it is."""
        if settings.get("kind") == "forest" or not self._predictor.tried:
            return ""
        left = self._until - time.time()
        height, width = self._lessons.size(int(settings.get("size", 128)))
        needed = _FEWEST_PASSES * self._pace * height * width / 1e3
        if left > max(needed, 1.0):
            return ""
        about = f"about {needed:.0f} s for {_FEWEST_PASSES} passes" if needed else "more"
        return f"Not begun: it needs {about}, and {max(left, 0):.0f} s were left."

    def _quick(self, name: str, settings: dict[str, Any]) -> None:
        begun = time.time()
        model = self._predictor.new(settings, self._seed)
        model.fit(self._lessons, until=begun + max(2.0, 0.15 * (self._until - begun)), cpus=self._cpus)
        tried = Tried(name, settings, model, finished=True)
        self._judge(tried)
        tried.seconds = time.time() - begun
        self._keep(tried)

    def _network(self, name: str, settings: dict[str, Any], *, is_last: bool) -> None:
        begun = time.time()
        start = next((one.model for one in self._predictor.tried if isinstance(one.model, Network)), None)
        tried = self._predictor.earlier(name) or Tried(name, settings, self._predictor.new(settings, self._seed))
        before, latest = tried.seconds, Tried(name, settings, tried.model)
        is_frozen = tried.model.is_frozen
        share = 1.0 if is_last else _FROZEN_SHARE if is_frozen else _FIRST_SHARE
        height, width = self._lessons.size(int(settings.get("size", 128)))

        def passed(done: Pass, is_best: bool) -> bool:
            self._pace = _by_pixels(done.seconds / done.number, height * width, is_frozen=is_frozen)
            tried.history.append(replace(done, seconds=before + done.seconds))
            tried.seconds = before + time.time() - begun
            if is_best:
                tried.score, tried.answering = latest.score, latest.answering
                self._predictor.trained_on = tried.model.trained_on
                self._predictor.save()
                self._predictor.keep(tried)
            return self._told(name)

        until = begun + share * (self._until - begun)
        clock = Clock(until=until, at_most=self._until, cpus=self._cpus, gpus=self._gpus, best=tried.score)
        tried.finished = tried.model.fit(
            self._lessons, clock, judge=lambda: self._judge(latest), passed=passed, start=start
        )
        tried.seconds = before + time.time() - begun
        self._keep(tried)

    def _judge(self, tried: Tried) -> float:
        """Answer the validation pictures."""
        begun = time.time()
        tried.score = self._lessons.judge(tried.model, self._predictor.eval_metric)
        tried.answering = time.time() - begun
        return tried.score

    def _keep(self, tried: Tried) -> None:
        self._predictor.keep(tried)
        self._told(tried.name)

    def _told(self, name: str) -> bool:
        self._stopped = any([callback.passed(self._predictor, name) for callback in self._callbacks]) or self._stopped
        return self._stopped
