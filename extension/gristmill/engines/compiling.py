"""AutoGluon's neural candidates made plain: NumPy networks that stand in for them, each proven on held-out rows.

Read what `gristmill.engines.compiled` says of stand-ins first. A stand-in is a copy of its original whose network has
been read into arrays. It is pickled, loaded again by a reader that refuses torch and fastai, and asked about rows that
training held out, once as they are and once with gaps: only one that answers as the original does is kept. A network
with a part that is not known here has no stand-in, nor has one that learns from other candidates' answers.
"""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from autogluon.core.models import BaggedEnsembleModel
from autogluon.tabular import TabularPredictor, __version__
from autogluon.tabular.models import NNFastAiTabularModel, TabularNeuralNetTorchModel
from numpy.typing import NDArray

from gristmill.engines.compiled import Index, StandIn
from gristmill.engines.compiled.embedded import EmbeddedModel, Head
from gristmill.engines.compiled.learner import Learner
from gristmill.engines.compiled.network import Floats, Layer, Network

__all__ = ["NotPlain", "is_neural", "plain", "write_stand_ins"]

Doubles = NDArray[np.float64]

ALIKE = 1e-5  # the largest difference between answers, as a part of their spread where they are numbers
_STEPS = 5e-7  # a few of the steps in which large numbers of single precision go
_ROWS = 64  # to be compared on: what differs does so in each row
_ACTIVATIONS = {"ELU": "elu", "Identity": "none", "ReLU": "relu", "Tanh": "tanh"}
_REFUSED = ("torch", "fastai", "fastcore")


class NotPlain(Exception):
    """A candidate of which there is no plain copy; its original will answer. Never shown to anybody."""


def is_neural(predictor: TabularPredictor) -> bool:
    """Whether any candidate that answers is one of those that could have a stand-in."""
    return any(True for _ in _neural(predictor))


def write_stand_ins(predictor: TabularPredictor, folder: Path) -> None:
    """Put into the new folder `folder` a stand-in for each candidate that can have one; no folder where none can."""
    rows: pd.DataFrame | None = None
    found: list[StandIn] = []
    for name in _neural(predictor):
        candidate = predictor._trainer.load_model(name)
        is_bag = isinstance(candidate, BaggedEnsembleModel)
        for part in candidate.models if is_bag else [candidate]:
            try:
                original = candidate.load_child(part) if is_bag else part
                rows = _held_out(predictor) if rows is None else rows
                pickled = _proven(original, rows)
            except Exception:  # not known, not alike, or not to be pickled: whatever it is, the original answers
                continue
            folder.mkdir(exist_ok=True)
            one = StandIn(file=f"{len(found)}.pkl", candidate=name, fold=original.name if is_bag else None)
            (folder / one.file).write_bytes(pickled)
            found.append(one)
    if found:
        Index(autogluon=__version__, stand_ins=found).write(folder)


def _neural(predictor: TabularPredictor) -> Iterator[str]:
    """The candidates that answer and are networks over the table's own columns, or bags of them."""
    trainer = predictor._trainer
    for name in trainer.get_minimum_model_set(predictor.model_best):
        kinds = trainer.get_models_attribute_dict("type_inner" if _is_bag(trainer, name) else "type", models=[name])
        is_plain = kinds.get(name) in (NNFastAiTabularModel, TabularNeuralNetTorchModel)
        if is_plain and trainer.get_model_attribute(name, "level") == 1:
            yield name


def _is_bag(trainer: Any, name: str) -> bool:
    return issubclass(trainer.get_model_attribute(name, "type"), BaggedEnsembleModel)


def _held_out(predictor: TabularPredictor) -> pd.DataFrame:
    """Some rows as candidates get them that training held out, and the same with gaps.

    A category that was not there in training comes to a candidate as a gap.
    """
    trainer = predictor._trainer
    rows = (trainer.load_X_val() if trainer.has_val else trainer.load_X()).head(_ROWS)
    dice, gaps = np.random.default_rng(0), rows.copy()
    for name, kind in rows.dtypes.items():
        if isinstance(kind, pd.CategoricalDtype) or pd.api.types.is_float_dtype(kind):
            gaps[name] = rows[name].where(dice.random(len(rows)) < 0.5)
    compared: pd.DataFrame = pd.concat([rows, gaps], ignore_index=True)
    return compared


