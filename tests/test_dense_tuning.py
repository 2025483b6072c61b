"""The search for settings of networks for masks and boxes: what is drawn, for how long, and that a run comes to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gristmill import figures
from gristmill.masks import Legend
from test_segmentation import mask, picture

pytest.importorskip("torch")
pytest.importorskip("autogluon.common")

from gristmill.engines.dense import SegmentationPredictor
from gristmill.engines.dense.fitting import pace
from gristmill.engines.dense_tuning import over_dense
from gristmill.engines.tuning import Search

pytestmark = pytest.mark.engine

LISTED: dict[str, dict[str, Any]] = {
    "PixelForest": {"kind": "forest", "trees": 4},
    "UNet-96-quick": {"kind": "network", "size": 96, "backbone": "frozen"},
    "UNet-128": {"kind": "network", "size": 128, "learning_rate": 2e-3, "augment": "light"},
    "UNet-320-strong": {"kind": "network", "size": 320, "learning_rate": 1e-3, "augment": "strong"},
}
SIDE = 320


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder, rows = tmp_path_factory.mktemp("squares"), []
    for number in range(12):
        named = {kind: str(folder / f"{kind}-{number}.png") for kind in ("picture", "mask")}
        picture(number, (SIDE, SIDE)).save(named["picture"])
        mask(number, (SIDE, SIDE)).save(named["mask"])
        rows.append(named)
    return pd.DataFrame(rows)


class Paced(SegmentationPredictor):
    """Networks whose passes take so many seconds at 128 pixels, whatever the machine."""

    seconds = 1.0

    def fit(self, train: pd.DataFrame, **options: Any) -> Paced:
        super().fit(train, **options)
        for tried in self.tried:
            if tried.history:
                a_pass = self.seconds * tried.model.size[0] * tried.model.size[1] / 128**2
                tried.history[:] = [replace(done, seconds=done.number * a_pass) for done in tried.history]
        return self


def begun(rows: pd.DataFrame, path: Path, seconds: float) -> Paced:
    predictor = Paced("mask", legend=Legend("index", ("ground", "square"), (0, 1)), path=path)
    predictor.seconds = seconds
    quick = {name: LISTED[name] | {"passes": 1} for name in ("PixelForest", "UNet-128")}
    return predictor.fit(rows, time_limit=60.0, candidates=quick, num_cpus=1)


@pytest.fixture
def predictor(rows: pd.DataFrame, tmp_path: Path) -> Paced:
    return begun(rows, tmp_path / "model", seconds=0.5)


def trained(search: Search, predictor: Paced, seconds: float) -> tuple[str, dict[str, Any]]:
    """The next configuration, as if it had been trained: as well as the network of the recipe."""
    [(name, settings)] = search.next(seconds).items()  # type: ignore[union-attr]
    known = predictor.earlier("UNet-128")
    assert known is not None
    predictor.keep(replace(known, name=name, settings=settings))
    return name, settings


def test_a_pass_is_as_long_as_the_pictures_are_large(predictor: Paced) -> None:
    assert predictor.largest == (320, 320)
    assert pace(predictor.tried) * 128 * 128 / 1e3 == pytest.approx(0.5)
    assert pace([tried for tried in predictor.tried if tried.name == "PixelForest"]) == 0.0


@pytest.mark.parametrize("how", ["bayes", "random"])
def test_a_configuration_gets_a_slice_and_a_size_that_it_has_time_for(predictor: Paced, how: str) -> None:
    search = over_dense(predictor, how, LISTED)
    sizes = set()
    for number in range(1, 7):
        name, settings = trained(search, predictor, 20.0)
        assert name == f"UNet_T{number:02}"
        assert settings.keys() == {"kind", "size", "learning_rate", "augment"}
        sizes.add(settings["size"])
        assert search.seconds == 5.0  # a fourth; five passes of 320 pixels would take 16
    assert sizes == {96, 128}
    assert {trained(search, predictor, 400.0)[1]["size"] for _ in range(12)} == {96, 128, 320}


def test_slow_networks_have_the_passes_that_they_need(rows: pd.DataFrame, tmp_path: Path) -> None:
    search = over_dense(begun(rows, tmp_path / "slow", seconds=2.0), "random", LISTED)
    assert search.next(5.0) is None  # five passes of 96 pixels take 5.6
    [settings] = search.next(30.0).values()  # type: ignore[union-attr]
    assert search.seconds == pytest.approx({96: 7.5, 128: 10.0}[settings["size"]])


def test_what_is_drawn_is_trained_found_and_shown(predictor: Paced, rows: pd.DataFrame) -> None:
    search = over_dense(predictor, True, LISTED, seed=1)
    assert figures.search(search, "mean_iou") is not None
    for _ in range(2):
        configuration = search.next(60.0)
        predictor.fit(
            rows,
            time_limit=20.0,
            candidates={name: how | {"passes": 1, "size": 64} for name, how in configuration.items()},
        )
    assert {"PixelForest", "UNet-128", "UNet_T01", "UNet_T02"} == set(predictor.model_names())
    again = over_dense(Paced.load(predictor.path), True, LISTED, seed=1)
    assert [one.name for one in again.tried] == ["UNet_T01", "UNet_T02"]
    assert all(one.score is not None and one.seconds for one in again.tried)
    shown = figures.search(again, "mean_iou", chosen="UNet_T01")
    assert shown is not None
    assert shown.caption.startswith("2 configurations tried")
    assert "best untuned candidate" in shown.caption
    assert "learning_rate" in shown.body
    [first] = list(again._first_ones(again.families[0]))  # type: ignore[attr-defined]
    assert first[0]["learning_rate"] == LISTED["UNet-128"]["learning_rate"]


def test_nobody_searches_unasked_or_where_there_is_nothing_to_search(predictor: Paced) -> None:
    assert over_dense(predictor, "", LISTED).next(100.0) is None
    assert figures.search(over_dense(predictor, "", LISTED), "mean_iou") is None
    assert over_dense(predictor, True, {"PixelForest": LISTED["PixelForest"]}).next(100.0) is None
