"""The search for hyperparameters: what it tries next, that it never repeats itself, and what the report says of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from autogluon.common import space
from autogluon.tabular import TabularPredictor

from gristmill import app, figures, tasks
from gristmill.catalog import Catalog
from gristmill.engines.spaces import filled, of_series, of_table
from gristmill.engines.tabular import Watch
from gristmill.engines.tuning import Family, Search, Standing, over_series, over_table
from gristmill.errors import UsageError
from gristmill.mill import Mill, Parts
from gristmill.records import EventKind, RunRequest, RunStatus
from gristmill.sandbox.process import ProcessSandbox
from gristmill.stores import open_store
from gristmill.tasks import searcher
from gristmill.worker import Worker
from gristmill.worker.attempt import Tools
from test_mill import Notepad

pytestmark = pytest.mark.engine

RATE = {"rate": space.Real(0.001, 1.0, default=0.5, log=True)}


class Shop:
    """Candidates that take no time to train: their score is what `judge` says of their settings."""

    def __init__(self, folder: Path, judge: Callable[[str, dict[str, Any]], float | None], **seconds: float) -> None:
        self.folder, self.judge, self.seconds = folder, judge, seconds
        self.known = {
            name: Standing(score=judge(name, {"rate": 0.5}) or 0.0, seconds=seconds[name]) for name in seconds
        }

    def search(self, how: str = "bayes", of: Mapping[str, Any] = RATE, seed: int = 0) -> Search:
        return Search(
            folder=self.folder,
            how=how,
            families=[Family(key=name, name=name, fixed={"fixed": 1}, space=dict(of)) for name in self.seconds],
            standings=lambda: self.known,
            natural=float,
            failures=dict,
            shape=lambda family, settings: (family.name, settings),
            seed=seed,
        )

    def go_on(self, search: Search, number: int, seconds: float = 100.0) -> list[tuple[str, dict[str, Any]]]:
        """Train at most so many configurations; which those were."""
        trained = []
        for _ in range(number):
            told = search.next(seconds)
            if told is None:
                break
            name, settings = told
            score = self.judge(name, settings)
            if score is not None:
                stem = name + settings["ag_args"]["name_suffix"]
                self.known[f"{stem}_BAG_L1"] = Standing(score=score, seconds=self.seconds[name])
            trained.append(told)
        return trained


def near(best: float) -> Callable[[str, dict[str, Any]], float]:
    """How near a rate is to the best one, in orders of magnitude."""
    return lambda _, settings: -abs(float(np.log10(settings["rate"] / best)))


def test_each_configuration_is_new_and_stays_within_its_space(tmp_path: Path) -> None:
    shop = Shop(tmp_path, near(0.02), Boost=1.0)
    trained = shop.go_on(shop.search(), 15)
    rates = [settings["rate"] for _, settings in trained]
    assert len(set(rates)) == 15
    assert all(0.001 <= rate <= 1.0 for rate in rates)
    assert all(settings["fixed"] == 1 for _, settings in trained)
    assert [settings["ag_args"]["name_suffix"] for _, settings in trained][:2] == ["_T01", "_T02"]


def test_a_bayesian_search_looks_where_others_did_well(tmp_path: Path) -> None:
    found = {}
    for how in ("bayes", "random"):
        (tmp_path / how).mkdir()
        shop = Shop(tmp_path / how, near(0.02), Boost=1.0)
        late = shop.go_on(shop.search(how), 30)[10:]
        found[how] = float(np.mean([abs(np.log10(settings["rate"] / 0.02)) for _, settings in late]))
    assert found["bayes"] < 0.6 * found["random"]


def test_a_search_goes_on_where_an_earlier_one_stopped(tmp_path: Path) -> None:
    shop = Shop(tmp_path, near(0.02), Boost=1.0)
    first = shop.go_on(shop.search(), 4)
    again = shop.search()
    assert [one.settings["rate"] for one in again.tried] == [settings["rate"] for _, settings in first]
    assert all(one.score is not None and one.name.endswith("_BAG_L1") for one in again.tried)
    [(_, settings)] = shop.go_on(again, 1)
    assert settings["ag_args"]["name_suffix"] == "_T05"


def test_time_is_shared_and_goes_to_the_better_family(tmp_path: Path) -> None:
    shop = Shop(tmp_path, lambda name, _: {"Good": 0.9, "Fair": 0.8, "Slow": 0.7}[name], Good=1.0, Fair=1.0, Slow=6.0)
    trained = [name for name, _ in shop.go_on(shop.search(), 30)]
    assert trained.count("Good") > 1.5 * trained.count("Fair") > 3 * trained.count("Slow") > 0


def test_a_family_that_takes_no_time_leaves_the_others_their_turns(tmp_path: Path) -> None:
    shop = Shop(tmp_path, lambda name, _: {"Instant": 0.9, "Fair": 0.8}[name], Instant=0.01, Fair=1.5)
    trained = [name for name, _ in shop.go_on(shop.search(), 16)]
    assert trained.count("Instant") > trained.count("Fair") >= 3


def test_what_would_not_be_done_in_time_is_not_begun(tmp_path: Path) -> None:
    shop = Shop(tmp_path, near(0.02), Quick=1.0, Slow=30.0)
    assert {name for name, _ in shop.go_on(shop.search(), 6, seconds=20.0)} == {"Quick"}
    assert shop.search().next(0.0) is None
    assert shop.search("").next(100.0) is None


def test_a_family_that_only_fails_is_given_up(tmp_path: Path) -> None:
    shop = Shop(tmp_path, lambda _, settings: None if "ag_args" in settings else 0.5, Broken=1.0)
    search = shop.search()
    trained = shop.go_on(search, 30)
    assert 1 < len(trained) < 10
    assert all(one.score is None and not one.name for one in search.tried)


def test_a_small_space_is_searched_to_its_end(tmp_path: Path) -> None:
    shop = Shop(tmp_path, lambda *_: 0.5, Theta=1.0)
    choices = {"kind": space.Categorical("sum", "product", [1, 2])}
    trained = shop.go_on(shop.search(of=choices), 10)
    assert sorted(str(settings["kind"]) for _, settings in trained) == ["[1, 2]", "product"]  # the first is the default
    assert [one.settings["kind"] for one in shop.search(of=choices).tried] == [
        settings["kind"] for _, settings in trained
    ]


def test_autogluons_own_spaces_are_found() -> None:
    from autogluon.tabular.registry import ag_model_registry

    for key, problem in itertools.product(
        ("GBM", "CAT", "XGB", "FASTAI", "NN_TORCH"), ("binary", "multiclass", "regression")
    ):
        found = of_table(ag_model_registry.key_to_cls(key), problem, 3)
        assert len(found) >= 3
        assert all(isinstance(values, space.Space) for values in found.values())
    assert of_table(ag_model_registry.key_to_cls("RF"), "binary", 2) == {}
    assert of_series("Croston") == {}


def test_a_slash_leads_into_a_dict_within() -> None:
    whole = filled({"inner": {"one": 1}, "kept": True}, {"inner/two": 2, "plain.name": 3})
    assert whole == {"inner": {"one": 1, "two": 2}, "kept": True, "plain.name": 3}


def test_the_setting_has_few_words() -> None:
    assert [searcher(word) for word in (True, "true", "Yes", "bayes", "random", False, None, "")] == [
        *("bayes", "bayes", "bayes", "bayes", "random"),
        *("", "", ""),
    ]
    with pytest.raises(UsageError, match="tune cannot be 7"):
        searcher(7)


# --- with AutoGluon --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"one": draw.normal(size=240), "other": draw.normal(size=240)})
    return frame.assign(answer=np.where(frame["one"] * frame["other"] > 0, "yes", "no"))


def test_configurations_are_candidates_like_any_other(tmp_path: Path, rows: pd.DataFrame) -> None:
    predictor = TabularPredictor("answer", path=str(tmp_path / "model"), verbosity=0)
    predictor.fit(rows, hyperparameters={"GBM": {}}, dynamic_stacking=False, num_cpus=1)
    search, said_so = over_table(predictor, True), []
    Watch(lambda kind, body: said_so.append((kind, body))).attach(predictor)
    for _ in range(2):
        predictor.fit_extra(search.next(60.0), fit_weighted_ensemble=False, num_cpus=1)
    predictor.fit_weighted_ensemble(base_models=search.strongest())
    assert {"LightGBM", "LightGBM_T01", "LightGBM_T02"} <= set(predictor.model_names())

    assert {"phase": "fit", "model": "LightGBM_T02"} in [body for _, body in said_so]
    boards = [body["rows"] for kind, body in said_so if kind is EventKind.LEADERBOARD]
    assert "LightGBM_T01" in [row["model"] for row in boards[-1]]

    reopened = TabularPredictor.load(predictor.path)
    again = over_table(reopened, "random")
    assert [one.name for one in again.tried] == ["LightGBM_T01", "LightGBM_T02"]
    learned = reopened._trainer.load_model("LightGBM_T01").params["learning_rate"]
    assert learned == again.tried[0].settings["learning_rate"]
    said = figures.search(again, "accuracy", chosen=reopened.model_best)
    assert said is not None
    assert "2 configurations tried" in said.caption
    assert "LightGBM_T01" in said.body


def test_a_candidate_that_failed_says_why(tmp_path: Path, rows: pd.DataFrame) -> None:
    predictor = TabularPredictor("answer", path=str(tmp_path / "model"), verbosity=0)
    predictor.fit(rows, hyperparameters={"GBM": {}}, dynamic_stacking=False, num_cpus=1)
    search = over_table(predictor, "random", families={"GBM": {"ag_args_fit": {"max_memory_usage_ratio": 1e-9}}})
    predictor.fit_extra(search.next(60.0), fit_weighted_ensemble=False, num_cpus=1)
    [one] = search.tried
    assert one.score is None
    assert one.why
    said = figures.search(search, "accuracy")
    assert said is not None
    assert "None of them came to an end" in said.caption


@pytest.mark.slow
def test_series_are_searched_too(tmp_path: Path) -> None:
    from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor

    from gristmill.engines import series

    stamps = pd.date_range("2025-01-01", periods=80, freq="D")
    season = pd.DataFrame({"item_id": "one", "timestamp": stamps, "target": 5 + np.sin(np.arange(80) * 2 * np.pi / 7)})
    predictor = TimeSeriesPredictor(prediction_length=7, freq="D", path=str(tmp_path / "model"), verbosity=0)
    hyperparameters = {"SeasonalNaive": {"n_jobs": 1}, "Theta": {"n_jobs": 1}, "DirectTabular": {}}
    predictor.fit(TimeSeriesDataFrame(season), hyperparameters=hyperparameters, ensemble_hyperparameters={})
    search = over_series(predictor, True, hyperparameters)
    assert [family.name for family in search.families] == ["Theta", "DirectTabular"]
    for _ in range(3):
        series.add(predictor, search.next(900.0), time_limit=900.0)
    assert sum(one.score is not None for one in search.tried) >= 2
    series.ensemble(predictor, search.strongest())
    assert any("Ensemble" in name for name in predictor.model_names())
    reopened = TimeSeriesPredictor.load(str(tmp_path / "model"))
    assert over_series(reopened, True, hyperparameters).tried == search.tried


# --- what the report says --------------------------------------------------------------------------------------------


def test_the_report_says_what_was_gained_and_by_what(tmp_path: Path) -> None:
    shop = Shop(tmp_path, lambda _, settings: 0.6 + 0.3 * (settings["rate"] != 0.5), Boost=2.0)
    search = shop.search()
    shop.go_on(search, 12)
    said = figures.search(search, "accuracy", chosen="WeightedEnsemble_L2")
    assert said is not None
    assert said.caption.startswith("12 configurations tried in 24 s by Bayesian search")
    assert "30 points better than the best untuned candidate (60.00%)" in said.caption
    assert "WeightedEnsemble_L2" in said.caption
    assert "rate 0." in said.body
    assert "+30 points" in said.body
    assert "2 more" in said.body


def test_the_report_says_so_where_nothing_was_gained_or_tried(tmp_path: Path) -> None:
    shop = Shop(tmp_path, lambda _, settings: 0.8 - 0.3 * (settings["rate"] != 0.5), Boost=2.0)
    assert figures.search(shop.search(""), "accuracy") is None
    said = figures.search(shop.search(), "accuracy")
    assert said is not None
    assert "no time left to search" in said.caption
    search = shop.search()
    shop.go_on(search, 3)
    said = figures.search(search, "accuracy")
    assert said is not None
    assert "None did better than the best untuned candidate (80.00%)" in said.caption


# --- within a run ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_searches_within_its_budget_and_a_later_one_goes_on(home: Path, tmp_path: Path) -> None:
    settings = app.Settings.read()
    parts = Parts(
        catalog=Catalog.open(settings.catalog),
        store=open_store(settings.store),
        dispatcher=Notepad(),
        sandbox=ProcessSandbox(cache=home / "cache"),
        home=home,
    )
    mill, worker = (
        Mill(parts),
        Worker(Tools(catalog=parts.catalog, store=parts.store, sandbox=parts.sandbox, folder=tmp_path / "work")),
    )
    data = mill.admit(mill.upload(tasks.find("tabular-classification").tiny(tmp_path)).id)
    quick = {"hyperparameters": {"GBM": {}}, "tune": "random"}
    run = mill.train(RunRequest(dataset_id=data.id, target="answer", budget=60.0, settings=quick))
    assert worker.work_once()
    first = mill.run(run.id)
    assert first.status is RunStatus.SUCCEEDED, first.failure
    assert first.seconds["total"] < 60.0
    tuned = [row.model for row in first.leaderboard if "_T" in row.model]
    assert "LightGBM_T01" in tuned
    page = mill.fetch(run.id, "report", tmp_path / "report.html").read_text("utf-8")
    assert f"{len(tuned)} configurations tried" in page or f"{len(tuned)} configuration tried" in page

    again = mill.resume(run.id, 60.0)
    assert worker.work_once()
    assert set(tuned) < {row.model for row in mill.run(again.id).leaderboard}
