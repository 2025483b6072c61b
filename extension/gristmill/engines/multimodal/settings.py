"""How a fine-tuning is set: by how much there is to learn from, by the device, and by the time.

MultiModal's own settings are for large data on a GPU: a batch of 128 leaves a few hundred rows with two steps an epoch,
and a network as it was. What is set here follows the rows; the callback (watching.py) then follows the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["FEWEST_STEPS", "Job", "gpu_memory", "hyperparameters"]

FEWEST_STEPS = 100  # fewer make a pretrained network worse than it was
_STEPS_AN_EPOCH = 12  # at least, where rows are few
_EPOCHS = {"pictures": 20, "texts": 10}
_CHECKED_EVERY = 150  # steps, at most
_RATES = {"pictures": 4e-4, "texts": 1e-4}
_BYTES_A_ROW = 40_000_000  # of a GPU's memory, for one row in training
_TRANSFORMS = ["resize_to_square", "affine(0, (0.1, 0.1), (0.9, 1.1))", "color_jitter"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What is to be fine-tuned on what."""

    rows: int
    kinds: frozenset[str]  # of its columns, as MultiModal names them: text, image_path, categorical, numerical
    tokens: int = 128  # of a row's texts that are read
    side: int = 96  # pixels to which pictures are scaled
    gpu_memory: int = 0  # bytes; 0 where there is no GPU

    @property
    def heaviest(self) -> str:
        """What takes most of its time."""
        return "pictures" if "image_path" in self.kinds else "texts"

    @property
    def batch(self) -> int:
        """Rows of one step: few where rows are few, and no more than the device has room for."""
        most = 16 if not self.gpu_memory else max(16, min(128, self.gpu_memory // _BYTES_A_ROW))
        batch = 8
        while 2 * batch <= min(most, self.rows / _STEPS_AN_EPOCH):
            batch *= 2
        while self.rows % batch == 1:  # networks for pictures cannot learn from the one row that would be left
            batch += 1
        return batch

    @property
    def steps_an_epoch(self) -> int:
        return max(1, -(-self.rows // self.batch))

    @property
    def epochs(self) -> int:
        """As many as it may take; fewer where a few already make hundreds of steps, more where there are few rows."""
        return max(_EPOCHS[self.heaviest], -(-2 * FEWEST_STEPS // self.steps_an_epoch))


def gpu_memory() -> int:
    """Bytes of the GPU's memory; 0 where there is none."""
    import torch

    return int(torch.cuda.get_device_properties(0).total_memory) if torch.cuda.is_available() else 0


def hyperparameters(job: Job, *, text: Path | None, picture: Path | None) -> dict[str, Any]:
    """MultiModal's hyperparameters for the job; `text` and `picture` are the checkpoints to start from."""
    parts = {
        "hf_text": "text" in job.kinds, "timm_image": "image_path" in job.kinds,
        "categorical_mlp": "categorical" in job.kinds, "numerical_mlp": "numerical" in job.kinds,
    }  # fmt: skip
    names = [name for name, wanted in parts.items() if wanted]
    chosen: dict[str, Any] = {
        "model.names": [*names, "fusion_mlp"] if len(names) > 1 else names,
        "data.categorical.minimum_cat_count": max(2, min(100, job.rows // 100)),
        "optim.lr": _RATES[job.heaviest],
        "optim.max_epochs": job.epochs,
        "optim.patience": 4,
        "optim.val_check_interval": min(1.0, _CHECKED_EVERY / job.steps_an_epoch),
        "optim.top_k": 1,
        "optim.top_k_average_method": "best",
        **_on(job),
    }
    if text is not None:
        chosen |= {
            "model.hf_text.checkpoint_name": str(text),
            "model.hf_text.pooling_mode": "mean",  # as sentence encoders were trained
            "model.hf_text.max_text_len": job.tokens,
            "model.hf_text.text_trivial_aug_maxscale": 0.0,
        }
    if picture is not None:
        chosen |= {
            "model.timm_image.checkpoint_name": str(picture),
            "model.timm_image.image_size": job.side,
            "model.timm_image.train_transforms": _TRANSFORMS,
            "model.timm_image.val_transforms": ["resize_to_square"],
        }
    return chosen


def _on(job: Job) -> dict[str, Any]:
    """What the device decides."""
    import torch

    precision = "bf16-mixed" if job.gpu_memory and torch.cuda.is_bf16_supported() else "16-mixed"
    return {
        "env.num_gpus": 1 if job.gpu_memory else 0,
        "env.precision": precision if job.gpu_memory else 32,
        "env.num_workers": 4 if job.gpu_memory and job.heaviest == "pictures" else 0,
        "env.num_workers_inference": 0,  # a process for each call costs more than it brings
        "env.batch_size": job.batch,
        "env.per_gpu_batch_size": job.batch,
        "env.inference_batch_size_ratio": 4,
    }
