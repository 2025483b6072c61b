"""The search for better hyperparameters, once the first candidates are trained.

Terms
-----
family          candidates of one model class, which differ in their settings
configuration   one set of settings that the search tries; it becomes a candidate like any other
searcher        what proposes the next one: `bayes` (Optuna's TPE, which looks where others did well), or `random`

The search over networks for masks and boxes, which train against the clock, is in dense_tuning.py.

AutoGluon's local scheduler falls back to random search where it is asked for a Bayesian one, and adds what it has
trained to a predictor only at the end; its other scheduler is Ray, which costs more than it brings on few cores. So
each configuration is a fit of its own here: it stands on the leaderboard, and is on disk, as soon as it is done, and a
search that was cut short loses the one it was at. The spaces are AutoGluon's own.

What was tried is told from the predictor itself, and from `search.json` beside it, so that a resumed run goes on.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gristmill.engines.spaces import Space, filled, of_series, of_table
from gristmill.tasks.tuning import searcher

__all__ = ["Configuration", "Family", "Search", "Standing", "over_series", "over_table"]

_FILE = "search.json"
_MOST = 100  # configurations: each is kept on disk until the run has ended
_MOST_IN_ENSEMBLE = 25
_GUESSES = 6  # configurations of a family that are drawn at random before the Bayesian searcher has something to go by
_DRAWS = 20  # until one comes that was not tried before
_LEAST = 1.5  # seconds below which no configuration is begun
_AROUND = 1.0  # seconds that a configuration counts at least: reading the rows and writing the model take time, too
_PATIENCE, _LEAST_PATIENCE = 4.0, 5.0  # a configuration may take so many times what is usual, or so many seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """One model class of the search: `key` is how AutoGluon's hyperparameters name it."""

    key: Any
    name: str
    fixed: Mapping[str, Any]
    space: Space


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """What was tried, and how it did; `score` is None where no candidate came of it, and `why` may say why."""

    family: str
    suffix: str
    settings: dict[str, Any]
    name: str = ""
    score: float | None = None  # on validation rows, in the metric's natural direction
    seconds: float | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A candidate as the predictor knows it; of `score`, more is better."""

    score: float
    seconds: float


@dataclass(kw_only=True)
class Search:
    """Which configuration to try next, and how those before did."""

    folder: Path
    how: str
    families: Sequence[Family]
    standings: Callable[[], Mapping[str, Standing]]  # of all candidates that are no ensembles
    natural: Callable[[float], float]
    failures: Callable[[], Mapping[str, str]]
    shape: Callable[[Family, dict[str, Any]], Any]  # a family's hyperparameters as `fit` takes them
    seed: int = 0
    seconds: float = 0.0  # that the configuration proposed last may take
    _noted: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        file = self.folder / _FILE
        if file.exists():
            self._noted = json.loads(file.read_text(encoding="utf-8"))

    def next(self, seconds: float) -> Any | None:
        """The hyperparameters to fit next, for which there are `seconds`; None where the search is over."""
        if not self.how or seconds < _LEAST or len(self._noted) >= _MOST:
            return None
        for family, usual in self._in_turn(seconds):
            settings = self._proposed(family, seconds)
            if settings is not None:
                self.seconds = min(seconds, self._time_for(settings, usual, seconds))
                suffix = f"_T{len(self._noted) + 1:02}"
                self._note({"family": family.name, "suffix": suffix, "settings": settings})
                values = {name: _value(family.space[name], value) for name, value in settings.items()}
                return self.shape(family, filled(family.fixed, values) | {"ag_args": {"name_suffix": suffix}})
        return None

    @property
    def tried(self) -> tuple[Configuration, ...]:
        """All that was tried, in that order, in this run and in those that it goes on from."""
        known, failed = self.standings(), self.failures()
        return tuple(self._outcome(noted, known, failed) for noted in self._noted)

    def untuned(self) -> dict[str, float]:
        """The best score without the search, of each family; and "" has the best of all candidates."""
        tuned = {one.name for one in self.tried}
        found: dict[str, float] = {}
        for name, standing in self.standings().items():
            family = self._family_of(name)
            for known in ("", family.name) if family else ("",):
                if name not in tuned:
                    found[known] = max(found.get(known, float("-inf")), standing.score)
        return {name: self.natural(score) for name, score in found.items()}

    def strongest(self) -> list[str]:
        """The candidates worth an ensemble: of a long search, only the best."""
        known = self.standings()
        return sorted(known, key=lambda name: -known[name].score)[:_MOST_IN_ENSEMBLE]

    # --- what a subclass may know better -----------------------------------------------------------------------------

    def _usual(self, family: Family, known: Sequence[Standing]) -> float:
        """Seconds that a configuration of the family takes, going by candidates of it."""
        del family
        return statistics.median(standing.seconds for standing in known)

    def _time_for(self, settings: Mapping[str, Any], usual: float, seconds: float) -> float:
        """How long these settings may take, of the seconds that are left."""
        del settings, seconds
        return max(_PATIENCE * usual, _LEAST_PATIENCE)

    def _is_affordable(self, settings: Mapping[str, Any], seconds: float) -> bool:
        """Whether there is time for these settings."""
        del settings, seconds
        return True

    def _first_ones(self, family: Family) -> Iterator[tuple[dict[str, Any], float]]:
        """The settings of the family's candidates that no search has drawn, with their scores."""
        known = self.standings()
        for name in known:
            if _stem(name) == family.name:
                yield _defaults(family.space), known[name].score

    # --- within ------------------------------------------------------------------------------------------------------

    def _in_turn(self, seconds: float) -> Iterator[tuple[Family, float]]:
        """The families to try, and how long they usually take; the one that has had least for its merit first.

        Time is shared, not configurations: a slow family gets fewer. The best has twice the share of the second, and
        so on. What would not be done in time is not begun.
        """
        known = self.standings()
        spent: dict[str, list[Standing]] = {family.name: [] for family in self.families}
        for name, standing in known.items():
            if family := self._family_of(name):
                spent[family.name].append(standing)
        ranked = sorted(
            (family for family in self.families if spent[family.name]),
            key=lambda family: -max(standing.score for standing in spent[family.name]),
        )
        failed = [one.family for one in self.tried if one.score is None]
        turns = []
        for rank, family in enumerate(ranked, start=1):
            usual = self._usual(family, spent[family.name])
            had = sum(max(one.seconds or usual, _AROUND) for one in self.tried if one.family == family.name)
            if usual <= 0.8 * seconds and failed.count(family.name) < 3 + len(spent[family.name]):
                turns.append((rank * (had + max(usual, _AROUND)), rank, family, usual))
        return ((family, usual) for _, _, family, usual in sorted(turns, key=lambda turn: turn[:2]))

    def _proposed(self, family: Family, seconds: float) -> dict[str, Any] | None:
        """Settings that were not tried yet, places in a list where they are choices; None where there are none left."""
        import optuna
        from optuna.samplers import BaseSampler, RandomSampler, TPESampler

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        seed = self.seed + 1_000 * len(self._noted)
        sampler: BaseSampler = RandomSampler(seed=seed)
        if self.how == "bayes":
            sampler = TPESampler(seed=seed, n_startup_trials=_GUESSES)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        distributions = {name: _distribution(values) for name, values in family.space.items()}
        tried = [_defaults(family.space)]
        for noted, score in self._known(family):
            tried.append(noted)
            if score is not None:
                done = optuna.trial.create_trial(params=noted, distributions=distributions, value=score)
                study.add_trial(done)
        for _ in range(_DRAWS):
            drawn: dict[str, Any] = study.ask(distributions).params
            if drawn not in tried and self._is_affordable(drawn, seconds):
                return drawn
        return None

    def _known(self, family: Family) -> Iterator[tuple[dict[str, Any], float | None]]:
        """What was tried of the family, with scores of which more is better; what no search has drawn comes first."""
        known = self.standings()
        yield from self._first_ones(family)
        for noted, one in zip(self._noted, self.tried, strict=True):
            if one.family == family.name and noted["settings"].keys() == family.space.keys():
                yield noted["settings"], known[one.name].score if one.name else None

    def _outcome(
        self, noted: Mapping[str, Any], known: Mapping[str, Standing], failed: Mapping[str, str]
    ) -> Configuration:
        stem = noted["family"] + noted["suffix"]
        space = next((family.space for family in self.families if family.name == noted["family"]), {})
        settings = {
            name: _value(space[name], value) if name in space else value for name, value in noted["settings"].items()
        }
        plain = Configuration(family=noted["family"], suffix=noted["suffix"], settings=settings)
        for name, standing in known.items():
            if _stem(name) == stem:
                return Configuration(
                    family=plain.family, suffix=plain.suffix, settings=settings, name=name,
                    score=self.natural(standing.score), seconds=standing.seconds,
                )  # fmt: skip
        why = next((said for name, said in failed.items() if _stem(name) == stem), "")
        return Configuration(family=plain.family, suffix=plain.suffix, settings=settings, why=why)

    def _family_of(self, name: str) -> Family | None:
        """The family of that name; of two whose names begin alike, the longer."""
        fitting = [family for family in self.families if _stem(name).startswith(family.name)]
        return max(fitting, key=lambda family: len(family.name), default=None)

    def _note(self, noted: dict[str, Any]) -> None:
        self._noted.append(noted)
        part = self.folder / f"{_FILE}.part"
        part.write_text(json.dumps(self._noted), encoding="utf-8")
        part.replace(self.folder / _FILE)


