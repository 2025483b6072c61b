"""The candidate: AutoGluon's wrapper of its MultiModal, made to run on a processor, to keep the time, and to travel."""

from __future__ import annotations

import json
import logging
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from autogluon.core.models import AbstractModel
from autogluon.tabular.models.automm.automm_model import MultiModalPredictorModel
from numpy.typing import NDArray

from .settings import Job, gpu_memory, hyperparameters

__all__ = ["FACTS", "MultiModal"]

FACTS = "fine-tuning.json"  # in the model's folder: what it ran on, and how far it came
_QUIET = ("autogluon.multimodal", "lightning", "lightning.pytorch", "lightning.fabric", "transformers", "timm")
_LABEL = "_answer_"


class MultiModal(MultiModalPredictorModel):  # type: ignore[misc]  # autogluon ships no types
    """Texts, pictures, numbers and words of a row, each read by a network of its own; all go on learning together.

    `encoder` and `weights` name what it starts from, `tokens` and `side` are what is read of a text and of a picture;
    `threads` is how many of the processor's it trains with, 0 for all.
    """

    ag_key = "MULTI_MODAL"
    ag_name = "MultiModal"
    ag_priority = 10  # last: it takes longest, and is worth little where time is short
    minimum_num_gpus = 0
    gpu_required = False

    def _set_default_params(self) -> None:  # AutoGluon's loads MultiModal here, seconds before it is known to be needed
        for name, value in {"encoder": "", "weights": "", "tokens": 128, "side": 96, "seed": 0, "threads": 0}.items():
            self._set_default_param_value(name, value)

    def _fit(
        self,
        X: pd.DataFrame,
        y: pd.Series,
        X_val: pd.DataFrame | None = None,
        y_val: pd.Series | None = None,
        time_limit: float | None = None,
        num_gpus: float = 0,
        **_: Any,
    ) -> None:
        until = time.monotonic() + 0.95 * (time_limit or 1e9)
        _ready()
        params, X = self._get_model_params(), self.preprocess(X)
        self._label_column_name = _LABEL
        columns = self._construct_column_types()
        job = Job(
            rows=len(X),
            kinds=frozenset(columns.values()),
            tokens=params["tokens"],
            side=params["side"],
            gpu_memory=gpu_memory() if num_gpus else 0,
        )
        tuning = None if X_val is None else self.preprocess(X_val).assign(**{_LABEL: y_val})
        every = torch.get_num_threads()
        with tempfile.TemporaryDirectory() as scratch, _quietly():
            chosen = _starting_from(job, params, Path(scratch))
            torch.set_num_threads(params["threads"] or every)
            try:
                self._train(X.assign(**{_LABEL: y}), tuning, columns, (job, chosen, until))
            finally:
                torch.set_num_threads(every)

    def _train(
        self, rows: pd.DataFrame, tuning: pd.DataFrame | None, columns: dict[str, str], how: tuple[Job, Any, float]
    ) -> None:
        from autogluon.multimodal import MultiModalPredictor  # type: ignore[import-not-found,unused-ignore]

        from .watching import Watching, slipped_in

        job, chosen, until = how
        # A loss, whatever the run is judged by: a perfect AUC would end training with every answer still wrong.
        metric = "rmse" if self.problem_type == "regression" else "log_loss"
        path = Path(self.path) / self._NN_MODEL_NAME
        shutil.rmtree(path, ignore_errors=True)  # what a killed fit has left: MultiModal refuses to go on there
        self.model = MultiModalPredictor(
            label=_LABEL,
            problem_type=self.problem_type,
            path=str(path),
            eval_metric=metric,
            validation_metric=metric,
            verbosity=0,
            enable_progress_bar=False,
        )
        watching = Watching(until, job.steps_an_epoch * job.epochs, self.name)
        slipped_in(self.model._learner, watching)
        try:
            self.model.fit(
                rows, tuning_data=tuning, hyperparameters=chosen, column_types=columns, seed=self.params.get("seed", 0)
            )
        except SystemExit:  # Lightning leaves so where a person has interrupted, and deaf to the next interruption
            signal.signal(signal.SIGINT, signal.default_int_handler)
            raise KeyboardInterrupt from None
        finally:
            self.model._learner.__dict__.pop("get_callbacks_per_run", None)
        self._forget_where_it_started()
        device = torch.cuda.get_device_name(0) if job.gpu_memory else "the processor"
        self.facts = {"steps": watching.done, "batch": job.batch, "device": device, "cut": watching.out_of_time,
                      "precision": str(chosen["env.precision"])}  # fmt: skip

    def _forget_where_it_started(self) -> None:
        """Name the picture network instead of the folder that it started from: no path of this machine is saved.

        Loading makes an empty network of that name, and takes its weights from the saved model: no hub is asked.
        """
        model = self.model._learner._config.model
        if "timm_image" in model:
            known = json.loads((Path(model.timm_image.checkpoint_name) / "config.json").read_text(encoding="utf-8"))
            model.timm_image.checkpoint_name = known["architecture"]

    def _predict_proba(self, X: pd.DataFrame, **options: Any) -> Any:
        self.model._learner._enable_progress_bar = False
        with _quietly():
            X = self.preprocess(X, **options)
            if self.problem_type == "regression":
                return self.model.predict(X, as_pandas=False)
            shares = np.asarray(self.model.predict_proba(X, as_pandas=False), dtype=np.float64)
        known = np.asarray(self.model.class_labels, dtype=int)
        count = 2 if self.problem_type == "binary" else self.num_classes
        whole = np.zeros((len(shares), count))
        whole[:, known] = shares  # a fold may have missed a class
        return self._convert_proba_to_unified_form(whole)

    def gaze(self, paths: Sequence[Path], codes: NDArray[np.integer[Any]]) -> NDArray[np.float64] | None:
        """Where the network looks for the classes of these codes; None where it sees more than pictures."""
        from .looking import looks

        known = np.asarray(self.model.class_labels, dtype=int)
        columns = np.searchsorted(known, codes).clip(max=len(known) - 1).tolist()
        return looks(self.model._learner._model, paths, columns, self.params["side"])

    def save(self, path: str | None = None, verbose: bool = True) -> str:
        with _quietly():
            where: str = super().save(path=path, verbose=verbose)
        if self.model is not None:
            from .checkpoints import tidy

            tidy(Path(where) / self._NN_MODEL_NAME)
            (Path(where) / FACTS).write_text(json.dumps(getattr(self, "facts", {})), encoding="utf-8")
        return where

    @classmethod
    def load(cls, path: str, reset_paths: bool = True, verbose: bool = True) -> MultiModal:
        _ready()
        with _quietly():
            loaded: MultiModal = super().load(path=path, reset_paths=reset_paths, verbose=verbose)
        return loaded

    def _get_default_resources(self) -> tuple[int, int]:
        cpus: int = AbstractModel._get_default_resources(self)[0]
        return cpus, int(torch.cuda.is_available())


def _starting_from(job: Job, params: dict[str, Any], scratch: Path) -> dict[str, Any]:
    from .checkpoints import picture_checkpoint, text_checkpoint

    return hyperparameters(
        job,
        text=text_checkpoint(params["encoder"]) if "text" in job.kinds else None,
        picture=picture_checkpoint(params["weights"], scratch) if "image_path" in job.kinds else None,
    )


def _ready() -> None:
    """Load MultiModal, which takes seconds, once."""
    from .vision import ready_torchvision

    with _quietly():
        ready_torchvision()
        import autogluon.multimodal  # noqa: F401


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what MultiModal and those beneath it tell of themselves: no report has room for it."""
    loggers = [logging.getLogger(name) for name in _QUIET]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
