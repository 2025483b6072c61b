"""The search for settings of dense predictors: more networks to try, drawn at random around those of the recipe.

A dense predictor tries its candidates one after another as far as the time goes, each network beginning with what the
best one before it has learned. So a search is a longer list: what is drawn comes after what the recipe names.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log
from random import Random
from typing import Any

from gristmill.tasks import searcher

__all__ = ["wider"]

_DRAWN = 12
_RATES = (5e-4, 6e-3)


def wider(candidates: Mapping[str, Mapping[str, Any]], tune: object, *, seed: int = 0) -> dict[str, dict[str, Any]]:
    """The candidates, and with `tune` as many drawn ones as a long run may come to."""
    known = {name: dict(settings) for name, settings in candidates.items()}
    whole = {
        name: settings
        for name, settings in known.items()
        if settings.get("kind") == "network" and settings.get("backbone", "tuned") == "tuned"
    }
    if not searcher(tune) or not whole:
        return known
    draw, stem = Random(seed), next(iter(whole)).partition("-")[0]
    sizes = sorted({int(settings.get("size", 128)) for settings in whole.values()})
    for number in range(1, _DRAWN + 1):
        known[f"{stem}-T{number:02}"] = {
            "kind": "network",
            "size": draw.choice(sizes),
            "learning_rate": float(f"{exp(draw.uniform(*map(log, _RATES))):.2g}"),
            "augment": draw.choice(("light", "strong")),
        }
    return known
