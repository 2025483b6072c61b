"""AutoGluon's NeuralNetTorch with its network in NumPy: columns are prepared by AutoGluon, as they are in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from autogluon.tabular.models.tabular_nn.torch.tabular_nn_torch import TabularNeuralNetTorchModel

from gristmill.engines.compiled.network import Network, sigmoid, softmax

__all__ = ["EmbeddedModel", "Head"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What becomes of the last layer's values: shares of classes, or a number that may be kept within bounds."""

    bounds: str | None = None  # "bounded", "nonnegative" or "nonpositive", as AutoGluon has it; None for none
    lower: float = 0.0
    upper: float = 0.0

    def number(self, values: Any) -> Any:
        """The values within the bounds."""
        if self.bounds == "bounded":
            return sigmoid(values) * np.float32(self.upper - self.lower) + np.float32(self.lower)
        if self.bounds == "nonnegative":
            return np.float32(self.lower) + np.abs(values)
        if self.bounds == "nonpositive":
            return np.float32(self.upper) - np.abs(values)
        return values


class EmbeddedModel(TabularNeuralNetTorchModel):  # type: ignore[misc]  # autogluon ships no types
    """A NeuralNetTorch to be asked, not to be trained: `model` is a Network."""

    model: Network
    head: Head

    def _predict_proba(self, X: pd.DataFrame, **rest: Any) -> Any:
        frame = self.preprocess(X, **rest)
        frame = frame.drop(columns=[name for name in self.features_to_drop if name in frame.columns])
        prepared = self.processor.transform(frame)
        kinds = self.feature_type_map.items()
        numbers = [place for name, kind in kinds if kind == "vector" for place in self.feature_arraycol_map[name]]
        codes = [place for name, kind in kinds if kind == "embed" for place in self.feature_arraycol_map[name]]
        values = self.model(prepared[:, codes].astype(np.int64), prepared[:, numbers].astype(np.float32))
        if self.problem_type == "regression":
            return self.head.number(values).reshape(-1)
        shares = softmax(values)
        return shares[:, 1] if self.problem_type == "binary" else shares