def over_table(predictor: Any, tune: object, *, families: Mapping[Any, Any] | None = None, seed: int = 0) -> Search:
    """A search over a TabularPredictor's candidates, each fitted with `fit_extra`.

    `families` are those to search in, as keys of AutoGluon's hyperparameters, each with what stays fixed; all that
    have a search space if none are given.
    """
    from autogluon.tabular.registry import ag_model_registry

    how, found = searcher(tune), []
    for key, fixed in (families or {key: {} for key in _TABULAR}).items() if how else ():
        model = ag_model_registry.key_to_cls(key) if isinstance(key, str) else key
        space = of_table(model, predictor.problem_type, predictor._trainer.num_classes)
        if space:
            found.append(Family(key=key, name=model.ag_name, fixed=fixed, space=space))

    def failures() -> dict[str, str]:
        failed = predictor.model_failures()
        return {str(row["model"]): str(row["exc_str"] or row["exc_type"]) for _, row in failed.iterrows()}

    return Search(
        folder=Path(predictor.path),
        how=how,
        families=found,
        standings=lambda: _standings(predictor._trainer, {"level": 1}),
        natural=predictor.eval_metric.convert_score_to_original,
        failures=failures,
        shape=lambda family, hyperparameters: {family.key: [hyperparameters]},
        seed=seed,
    )


