"""A fine-tuning, watched: its progress told at each check, its rates following the clock, its end in time.

MultiModal takes no callbacks. It asks its learner for them once a fit, and there ours is slipped in beside its own,
which stop early and keep the best weights.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np
from autogluon.core.utils.exceptions import TimeLimitExceeded
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from .settings import FEWEST_STEPS

__all__ = ["Watching", "slipped_in"]

_MEASURED = 5  # steps; the first ones are slower than those that follow
_CHECKING = 0.35  # of a step's time: answering costs less than learning
_log = logging.getLogger(__name__)


class Watching(Callback):
    """Watches one fit that must be over by `until`."""

    def __init__(self, until: float, steps: int, model: str) -> None:
        self._until, self._steps, self._model = until, steps, model
        self._paces: list[float] = []
        self._begun = self._step_begun = self._check_begun = time.monotonic()
        self._check_seconds = 0.0
        self.done = 0
        self.out_of_time = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        del trainer, pl_module
        self._begun = time.monotonic()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        del pl_module, batch, batch_idx
        self._step_begun = time.monotonic()
        spent = (self._step_begun - self._begun) / max(1e-6, self._end() - self._begun)
        part = min(1.0, max(self.done / self._steps, spent if self.done > _MEASURED else 0.0))
        for optimizer in trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = _rise_and_fall(part) * group["initial_lr"]

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        del pl_module, outputs, batch, batch_idx
        now = time.monotonic()
        self._paces.append(now - self._step_begun)
        self.done += 1
        if self.done == 1:
            self._check_seconds = _CHECKING * self._paces[0] * sum(map(_finite, trainer.num_val_batches))
        if self.done == _MEASURED:
            self._must_be_worth_it(now)
        if now + float(np.median(self._paces[-20:])) > self._end():
            self.out_of_time = True
            trainer.should_stop = True

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        del trainer, pl_module
        self._check_begun = time.monotonic()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking:
            return
        self._check_seconds = time.monotonic() - self._check_begun
        figures = {name: float(value) for name, value in trainer.callback_metrics.items()}
        loss = figures.get(str(pl_module.validation_metric_name), figures.get("val_loss"))
        _log.info("epoch", extra={"progress": {"model": self._model, "epoch": trainer.current_epoch + 1,
                                               "step": self.done, "steps": self._steps, "loss": loss}})  # fmt: skip

    def _must_be_worth_it(self, now: float) -> None:
        pace = min(self._paces[1:])
        affordable = self.done + max(0.0, self._end() - now) / pace
        if affordable < min(FEWEST_STEPS, self._steps):
            raise TimeLimitExceeded(
                f"Fine-tuning was stopped after {_MEASURED} steps: at {pace:,.2g} s a step there was time for "
                f"{affordable:,.0f}, and fewer than {FEWEST_STEPS:,} make a network worse than it was."
            )

    def _end(self) -> float:
        """When steps must end: a last check follows them."""
        return self._until - 1.2 * self._check_seconds


def slipped_in(learner: Any, watching: Watching) -> None:
    """Have the learner's next fit run with `watching`, and keep no more of each check than the weights."""
    asked = learner.get_callbacks_per_run

    def and_ours(*arguments: Any, is_train: bool = True, **options: Any) -> list[Callback]:
        callbacks: list[Callback] = asked(*arguments, is_train=is_train, **options)
        if not is_train:
            return callbacks
        for one in callbacks:
            if isinstance(one, ModelCheckpoint):
                one.save_weights_only, one.save_last = True, False
        return [*callbacks, watching]

    learner.get_callbacks_per_run = and_ours


def _finite(batches: float) -> int:
    return int(batches) if batches != float("inf") else 0


def _rise_and_fall(part: float) -> float:
    """From a tenth to the whole in the first tenth of the way, then down along a cosine."""
    return 0.1 + 9 * part if part < 0.1 else float(0.5 * (1 + np.cos(np.pi * (part - 0.1) / 0.9)))
