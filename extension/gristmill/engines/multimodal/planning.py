"""Whether fine-tuning is worth beginning, before anything heavy is loaded for it; and what to tell of it.

Loading MultiModal takes many seconds, and a network that was stopped after a handful of steps is worse than one that
was left alone. So a step is taken here, on made-up rows of the real size, and from its time follows whether there is
time for enough of them. What cannot be had is said in a sentence.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from gristmill.engines.backbones import WeightsMissing, load
from gristmill.engines.texts.encoder import EncoderMissing, weights_of
from gristmill.engines.texts.frames import joined

from .settings import FEWEST_STEPS, Job, gpu_memory

__all__ = ["Late", "Seen", "fine_tuning", "told"]

_LOADING = 22.0  # seconds: MultiModal and Lightning imported, the model built, saved, and loaded again
_BOOKKEEPING = 1.3  # a real step's time to a bare one's: reading rows, clipping, the optimiser
_ANSWERING = 0.4  # of a step's time, for as many rows to answer
_DEPTHS = (32, 64, 128, 256)  # tokens
_COUNTED = 300  # texts whose tokens are counted
_FEWEST_FITS = 2  # of a bagged candidate
_BEGUN_FROM = 1.5 * _LOADING  # seconds below which no step is taken to see


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The columns that hold more than numbers and words, and what reads them."""

    texts: Sequence[str] = ()
    pictures: Sequence[str] = ()
    encoder: str = ""
    weights: str = ""
    side: int = 96


@dataclass(frozen=True, kw_only=True, slots=True)
class Late:
    """Fine-tuning as AutoGluon's `hyperparameters`, empty where it is left out; and the sentence for the report."""

    sentence: str
    hyperparameters: dict[Any, Any] = field(default_factory=dict)
    seconds: float = 0.0  # that it may take

    @property
    def skipped(self) -> dict[str, str]:
        """The candidate that was not begun, with the reason; none where it is."""
        return {} if self.hyperparameters else {"MultiModal": self.sentence}


def fine_tuning(rows: pd.DataFrame, seen: Seen, *, seconds: float, answers: int, fits: int = 1) -> Late:
    """Fine-tuning on `rows` within `seconds`, in which `answers` rows are to be answered, too.

    Where the candidates are bagged, each is fitted `fits` times; fine-tuning makes do with two where time is short.
    """
    if missing := _missing(seen):
        return Late(sentence=f"Fine-tuning was left out: {missing}")
    if seconds < _BEGUN_FROM * min(fits, _FEWEST_FITS):
        return _too_short(_BEGUN_FROM * min(fits, _FEWEST_FITS), seconds)
    tokens = _tokens(rows[list(seen.texts)], seen.encoder) if seen.texts else 0
    kinds = frozenset([*["text"] * bool(seen.texts), *["image_path"] * bool(seen.pictures)])
    job = Job(rows=len(rows), kinds=kinds, tokens=tokens, side=seen.side, gpu_memory=gpu_memory())
    before = time.monotonic()
    step, threads = _step(job, seen)
    step *= _BOOKKEEPING
    left = seconds - (time.monotonic() - before)
    waiting = 2 * _ANSWERING * step * answers / job.batch
    once = _LOADING + FEWEST_STEPS * step
    fits = fits if fits * once + waiting <= left else min(fits, _FEWEST_FITS)
    if fits * once + waiting > left:
        return _too_short(fits * once + waiting, left)
    from .candidate import MultiModal

    how: dict[str, Any] = {"encoder": seen.encoder, "weights": seen.weights, "tokens": tokens, "side": seen.side}
    how["threads"] = threads
    if fits > 1:
        how["ag_args_ensemble"] = {"num_folds": fits, "fold_fitting_strategy": "sequential_local"}
    steps = int(min(job.epochs * job.steps_an_epoch, ((left - waiting) / fits - _LOADING) / step))
    return Late(
        sentence=f"There is time to fine-tune: about {step:,.2g} s a step of {job.batch} rows on "
        f"{'a GPU' if job.gpu_memory else 'the processor'}, and so up to {steps:,} steps"
        f"{f' in each of {fits} folds' if fits > 1 else ''}.",
        hyperparameters={MultiModal: how},
        seconds=left - waiting,
    )


