"""How much to try: the recipe's parameters for tables of a size, a budget and a machine.

The figures come from measurements on small machines: on two cores, five-fold bagging gains nothing over a plain
hold-out within a minute, and gains most where rows are few; Ray costs more than it brings. Whoever runs the notebook by
hand finds them in its parameters cell, and may think otherwise.
"""

from __future__ import annotations

from typing import Any

from gristmill.records import Notice, Profile, Resources, Severity

__all__ = ["tabular_plan"]

# AutoGluon's own default candidates, the quick ones first: whatever cuts a run short, there is something to save.
_FIRST: dict[str, Any] = {
    "GBM": [
        {},
        {"extra_trees": True, "ag_args": {"name_suffix": "XT"}},
        {
            "learning_rate": 0.03, "num_leaves": 128, "feature_fraction": 0.9, "min_data_in_leaf": 3,
            "ag_args": {"name_suffix": "Large", "priority": 0},
        },
    ],
    "RF": [
        {"criterion": "gini", "ag_args": {"name_suffix": "Gini", "problem_types": ["binary", "multiclass"]}},
        {"criterion": "entropy", "ag_args": {"name_suffix": "Entr", "problem_types": ["binary", "multiclass"]}},
        {"criterion": "squared_error", "ag_args": {"name_suffix": "MSE", "problem_types": ["regression"]}},
    ],
    "XT": [
        {"criterion": "gini", "ag_args": {"name_suffix": "Gini", "problem_types": ["binary", "multiclass"]}},
        {"criterion": "entropy", "ag_args": {"name_suffix": "Entr", "problem_types": ["binary", "multiclass"]}},
        {"criterion": "squared_error", "ag_args": {"name_suffix": "MSE", "problem_types": ["regression"]}},
    ],
    "CAT": [{}],
    "XGB": [{}],
    "FASTAI": [{"ag_args": {"priority": 30}}],
    "NN_TORCH": [{"ag_args": {"priority": 20}}],
}  # fmt: skip
_FIXED_MEMORY = 0.8e9  # Python with AutoGluon and its libraries loaded
_MEMORY_PER_BYTE = 12.0  # of the files: parsed, encoded, split, and copied into a booster's own form
_BAGGING_BUDGET = 120.0
_BAGGING_ROWS = 20_000


def tabular_plan(
    profile: Profile, budget: float, resources: Resources, *, smaller: bool = False
) -> tuple[dict[str, Any], tuple[Notice, ...]]:
    """Parameters for templates/tabular.ipynb, and what a person should know of them; `smaller` after memory ran out."""
    needed = _FIXED_MEMORY + _MEMORY_PER_BYTE * profile.bytes
    if smaller or needed > resources.memory:
        why = f"Training would need about {needed / 1e9:.1f} GB of memory; {resources.memory / 1e9:.1f} GB are free"
        if smaller:
            why = "Training ran out of memory"
        notice = Notice(
            code="smaller-plan",
            message=f"{why}: only the candidates that need least of it are trained.",
            severity=Severity.WARNING,
            cure="A machine with more memory would try them all.",
        )
        return {"hyperparameters": {"GBM": {}}, "folds": 0, "portfolio": ""}, (notice,)
    folds = 5 if budget >= _BAGGING_BUDGET and profile.rows <= _BAGGING_ROWS else 0
    return {"hyperparameters": _FIRST, "folds": folds, "portfolio": "zeroshot"}, ()
