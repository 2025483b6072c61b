"""A network of dense layers over tables of categories and numbers, worked out in NumPy.

It answers as the network that it was read from answers once training is over: dropout does nothing by then, and batch
normalization is a factor and a summand for each value, which the layers beside it have taken in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ACTIVATIONS", "Floats", "Layer", "Network", "sigmoid", "softmax"]

Floats = NDArray[np.float32]

_AT_ONCE = 4096  # rows: what one layer holds of them stays a few megabytes


def _elu(values: Floats) -> Floats:
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


def _relu(values: Floats) -> Floats:
    return np.maximum(values, 0)


def _same(values: Floats) -> Floats:
    return values


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {"elu": _elu, "none": _same, "relu": _relu, "tanh": np.tanh}


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One dense layer: `values @ weights + bias`, and what is done with the outcome."""

    weights: Floats
    bias: Floats
    activation: str  # a key of ACTIVATIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """Tables that turn each category into a few numbers, and the layers that take these and the columns of numbers."""

    tables: tuple[Floats, ...]
    layers: tuple[Layer, ...]
    numbers_first: bool  # whether the first layer takes the columns of numbers before those of categories

    def __call__(self, codes: NDArray[np.int64], numbers: Floats) -> Floats:
        """The last layer's values for each row; `codes` has a column for each table."""
        parts = [slice(start, start + _AT_ONCE) for start in range(0, max(len(numbers), 1), _AT_ONCE)]
        return np.concatenate([self._some(codes[part], numbers[part]) for part in parts])

    def _some(self, codes: NDArray[np.int64], numbers: Floats) -> Floats:
        looked_up = [table[codes[:, place]] for place, table in enumerate(self.tables)]
        values = np.concatenate([numbers, *looked_up] if self.numbers_first else [*looked_up, numbers], axis=1)
        for layer in self.layers:
            values = ACTIVATIONS[layer.activation](values @ layer.weights + layer.bias)
        return values


def softmax(values: Floats) -> Floats:
    """Each row as shares that sum to one."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def sigmoid(values: Any) -> Any:
    """Each value between 0 and 1."""
    with np.errstate(over="ignore"):  # far below zero the power is infinite, and its inverse the 0 that is wanted
        return 1 / (1 + np.exp(-values))
