"""How much to try: which candidates forecast series, the quick ones first, given time and memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gristmill.records import Notice, Profile, Resources, Severity
from gristmill.tasks.series import Facts

__all__ = ["series_plan"]

_FEW_SERIES = 100
_LONG_BUDGET, _LONGER_BUDGET = 150.0, 300.0
_HUBS = {"Chronos2": "autogluon/chronos-2", "Toto2": "Datadog/Toto-2.0-22m"}


def series_plan(
    profile: Profile, budget: float, resources: Resources, *, smaller: bool = False
) -> tuple[dict[str, Any], tuple[Notice, ...]]:
    """Parameters for templates/series.ipynb, and what a person should know of them; `smaller` after memory ran out."""
    facts = Facts.read(profile.facts)
    number = 1 if facts is None else facts.series
    # A pool of processes takes longer to start than a hundred series take by themselves.
    alone = {"n_jobs": 1} if number <= _FEW_SERIES or resources.cpus == 1 else {}
    quick: dict[str, Any] = {"SeasonalNaive": {"n_jobs": 1}, "Theta": alone, "ETS": alone}
    if smaller:
        notice = Notice(
            code="smaller-plan",
            message="Training ran out of memory: only the candidates that need least of it are trained.",
            severity=Severity.WARNING,
            cure="A machine with more memory would try them all.",
        )
        return {"quick": quick, "hyperparameters": {}, "validations": 1}, (notice,)
    more: dict[str, Any] = {"RecursiveTabular": {}, "DirectTabular": {}}
    if budget >= _LONG_BUDGET:
        more |= {"AutoETS": alone, "TemporalFusionTransformer": {}}
    if budget >= _LONGER_BUDGET:
        more |= {"DynamicOptimizedTheta": alone, "DeepAR": {}, "PatchTST": {}}
    lacking = [name for name, weights in _HUBS.items() if not _is_cached(weights)]
    more |= {name: {} for name in _HUBS if name not in lacking}
    validations = 2 if number < 20 and budget >= 45 else 1
    return {"quick": quick, "hyperparameters": more, "validations": validations}, _without(lacking)


def _is_cached(weights: str) -> bool:
    """Whether the weights lie on this machine; a hub is not asked."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return False
    return isinstance(try_to_load_from_cache(weights, "config.json"), str)


def _without(lacking: Sequence[str]) -> tuple[Notice, ...]:
    if not lacking:
        return ()
    return (
        Notice(
            code="weights-missing",
            message=f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} left out: pretrained weights are "
            "not on this machine, and a model hub is not asked during a run.",
            cure="Download the weights beforehand with huggingface-cli, and they will be tried.",
        ),
    )