class _Reader(pickle.Unpickler):
    """Loads what can be loaded without torch."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] in _REFUSED:
            raise NotPlain(f"{module}.{name}")
        return super().find_class(module, name)


def _proven(original: Any, rows: pd.DataFrame) -> bytes:
    """A stand-in as it will lie in its file; NotPlain where it cannot be or does not answer as the original does."""
    pickled = pickle.dumps(plain(original), protocol=pickle.HIGHEST_PROTOCOL)
    again = _Reader(io.BytesIO(pickled)).load()
    wanted, given = original.predict_proba(rows.copy()), again.predict_proba(rows.copy())
    spread = float(np.ptp(wanted)) if original.problem_type == "regression" else 1.0
    if wanted.shape != given.shape or not np.allclose(given, wanted, rtol=_STEPS, atol=ALIKE * spread):
        raise NotPlain("other answers")
    return pickled


def plain(original: Any) -> Any:
    """A copy of a neural candidate with its network in NumPy; NotPlain where the network is not one that is known."""
    if original.problem_type not in ("binary", "multiclass", "regression"):
        raise NotPlain(original.problem_type)
    stand_in = copy.copy(original)
    if type(original) is NNFastAiTabularModel:
        stand_in.model = _learner(original.model)
        stand_in.procs = None  # classes of fastai, which only training asks for
    elif type(original) is TabularNeuralNetTorchModel:
        stand_in.__class__ = EmbeddedModel
        stand_in.model, stand_in.head = _embedded(original.model)
        stand_in.optimizer = stand_in.device = None
    else:
        raise NotPlain(type(original).__name__)
    return stand_in


def _learner(learner: Any) -> Learner:
    """fastai's learner as what is asked of it."""
    steps = {type(step).__name__: step for step in learner.dls.train_ds.procs.fs}
    losses = {"CrossEntropyLoss": True, "MSELoss": False}
    if not {"Categorify"} <= steps.keys() <= {"Categorify", "Categorize", "RegressionSetup"}:
        raise NotPlain(f"steps: {[*steps]}")
    loss = type(learner.loss_func.func).__name__
    if loss not in losses:
        raise NotPlain(f"loss: {loss}")
    data, network = learner.dls.train_ds, learner.model
    known = steps["Categorify"].classes if data.cat_names else {}
    layers = _layers([*_steps(network.layers)], _before(network))
    return Learner(
        categories={name: list(known[name].items[1:]) for name in data.cat_names},  # the first stands for a gap
        numbers=list(data.cont_names),
        network=Network(tables=_tables(network.embeds), layers=layers, numbers_first=False),
        shares=losses[loss],
    )


def _before(network: Any) -> Affine:
    """What fastai's TabularModel does to what it has looked up (nothing) and to numbers, before its first layer."""
    looked_up = Affine.nothing(network.n_emb)
    is_normalized = network.n_cont and network.bn_cont is not None
    numbers = Affine.of(network.bn_cont) if is_normalized else Affine.nothing(network.n_cont)
    return Affine(
        scale=np.concatenate([looked_up.scale, numbers.scale]), shift=np.concatenate([looked_up.shift, numbers.shift])
    )


def _embedded(network: Any) -> tuple[Network, Head]:
    """AutoGluon's EmbedNet, and what it does with its last layer's values."""
    steps = [*_steps(network.main_block)]
    width = next(step.in_features for step in steps if hasattr(step, "in_features"))
    tables = _tables(network.embed_blocks) if network.has_embed_features else ()
    head = Head()
    if network.problem_type == "regression" and network.y_constraint is not None:
        head = Head(bounds=network.y_constraint, lower=float(network.y_lower), upper=float(network.y_upper))
    return Network(tables=tables, layers=_layers(steps, Affine.nothing(width)), numbers_first=True), head


# --- torch's modules -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Affine:
    """`values * scale + shift`: what normalization comes to, and what a layer beside it can take in."""

    scale: Doubles
    shift: Doubles

    @classmethod
    def nothing(cls, width: int) -> Affine:
        return cls(scale=np.ones(width), shift=np.zeros(width))

    @classmethod
    def of(cls, norm: Any) -> Affine:
        """A BatchNorm1d once training is over."""
        scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
        return cls(scale=scale, shift=_array(norm.bias) - _array(norm.running_mean) * scale)

    def then(self, other: Affine) -> Affine:
        return Affine(scale=self.scale * other.scale, shift=self.shift * other.scale + other.shift)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dense:
    """A Layer as exactly as it is worked out."""

    weights: Doubles
    bias: Doubles
    activation: str = "none"

    @classmethod
    def of(cls, linear: Any, before: Affine) -> Dense:
        """A Linear that has taken in what is done before it."""
        weights = _array(linear.weight).T
        bias = before.shift @ weights + (0.0 if linear.bias is None else _array(linear.bias))
        return cls(weights=before.scale[:, None] * weights, bias=bias)

    def then(self, after: Affine, activation: str) -> Dense:
        """The same with what is done behind it, and then its activation; an activation cannot be reached across."""
        if self.activation != "none":
            raise NotPlain("two activations")
        bias = self.bias * after.scale + after.shift
        return Dense(weights=self.weights * after.scale, bias=bias, activation=activation)

    def layer(self) -> Layer:
        return Layer(weights=_single(self.weights), bias=_single(self.bias), activation=self.activation)


def _layers(steps: Sequence[Any], waiting: Affine) -> tuple[Layer, ...]:
    """torch's modules, one after the other, as layers that have taken in what waits before them and between them."""
    layers: list[Dense] = []
    for step in steps:
        kind = type(step).__name__
        if kind == "BatchNorm1d":
            waiting = waiting.then(Affine.of(step))
        elif kind == "Linear":
            layers.append(Dense.of(step, waiting))
            waiting = Affine.nothing(step.out_features)
        elif kind in _ACTIVATIONS and layers:
            layers[-1] = layers[-1].then(waiting, _ACTIVATIONS[kind])
            waiting = Affine.nothing(len(waiting.scale))
        elif kind != "Dropout":
            raise NotPlain(kind)
    layers[-1] = layers[-1].then(waiting, "none")
    return tuple(layer.layer() for layer in layers)


def _steps(module: Any) -> Iterator[Any]:
    """The modules that do something, in the order in which they do."""
    parts = list(module._modules.values())  # children() names a module once that stands in several places
    if not parts:
        yield module
    for part in parts:
        yield from _steps(part)


def _tables(embeddings: Any) -> tuple[Floats, ...]:
    return tuple(_single(_array(table.weight)) for table in embeddings)


def _array(tensor: Any) -> Doubles:
    array: Doubles = tensor.detach().cpu().numpy().astype(np.float64)
    return array


def _single(array: Doubles) -> Floats:
    return np.ascontiguousarray(array, np.float32)
