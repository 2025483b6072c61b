"""Networks in NumPy stand in for AutoGluon's neural candidates: the same answers, without torch and fastai."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from autogluon.tabular import TabularPredictor

from gristmill import model_archive
from gristmill.engines import compiled, compiling
from gristmill.engines.compiled.embedded import Head
from gristmill.engines.tabular import TabularEngine

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

KINDS = ("binary", "many", "number")
NORMED = {"num_epochs": 2, "use_batchnorm": True, "activation": "elu", "ag_args": {"name_suffix": "Normed"}}
NEURAL = {"FASTAI": {"epochs": 2}, "NN_TORCH": [{"num_epochs": 2}, NORMED]}
TEMPLATES = Path(__file__).parent.parent / "templates" / "model"


def rows(kind: str, count: int = 240, seed: int = 0) -> pd.DataFrame:
    """Numbers with gaps, skewed ones, yes or no, categories with gaps; and an answer that goes by them."""
    dice = np.random.default_rng(seed)
    size, town = dice.normal(3.0, 2.0, count), dice.integers(0, 15, count)
    answers = {
        "binary": np.where(size + town > 9, "yes", "no"),
        "many": np.array([f"class {place}" for place in (town + (size > 3)) % 12]),
        "number": 10.0 * size - town,
    }
    table = pd.DataFrame(
        {
            "size": np.where(dice.random(count) < 0.1, np.nan, size),
            "income": np.exp(dice.normal(3.0, 2.0, count)),
            "rooms": dice.integers(1, 9, count),
            "garden": dice.choice(["yes", "no"], count),
            "town": [f"town {place}" for place in town],
            "answer": answers[kind],
        }
    )
    table.loc[dice.random(count) < 0.1, "town"] = None
    return table


def asked(kind: str) -> pd.DataFrame:
    """Rows that training has not seen, some with a category that it has not seen, some with hardly anything."""
    table = rows(kind, count=60, seed=1).drop(columns="answer")
    table.loc[table.index % 3 == 1, "town"] = "nowhere"
    table.loc[table.index % 4 == 1, ["size", "income", "town", "garden"]] = None
    return table


def trained(folder: Path, kind: str, hyperparameters: dict[str, Any] = NEURAL, **settings: Any) -> TabularPredictor:
    predictor = TabularPredictor("answer", path=str(folder), verbosity=0, learner_kwargs={"label_count_threshold": 2})
    predictor.fit(
        rows(kind),
        hyperparameters=hyperparameters,
        num_gpus=0,
        dynamic_stacking=False,
        ag_args_ensemble={"fold_fitting_strategy": "sequential_local"},
        **settings,
    )
    assert predictor.model_failures().empty, predictor.model_failures()["exc_str"].tolist()
    return predictor


@pytest.fixture(scope="module", params=KINDS)
def predictor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TabularPredictor:
    """A predictor with three neural candidates, for each kind of answer."""
    return trained(tmp_path_factory.mktemp(request.param) / "model", request.param, fit_weighted_ensemble=False)


@pytest.fixture(scope="module")
def bagged(tmp_path_factory: pytest.TempPathFactory) -> TabularPredictor:
    """A predictor whose candidates are bags of two folds."""
    return trained(tmp_path_factory.mktemp("bagged") / "model", "binary", num_bag_folds=2)


def kind_of(predictor: TabularPredictor) -> str:
    return {"binary": "binary", "multiclass": "many", "regression": "number"}[predictor.problem_type]


def difference(one: Any, other: Any) -> float:
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).max())


def answers_of(predictor: TabularPredictor, name: str, table: pd.DataFrame) -> np.ndarray:
    ask = predictor.predict if predictor.problem_type == "regression" else predictor.predict_proba
    return np.asarray(ask(table, model=name))


# --- one candidate ---------------------------------------------------------------------------------------------------


def test_a_stand_in_answers_as_its_original(predictor: TabularPredictor) -> None:
    table = asked(kind_of(predictor))
    for name in predictor.model_names():
        original = answers_of(predictor, name, table)
        assert np.ptp(original) > 0
        predictor._trainer.models[name] = compiling.plain(predictor._trainer.load_model(name))
        for part in (table, table.head(1)):
            same = answers_of(predictor, name, part)
            assert difference(same, original[: len(part)]) < 2e-5 * max(1.0, np.ptp(original))
        predictor._trainer.models.clear()


def test_temperature_scaling_goes_along(predictor: TabularPredictor) -> None:
    if predictor.problem_type == "regression":
        pytest.skip("only shares are scaled")
    inner = compiling._held_out(predictor)
    for name in predictor.model_names():
        original = predictor._trainer.load_model(name)
        plain = original.predict_proba(inner)
        original.temperature_scalar = 1.7
        assert difference(original.predict_proba(inner), plain) > 1e-3
        assert difference(compiling.plain(original).predict_proba(inner), original.predict_proba(inner)) < 1e-5


def test_more_rows_than_are_worked_out_at_once(predictor: TabularPredictor) -> None:
    table = pd.concat([asked(kind_of(predictor))] * 100, ignore_index=True)
    name = predictor.model_names()[0]
    original = answers_of(predictor, name, table)
    predictor._trainer.models[name] = compiling.plain(predictor._trainer.load_model(name))
    assert difference(answers_of(predictor, name, table), original) < 2e-5 * max(1.0, np.ptp(original))
    predictor._trainer.models.clear()


@pytest.mark.parametrize(("bounds", "value"), [("bounded", 6.0), ("nonnegative", 3.0), ("nonpositive", 7.0)])
def test_a_number_is_kept_within_its_bounds(bounds: str, value: float) -> None:
    head = Head(bounds=bounds, lower=2.0, upper=10.0 if bounds == "bounded" else 8.0)
    given = 0.0 if bounds == "bounded" else -1.0
    assert head.number(np.array([given], np.float32)) == pytest.approx(value)
    assert 2.0 <= Head(bounds="bounded", lower=2.0, upper=9.0).number(np.array([-500.0], np.float32))[0] < 9.0


def test_a_network_with_an_unknown_part_has_no_stand_in(predictor: TabularPredictor) -> None:
    from torch import nn

    original = predictor._trainer.load_model("NeuralNetTorch")
    original.model.main_block.append(nn.Softsign())
    with pytest.raises(compiling.NotPlain, match="Softsign"):
        compiling.plain(original)


# --- a model's archive -----------------------------------------------------------------------------------------------


def test_only_a_stand_in_that_answers_alike_is_written(
    predictor: TabularPredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiling.write_stand_ins(predictor, tmp_path / "networks")
    [one] = compiled.Index.read(tmp_path / "networks").stand_ins
    assert (one.candidate, one.fold) == (predictor.model_best, None)

    def worse(original: Any) -> Any:
        stand_in = compiling_plain(original)
        network = getattr(stand_in.model, "network", stand_in.model)
        network.layers[-1].weights[:, 0] *= 1.2
        return stand_in

    compiling_plain = compiling.plain
    monkeypatch.setattr(compiling, "plain", worse)
    compiling.write_stand_ins(predictor, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_model_without_neural_candidates_takes_nothing_along(tmp_path: Path) -> None:
    predictor = trained(tmp_path / "model", "binary", {"GBM": {"num_boost_round": 5}})
    compiling.write_stand_ins(predictor, tmp_path / "networks")
    assert not (tmp_path / "networks").exists()
    assert TabularEngine().packing(predictor).code == ()


def test_each_fold_of_a_bag_has_a_stand_in(bagged: TabularPredictor, tmp_path: Path) -> None:
    compiling.write_stand_ins(bagged, tmp_path / "networks")
    members = [name for name in bagged._trainer.get_minimum_model_set(bagged.model_best) if "Neural" in name]
    written = compiled.Index.read(tmp_path / "networks").stand_ins
    assert [(one.candidate, one.fold) for one in written] == [(n, f) for n in members for f in ("S1F1", "S1F2")]
    table = asked("binary")
    original = bagged.predict_proba(table)
    again = TabularPredictor.load(bagged.path, verbosity=0)
    assert compiled.stand_in(again, tmp_path / "networks") == written
    assert difference(again.predict_proba(table), original) < 1e-5
    assert all(not isinstance(child, str) for name in members for child in again._trainer.models[name].models)


# --- where there is no gristmill -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> TabularPredictor:
    return trained(tmp_path_factory.mktemp("many") / "model", "many", fit_weighted_ensemble=False)


@pytest.fixture(params=["NeuralNetFastAI", "NeuralNetTorchNormed"])
def archive(request: pytest.FixtureRequest, many: TabularPredictor, tmp_path: Path) -> Path:
    """What lies in the archive of a model that answers with one network, unpacked."""
    many.set_model_best(request.param)
    engine, home = TabularEngine(), tmp_path / "archive"
    engine.trim(many, home / "model")
    engine.write_stand_ins(many, home / "networks")
    for package in ("gristmill.tables.reading", *engine.packing(many).code):
        for name, text in model_archive._package(package).items():
            path = home / name.replace("gristmill/tables/", "")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
    shutil.copy(TEMPLATES / "predict.py", home / "predict.py")
    columns = [{"name": name, "kind": "number"} for name in many.original_features]
    schema = {"columns": columns, "classes": list(many.class_labels), "form": {"format": "parquet"}}
    (home / "schema.json").write_text(json.dumps(schema))
    return home


def answered(home: Path, before: str = "") -> tuple[pd.DataFrame, set[str]]:
    """The shares that predict.py gives each class, and what it has imported for it."""
    asked("many").to_parquet(home / "asked.parquet")
    script = (
        f"import runpy, sys\n{before}\n"
        "sys.argv = ['predict.py', 'asked.parquet', '-o', 'out.parquet']\n"
        "try:\n    runpy.run_path('predict.py', run_name='__main__')\n"
        "finally:\n    print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    command = [sys.executable, "-P", "-c", script]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(home / "out.parquet")
    shares = table[[name for name in table.columns if name.startswith("probability.")]]
    return shares, set(done.stdout.split())


def test_the_archive_answers_without_torch(archive: Path, many: TabularPredictor) -> None:
    wanted = many.predict_proba(asked("many"))
    shares, imported = answered(archive)
    assert list(shares.columns) == [f"probability.{label}" for label in wanted.columns]
    assert difference(shares, wanted) < 1e-5
    assert "autogluon" in imported
    assert not imported & {"torch", "fastai", "fastcore"}


@pytest.mark.parametrize("fault", ["another AutoGluon", "a damaged file", "no code", "no index"])
def test_the_originals_answer_where_anything_is_wrong(archive: Path, many: TabularPredictor, fault: str) -> None:
    index, before = compiled.Index.read(archive / "networks"), ""
    if fault == "another AutoGluon":
        compiled.Index(autogluon="1.0", stand_ins=index.stand_ins).write(archive / "networks")
    elif fault == "a damaged file":
        (archive / "networks" / "0.pkl").write_bytes(b"damaged")
    elif fault == "no code":
        before = "sys.modules['gristmill'] = None"  # importing it anywhere fails
    else:
        (archive / "networks" / compiled.INDEX).unlink()
    shares, imported = answered(archive, before)
    assert difference(shares, many.predict_proba(asked("many"))) < 1e-6
    assert "torch" in imported