def over_series(predictor: Any, tune: object, hyperparameters: Mapping[str, Any], *, seed: int = 0) -> Search:
    """A search over a TimeSeriesPredictor's candidates, those of `hyperparameters` that have a search space."""
    from autogluon.timeseries.models import ModelRegistry

    how, found = searcher(tune), []
    for key, fixed in hyperparameters.items() if how else ():
        name = str(ModelRegistry.get_model_class(key).__name__).removesuffix("Model")
        if of_series(name):
            found.append(Family(key=key, name=name, fixed=fixed, space=of_series(name)))
    return Search(
        folder=Path(predictor.path),
        how=how,
        families=found,
        standings=lambda: _standings(predictor._trainer, {"layer": 0}),
        natural=lambda score: float(predictor.eval_metric.sign * score),
        failures=dict,
        shape=lambda family, settings: {family.key: settings},
        seed=seed,
    )


_TABULAR = ("GBM", "CAT", "XGB", "FASTAI", "NN_TORCH")  # AutoGluon knows no space for forests


def _standings(trainer: Any, floor: dict[str, int]) -> dict[str, Standing]:
    names = trainer.get_model_names(**floor)
    scores = trainer.get_models_attribute_dict("val_score", names)
    seconds = trainer.get_models_attribute_dict("fit_time", names)
    return {
        name: Standing(score=float(scores[name]), seconds=float(seconds.get(name) or 0.0))
        for name in names
        if scores.get(name) is not None
    }


def _stem(name: str) -> str:
    """A candidate's name without what bagging adds."""
    return name.split("_BAG_")[0]


def _distribution(values: Any) -> Any:
    from autogluon.common import space
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(values, space.Categorical):
        return CategoricalDistribution(tuple(range(len(values))))
    if isinstance(values, space.Int):
        return IntDistribution(values.lower, values.upper)
    return FloatDistribution(values.lower, values.upper, log=values.log)


def _defaults(space: Space) -> dict[str, Any]:
    """A space's defaults as a searcher knows them: the first of choices, and numbers within their range."""
    return {
        name: 0 if hasattr(values, "data") else min(max(values.default, values.lower), values.upper)
        for name, values in space.items()
    }


def _value(values: Any, drawn: Any) -> Any:
    """What a model is to be told where a searcher has drawn `drawn`."""
    return values.data[drawn] if hasattr(values, "data") else drawn
