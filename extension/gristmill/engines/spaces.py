"""What a search may change of a candidate: AutoGluon's own search spaces, one a model class.

A space is a dict of AutoGluon's `space.Real`, `Int` and `Categorical` by the hyperparameter's name; a slash leads
into a dict within, as in `model_hyperparameters/learning_rate`. A class of candidates says its own in
`_get_default_searchspace`, which is where AutoGluon looks, too. Its time series models say none: theirs are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autogluon.common import space

__all__ = ["Space", "filled", "of_series", "of_table"]

Space = dict[str, Any]

_BOOSTED: Space = {
    "model_hyperparameters/learning_rate": space.Real(5e-3, 0.2, default=0.05, log=True),
    "model_hyperparameters/num_leaves": space.Int(8, 96, default=31),
    "model_hyperparameters/min_data_in_leaf": space.Int(2, 60, default=20),
    "model_hyperparameters/feature_fraction": space.Real(0.5, 1.0, default=1.0),
}
_SCALED = ("standard", "mean_abs", "min_max", "robust", None)
_SERIES: dict[str, Space] = {
    "Theta": {"decomposition_type": space.Categorical("multiplicative", "additive")},
    "DynamicOptimizedTheta": {"decomposition_type": space.Categorical("multiplicative", "additive")},
    "ETS": {
        "model": space.Categorical("AAA", "AAN", "ANA", "ANN", "MAM", "MNM", "MAA"),
        "damped": space.Categorical(False, True),
    },
    "RecursiveTabular": {"target_scaler": space.Categorical(*_SCALED), **_BOOSTED},
    "DirectTabular": {
        "target_scaler": space.Categorical("mean_abs", "standard", "min_max", "robust", None),
        **_BOOSTED,
    },
    "TemporalFusionTransformer": {
        "hidden_dim": space.Categorical(32, 16, 64),
        "dropout_rate": space.Real(0.0, 0.4, default=0.1),
        "lr": space.Real(1e-4, 1e-2, default=1e-3, log=True),
    },
    "DeepAR": {
        "hidden_size": space.Categorical(40, 20, 80),
        "num_layers": space.Int(1, 3, default=2),
        "dropout_rate": space.Real(0.0, 0.4, default=0.1),
        "lr": space.Real(1e-4, 1e-2, default=1e-3, log=True),
    },
    "PatchTST": {
        "d_model": space.Categorical(32, 16, 64),
        "num_encoder_layers": space.Int(1, 3, default=2),
        "lr": space.Real(1e-4, 1e-2, default=1e-3, log=True),
    },
}


def of_table(model: type[Any], problem_type: str, classes: int | None) -> Space:
    """What may be changed of that class of AutoGluon's tabular models; nothing where it says no space."""
    blank = model(path="", name="", problem_type=problem_type)
    blank.num_classes = classes
    return {
        name: values for name, values in blank._get_default_searchspace().items() if isinstance(values, space.Space)
    }


def of_series(name: str) -> Space:
    """The same for one of its time series models, by its short name."""
    return _SERIES.get(name, {})


def filled(fixed: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Hyperparameters as a model takes them: what is fixed, and the settings, each in its place."""
    whole = dict(fixed)
    for name, value in settings.items():
        outer, _, inner = name.partition("/")
        whole[outer] = {**whole.get(outer, {}), inner: value} if inner else value
    return whole
