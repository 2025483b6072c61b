"""What it takes to make a run again: data, seed, recipe, versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version

from gristmill.figures.figure import Figure

__all__ = ["reproducibility"]

_PACKAGES = (
    "gristmill",
    "autogluon.tabular",
    "lightgbm",
    "catboost",
    "xgboost",
    "scikit-learn",
    "torch",
    "pandas",
    "numpy",
)


def reproducibility(facts: Mapping[str, object], *, packages: Sequence[str] = _PACKAGES) -> Figure:
    """The facts given (such as the data's hash, the seed, the recipe), and the versions of all that took part."""
    listed = {
        **{name: str(value) for name, value in facts.items()},
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        **_versions(packages),
    }
    entries = "".join(
        f"<div><dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd></div>" for name, value in listed.items()
    )
    return Figure(
        title="To make this run again",
        caption="The same data, recipe, seed and versions try the same candidates; only time limits may differ.",
        body=f'<dl class="gm-facts">{entries}</dl>',
        part="provenance",
        wide=True,
    )


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an engine that is not installed took no part
            continue
    return found