def told(predictor: Any) -> str:
    """What became of it: steps, device, and whether time cut it short; empty where nothing was fine-tuned."""
    from .candidate import FACTS, MultiModal

    for path in sorted(Path(predictor.path).glob(f"models/{MultiModal.ag_name}*/**/{FACTS}")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts:
            cut = " The time cut it short; a longer budget gives it more." if facts["cut"] else ""
            return (
                f"{MultiModal.ag_name} was fine-tuned in {facts['steps']:,} steps of {facts['batch']} rows on "
                f"{facts['device']} (precision {facts['precision']}).{cut}"
            )
    return ""


def _missing(seen: Seen) -> str:
    """What it lacks, in words; empty where there is all."""
    if find_spec("autogluon.multimodal") is None:
        return "AutoGluon's MultiModal is not installed: `pip install 'gristmill[all-tasks]'` brings it."
    if (seen.texts and not seen.encoder) or (seen.pictures and not seen.weights):
        return "there are no weights to start from."
    try:
        if seen.texts:
            weights_of(seen.encoder)
        if seen.pictures:
            load(seen.weights)
    except (EncoderMissing, WeightsMissing) as error:
        return str(error)
    return ""


def _too_short(needed: float, left: float) -> Late:
    return Late(
        sentence=f"Fine-tuning was left out: to load and to take {FEWEST_STEPS:,} steps it needs about "
        f"{needed:,.0f} s, and {max(0.0, left):,.0f} were left. A longer budget brings it in."
    )


def _tokens(texts: pd.DataFrame, encoder: str) -> int:
    """The depth that holds nine of ten texts whole."""
    from gristmill.engines.texts.bert import Tokens

    drawn = texts.sample(min(len(texts), _COUNTED), random_state=0)
    lengths = Tokens(weights_of(encoder)).lengths(joined(drawn))
    return next((depth for depth in _DEPTHS if depth >= np.quantile(lengths, 0.9)), _DEPTHS[-1])


def _step(job: Job, seen: Seen) -> tuple[float, int]:
    """Seconds that the networks take to learn from one batch of such rows, and with how many threads.

    On busy or few cores threads wait for one another most of the time, and one alone is the quicker.
    """
    every = torch.get_num_threads()
    taken: dict[int, float] = {}
    try:
        for threads in dict.fromkeys((1, every)):
            torch.set_num_threads(threads)
            taken[threads] = _learned(job, seen)
    finally:
        torch.set_num_threads(every)
    best = min(taken, key=lambda threads: taken[threads])
    return taken[best], best


def _learned(job: Job, seen: Seen) -> float:
    from gristmill.engines.texts.bert import Bert

    place = "cuda" if job.gpu_memory else "cpu"
    taken = 0.0
    if "text" in job.kinds:
        reader = Bert.load(weights_of(seen.encoder)).to(place).train()
        ids = torch.randint(1_000, 2_000, (job.batch, job.tokens), device=place)
        taken += _timed(lambda: reader(ids, torch.ones_like(ids)), place)
    if "image_path" in job.kinds:
        network = load(seen.weights).to(place).train()
        pixels = torch.rand(job.batch, 3, job.side, job.side, device=place)
        taken += len(seen.pictures) * _timed(lambda: network.pooled(pixels), place)
    return taken


def _timed(forward: Callable[[], torch.Tensor], place: str) -> float:
    taken = float("inf")
    for _ in range(3):  # the first time pays for what all others find prepared
        before = time.perf_counter()
        forward().square().sum().backward()  # type: ignore[no-untyped-call]
        if place == "cuda":
            torch.cuda.synchronize()
        taken = min(taken, time.perf_counter() - before)
    return taken
