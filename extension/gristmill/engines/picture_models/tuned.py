"""The network itself goes on learning: the strongest candidate where there are pictures and time enough.

A network that was stopped after a handful of steps is worse than one that was left alone. So its pace is measured
first, and where the time does not allow enough steps it is not begun, which the report says.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from autogluon.common import space
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from gristmill.engines.backbones import EfficientNetLite, gaze, load, normal

from .base import PictureModel, not_enough_time
from .seeing import device, squares

__all__ = ["FEWEST_STEPS", "FineTuned"]

FEWEST_STEPS = 100
_HELD = 1_500_000_000  # bytes of opened pictures kept in memory
_MEASURED = 4  # steps
_AT_ONCE = 16  # pictures of a step on a processor
_LEAST_AT_ONCE, _MOST_AT_ONCE = 8, 64  # on a GPU
_BYTES_A_PIXEL = 2_500  # of its memory, for a picture in training
_JUDGED = 1_000  # validation pictures that an epoch is judged by
_log = logging.getLogger(__name__)


def gpu_memory() -> int:
    """Bytes of the GPU's memory that are free; 0 where there is no GPU."""
    return int(torch.cuda.mem_get_info()[0]) if device() == "cuda" else 0


def batch_for(side: int, free: int) -> int:
    """Pictures of one step: few on a processor, on a GPU as many as its `free` bytes hold, within bounds."""
    return min(_MOST_AT_ONCE, max(_LEAST_AT_ONCE, free // (_BYTES_A_PIXEL * side * side))) if free else _AT_ONCE


class FineTuned(PictureModel):
    """All layers learn, the last one fastest; the norms stay as they were, for batches are small."""

    ag_key = "FINE_TUNED"
    ag_name = "FineTuned"
    ag_priority = 50

    def _set_default_params(self) -> None:
        for name, value in {
            "side": 96, "weights": "efficientnet-lite0", "batch": 0, "epochs": 20,
            "learning_rate": 5e-4, "patience": 4, "mirrored": False,
        }.items():  # fmt: skip
            self._set_default_param_value(name, value)

    def _get_default_searchspace(self) -> dict[str, Any]:
        return {
            "side": space.Categorical(96, 128, 64),
            "learning_rate": space.Real(1e-4, 2e-3, default=5e-4, log=True),
            "mirrored": space.Categorical(False, True),
        }

    def _fit(
        self,
        X: pd.DataFrame,
        y: pd.Series,
        X_val: pd.DataFrame | None = None,
        y_val: pd.Series | None = None,
        time_limit: float | None = None,
        **_: Any,
    ) -> None:
        until = time.monotonic() + 0.92 * (time_limit or 1e9)
        params, self.classes_ = self._get_model_params(), np.unique(y.to_numpy())
        torch.manual_seed(params.get("seed", 0))
        network = load(params["weights"])
        self.side, self.scale = params["side"], network.scale
        params["batch"] = params["batch"] or batch_for(self.side, gpu_memory())
        codes = np.searchsorted(self.classes_, y.to_numpy())
        training = _Training(_Net(network, len(self.classes_)), _Pictures(self.paths(X), self.side), codes, params)
        judge = None
        if X_val is not None and y_val is not None and len(X_val):
            known = np.flatnonzero(np.isin(y_val.to_numpy(), self.classes_))[:_JUDGED]
            judge = (_Pictures(self.paths(X_val.iloc[known]), self.side),
                     np.searchsorted(self.classes_, y_val.to_numpy()[known]))  # fmt: skip
        threads = torch.get_num_threads()
        try:
            self._train(training, judge, until)
        finally:
            torch.set_num_threads(threads)

    def _train(self, training: _Training, judge: Any, until: float) -> None:
        steps = training.affordable(until, 0 if judge is None else len(judge[1]))
        if steps < FEWEST_STEPS:
            raise not_enough_time(
                f"Fine-tuning was left out: there was no time for {FEWEST_STEPS:,} steps, and fewer make a network "
                "worse than it was."
            )
        self.state = {key: value.half() for key, value in training.run(steps, judge, until).items()}

    def _predict_proba(self, X: pd.DataFrame, **_: Any) -> Any:
        net = self._awake()
        pictures, found = _Pictures(self.paths(X), self.side, keep=False), []
        for start in range(0, len(pictures), 64):
            found.append(_answers(net, pictures.take(np.arange(start, min(start + 64, len(pictures))))))
        return self.spread(np.concatenate(found), self.classes_)

    def gaze(self, paths: Sequence[Path], codes: NDArray[np.integer[Any]]) -> NDArray[np.float64] | None:
        net, known = self._awake(), np.searchsorted(self.classes_, codes).clip(max=len(self.classes_) - 1)
        places = torch.tensor(known).to(device())

        def ahead(stages: list[Tensor]) -> Tensor:
            scores = net.head(net.network.pooled_of(stages))
            own = scores.gather(1, places[:, None])[:, 0]
            lead: Tensor = own - (scores.sum(dim=1) - own) / (scores.shape[1] - 1)
            return lead

        return gaze(net.network, normal(squares(paths, self.side), device()), ahead)

    def _awake(self) -> _Net:
        """The network, ready to answer."""
        if getattr(self, "_net", None) is None:
            net = _Net(EfficientNetLite(**self.scale), len(self.classes_))
            net.load_state_dict({key: value.float() for key, value in self.state.items()}, strict=False)
            self._net: _Net = net.eval().to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self._net

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_net"}


class _Net(nn.Module):
    """The backbone and a straight line for each class."""

    def __init__(self, network: EfficientNetLite, classes: int) -> None:
        super().__init__()
        self.network = network
        self.head = nn.Linear(network.features, classes)

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.head(functional.dropout(self.network.pooled(x), 0.2, self.training))
        return answer

    def train(self, mode: bool = True) -> _Net:
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self


class _Pictures:
    """Pictures opened once where memory allows, each time they are asked for where it does not."""

    def __init__(self, paths: Sequence[Path], side: int, *, keep: bool = True) -> None:
        self._paths, self._side = paths, side
        self._held = squares(paths, side) if keep and len(paths) * side * side * 3 <= _HELD else None

    def __len__(self) -> int:
        return len(self._paths)

    def take(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        if self._held is not None:
            held: NDArray[np.uint8] = self._held[rows]
            return held
        return squares([self._paths[row] for row in rows], self._side)


class _Training:
    """The steps: pictures a little shifted, sized and lit each time, rates that rise and fall, the best epoch kept."""

    def __init__(self, net: _Net, pictures: _Pictures, codes: NDArray[np.integer[Any]], params: dict[str, Any]) -> None:
        self._net = net.to(device(), memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self._pictures, self._codes, self._params = pictures, torch.tensor(codes), params
        self._random = np.random.default_rng(params.get("seed", 0))
        rate = params["learning_rate"]
        self._rates = (rate, 10 * rate)
        self._optimizer = torch.optim.AdamW(
            [{"params": net.network.parameters(), "lr": rate}, {"params": net.head.parameters(), "lr": 10 * rate}],
            weight_decay=0.01,
        )
        self._scaler = torch.amp.GradScaler(device(), enabled=device() == "cuda")

    def affordable(self, until: float, judged: int) -> int:
        """How many steps there is time for, no more than the epochs asked for; measured by taking a few."""
        each = max(1, len(self._codes) // self._params["batch"])
        self._set_rates(0.1)
        paces: dict[int, float] = {}
        for threads in dict.fromkeys((1, torch.get_num_threads())):  # on busy or few cores one is often the quicker
            torch.set_num_threads(threads)
            for _ in range(_MEASURED):
                before = time.monotonic()
                self._step(self._batch())  # the first steps are slower than those that follow
                paces[threads] = min(paces.get(threads, float("inf")), time.monotonic() - before)
                if time.monotonic() + FEWEST_STEPS * min(paces.values()) / 4 > until:
                    return 0
        pace = min(paces.values())
        torch.set_num_threads(min(paces, key=lambda threads: paces[threads]))
        judging = 0.4 * pace / self._params["batch"] * judged  # answering costs less than half of learning
        return int(min(self._params["epochs"] * each, (until - time.monotonic()) / (1.2 * pace + judging / each)))

    def run(self, steps: int, judge: Any, until: float) -> dict[str, Tensor]:
        """The weights of the best epoch."""
        each = min(steps, max(1, len(self._codes) // self._params["batch"]))
        best, kept, waited, done = float("inf"), self._weights(), 0, 0
        while done < steps and time.monotonic() < until:
            for _ in range(min(each, steps - done)):
                self._set_rates(_rise_and_fall(done / steps))
                self._step(self._batch())
                done += 1
                if time.monotonic() > until:
                    break
            loss, right = self._judged(judge) if judge else (-float(done), float("nan"))
            told = {"epoch": -(-done // each), "step": done, "steps": steps, "loss": loss, "accuracy": right}
            _log.info("epoch", extra={"progress": {"model": FineTuned.ag_name, **told}})
            waited = 0 if loss < best else waited + 1
            if loss < best:
                best, kept = loss, self._weights()
            if waited >= self._params["patience"]:
                break
        return kept

    def _batch(self) -> NDArray[np.integer[Any]]:
        rows: NDArray[np.integer[Any]] = self._random.integers(0, len(self._codes), self._params["batch"])
        return rows

    def _step(self, rows: NDArray[np.integer[Any]]) -> None:
        place = device()
        x = self._changed(normal(self._pictures.take(rows), place))
        with torch.autocast(place, enabled=place == "cuda"):
            loss = functional.cross_entropy(self._net(x), self._codes[rows].to(place), label_smoothing=0.05)
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.step(self._optimizer)
        self._scaler.update()

    def _changed(self, x: Tensor) -> Tensor:
        """Each picture moved by up to a tenth, sized by up to a tenth, lit a little differently."""
        count = len(x)
        size = 1.0 + 0.1 * (2 * torch.rand(count) - 1)
        theta = torch.zeros(count, 2, 3)
        theta[:, 0, 0] = size * (torch.sign(torch.rand(count) - 0.5) if self._params["mirrored"] else 1.0)
        theta[:, 1, 1] = size
        theta[:, :, 2] = 0.1 * (2 * torch.rand(count, 2) - 1)
        grid = functional.affine_grid(theta.to(x.device), list(x.shape), align_corners=False)
        moved = functional.grid_sample(x, grid, padding_mode="border", align_corners=False)
        light = (1.0 + 0.2 * (2 * torch.rand(count, 1, 1, 1) - 1)).to(x.device)
        return (moved * light).contiguous(memory_format=torch.channels_last)

    def _judged(self, judge: tuple[_Pictures, NDArray[np.integer[Any]]]) -> tuple[float, float]:
        pictures, codes = judge
        self._net.eval()
        found = [_answers(self._net, pictures.take(np.arange(start, min(start + 64, len(codes)))))
                 for start in range(0, len(codes), 64)]  # fmt: skip
        self._net.train()
        shares = np.concatenate(found)
        loss = -np.log(np.maximum(shares[np.arange(len(codes)), codes], 1e-12)).mean()
        return float(loss), float((shares.argmax(axis=1) == codes).mean())

    def _weights(self) -> dict[str, Tensor]:
        return {key: value.detach().cpu().clone() for key, value in self._net.state_dict().items()
                if value.is_floating_point()}  # fmt: skip

    def _set_rates(self, part: float) -> None:
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = part * rate


def _answers(net: _Net, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    place = device()
    with torch.inference_mode(), torch.autocast(place, enabled=place == "cuda"):
        shares: NDArray[np.float64] = net(normal(pixels, place)).float().softmax(dim=1).double().cpu().numpy()
    return shares


def _rise_and_fall(part: float) -> float:
    """From a tenth to the whole in the first tenth of the way, then down along a cosine."""
    return 0.1 + 9 * part if part < 0.1 else float(0.5 * (1 + np.cos(np.pi * (part - 0.1) / 0.9)))
