"""The search for settings of networks for masks and boxes.

Such a network takes all the time that it is given, and begins with what the best one before it has learned. So the
search goes in slices: each configuration gets a fourth of the time that is left, or what a few passes over the pictures
take, and sizes are drawn that a slice has time for. A short budget searches among small ones, a long one among all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.engines.tuning import Family, Search, Standing
from gristmill.tasks.tuning import searcher

if TYPE_CHECKING:
    from gristmill.engines.dense import DensePredictor

__all__ = ["over_dense"]

_SLICES = 4
_PASSES = 5  # a configuration has at least; with time for fewer than four, a fit does not begin
_SLOWER = 1.5  # times a slice that a size may take
_RATES = (5e-4, 6e-3)


@dataclass(kw_only=True)
class _Sliced(Search):
    """A search over networks that learn against the clock."""

    predictor: DensePredictor

    def _usual(self, family: Family, known: Sequence[Standing]) -> float:
        del known
        return self._needed(min(family.space["size"].data))

    def _time_for(self, settings: Mapping[str, Any], usual: float, seconds: float) -> float:
        del usual
        return max(seconds / _SLICES, self._needed(self._size(settings)))

    def _is_affordable(self, settings: Mapping[str, Any], seconds: float) -> bool:
        size, sizes = self._size(settings), self.families[0].space["size"].data
        return size == min(sizes) or self._needed(size) <= _SLOWER * seconds / _SLICES

    def _first_ones(self, family: Family) -> Iterator[tuple[dict[str, Any], float]]:
        drawn = {f"{noted['family']}{noted['suffix']}" for noted in self._noted}
        sizes, changes = family.space["size"].data, family.space["augment"].data
        for tried in self.predictor.tried:
            known = tried.settings
            rate = known.get("learning_rate", 0.0)
            if tried.name in drawn or not _is_whole(known) or not _RATES[0] <= rate <= _RATES[1]:
                continue
            size = min(int(known["size"]), max(self.predictor.largest))
            if size in sizes and known.get("augment", "light") in changes:
                augment = changes.index(known.get("augment", "light"))
                yield {"size": sizes.index(size), "learning_rate": rate, "augment": augment}, tried.score

    def _size(self, settings: Mapping[str, Any]) -> int:
        return int(self.families[0].space["size"].data[settings["size"]])

    def _needed(self, size: int) -> float:
        """Seconds for the fewest passes over pictures of that size."""
        from gristmill.engines.dense.fitting import pace

        height, width = self.predictor.largest
        shrunk = min(1.0, size / max(height, width, 1))
        return _PASSES * pace(self.predictor.tried) * (height * shrunk) * (width * shrunk) / 1e3


def over_dense(
    predictor: DensePredictor, tune: object, candidates: Mapping[str, Mapping[str, Any]], *, seed: int = 0
) -> Search:
    """A search around the whole networks among `candidates`, each configuration trained by a `fit` of its own."""
    from autogluon.common import space

    how, found = searcher(tune), []
    whole = {name: settings for name, settings in candidates.items() if _is_whole(settings)}
    if how and whole and any(predictor.largest):
        sized = [
            settings for settings in candidates.values() if settings.get("kind") == "network" and "size" in settings
        ]
        sizes = sorted({min(int(settings["size"]), max(predictor.largest)) for settings in sized})
        found.append(
            Family(
                key="network",
                name=next(iter(whole)).partition("-")[0],
                fixed={"kind": "network"},
                space={
                    "size": space.Categorical(*sizes),
                    "learning_rate": space.Real(*_RATES, default=2e-3, log=True),
                    "augment": space.Categorical("light", "strong"),
                },
            )
        )
    return _Sliced(
        folder=Path(predictor.path),
        how=how,
        families=found,
        standings=lambda: {tried.name: Standing(score=tried.score, seconds=tried.seconds) for tried in predictor.tried},
        natural=float,
        failures=lambda: predictor.failures,
        shape=_named,
        seed=seed,
        predictor=predictor,
    )


def _is_whole(settings: Mapping[str, Any]) -> bool:
    """Whether all of a network is trained."""
    return settings.get("kind") == "network" and settings.get("backbone", "tuned") == "tuned" and "size" in settings


def _named(family: Family, settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A candidate as a dense predictor takes it: under its name."""
    rest = {name: value for name, value in settings.items() if name != "ag_args"}
    return {f"{family.name}{settings['ag_args']['name_suffix']}": rest}
