"""What a GPU would change, decided without one: where networks compute, in which precision, in what batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gristmill.bench import Bench
from gristmill.records import Resources
from gristmill.sandbox import process
from test_bench import bench_file

torch: Any = pytest.importorskip("torch")

pytestmark = pytest.mark.engine

GB = 10**9


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch says where there is one; computing on it would fail."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "NVIDIA A10G")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda *_: (20 * GB, 24 * GB))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)


@pytest.mark.usefixtures("gpu")
def test_networks_compute_on_the_gpu_where_there_is_one() -> None:
    from gristmill.engines.picture_models.seeing import _workers, device

    assert device() == "cuda"
    assert _workers() == 1  # the GPU takes one batch at a time, however many processors there are


def test_networks_compute_on_the_processor_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from gristmill.engines.multimodal.settings import gpu_memory
    from gristmill.engines.picture_models.seeing import device
    from gristmill.engines.picture_models.tuned import gpu_memory as free

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert (device(), gpu_memory(), free()) == ("cpu", 0, 0)


@pytest.mark.parametrize(
    ("side", "free", "batch"),
    [(96, 0, 16), (224, 0, 16), (96, 20 * GB, 64), (224, 4 * GB, 31), (224, 300_000_000, 8)],
)
def test_a_step_of_pictures_is_as_large_as_the_memory(side: int, free: int, batch: int) -> None:
    from gristmill.engines.picture_models.tuned import batch_for

    assert batch_for(side, free) == batch


@pytest.mark.parametrize(("free", "size", "batch"), [(80, (128, 128), 64), (8, (320, 320), 13), (1, (640, 640), 2)])
def test_a_batch_of_masks_and_boxes_is_as_large_as_the_memory(free: int, size: tuple[int, int], batch: int) -> None:
    from gristmill.engines.dense.network import largest_batch

    assert largest_batch(free * GB, size) == batch


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("bf16", "precision"), [(True, "bf16-mixed"), (False, "16-mixed")])
def test_multimodal_takes_mixed_precision_workers_and_batches_by_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bf16: bool, precision: str
) -> None:
    from gristmill.engines.multimodal.settings import Job, hyperparameters

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    pictures = Job(rows=50_000, kinds=frozenset({"image_path"}), gpu_memory=2 * GB)
    chosen = hyperparameters(pictures, text=None, picture=tmp_path)
    assert (chosen["env.num_gpus"], chosen["env.precision"], chosen["env.num_workers"]) == (1, precision, 4)
    assert chosen["env.per_gpu_batch_size"] == chosen["env.batch_size"] == 32
    texts = Job(rows=50_000, kinds=frozenset({"text"}), gpu_memory=80 * GB)
    assert hyperparameters(texts, text=tmp_path, picture=None)["env.num_workers"] == 0


@pytest.mark.parametrize(
    ("gpus", "there", "said"),
    [(0, False, "processor"), (1, True, "NVIDIA A10G"), (1, False, "processor: this installation of PyTorch cannot")],
)
def test_the_report_says_what_it_ran_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gpus: int, there: bool, said: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "NVIDIA A10G")
    bench_file(resources=Resources(cpus=8, memory=32 * GB, gpus=gpus)).write(tmp_path)
    assert str(Bench.open(tmp_path).facts()["device"]).startswith(said)


def test_only_gpus_that_may_be_seen_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_present_gpus", lambda: 4)
    for visible, gpus in ((None, 4), ("", 0), ("0,2", 2)):
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert process._gpus() == gpus


@pytest.mark.parametrize("recipe", ["tabular", "pictures", "text", "segmentation", "detection"])
def test_every_recipe_hands_the_gpus_it_was_given_to_its_fits(recipe: str) -> None:
    import gristmill_templates

    text = (Path(gristmill_templates.__file__).parent / f"{recipe}.ipynb").read_text("utf-8")
    assert "num_gpus=bench.resources.gpus" in text
