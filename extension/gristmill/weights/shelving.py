"""The shelf: a folder for each set of weights that no package brings, with what is known of it in about.json."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ABOUT", "SHELF", "describe", "described", "put", "shelf"]

ABOUT = "about.json"
SHELF = "GRISTMILL_WEIGHTS"
_FACTS = ("name", "kind", "source", "licence", "origin")


def shelf() -> Path:
    """Where weights are kept: as the environment says, or in GRISTMILL_HOME."""
    home = os.environ.get("GRISTMILL_HOME") or "~/.gristmill"
    return Path(os.environ.get(SHELF) or f"{home}/weights").expanduser().absolute()


def describe(folder: Path, **facts: str) -> None:
    """Write what is known of the weights in `folder`."""
    (folder / ABOUT).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")


def described(on: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Each folder of weights on a shelf with what is known of it; one that is no good is passed over."""
    for about in sorted(on.glob(f"*/{ABOUT}")):
        try:
            facts = json.loads(about.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(facts, dict) and facts.get("name") == about.parent.name:
            yield about.parent, {fact: str(facts.get(fact, "")) for fact in _FACTS}


def put(folder: Path, on: Path, **facts: str) -> Path:
    """Copy the files of `folder` to the shelf under `facts["name"]`, whole or not at all; where they lie then."""
    place = on / facts["name"]
    part = on / f".{facts['name']}.part"
    shutil.rmtree(part, ignore_errors=True)
    on.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copytree(folder, part, ignore=shutil.ignore_patterns(".*", ABOUT))
        describe(part, **facts)
        part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place
