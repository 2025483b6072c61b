"""What explaining candidates of an ended run takes: which of them, within which time, and the notebook that does it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import gristmill_templates

from gristmill.errors import NotFound, UsageError
from gristmill.recipes import Recipe
from gristmill.records import Run

__all__ = ["Wish"]

_NOTEBOOK = "explain.ipynb"
_SECONDS, _MORE = 60.0, 15.0  # for one candidate, and for each one more
_LEAST, _MOST = 5.0, 24 * 3600.0  # seconds: below the least, nothing would be loaded
_MARK = "candidate"  # tags the cell that explains one


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Which candidates to explain, by their names: the one that answers if there are none; and within which time."""

    names: tuple[str, ...] = ()
    seconds: float = _SECONDS

    @classmethod
    def of(cls, run: Run, known: Sequence[str], names: Sequence[str], *, every: bool, seconds: float | None) -> Wish:
        """What a person has asked for, checked against the candidates that are known of the run."""
        if every and names:
            raise UsageError("Name candidates, or ask for all of them.")
        for name in names:
            if known and name not in known:
                raise NotFound(f"The run {run.name} has no candidate {name!r}.", cure=f"It has: {', '.join(known)}.")
        if seconds is not None and not _LEAST <= seconds <= _MOST:
            raise UsageError(
                f"Nothing can be explained within {seconds:g} seconds.",
                cure=f"Give {_LEAST:g} seconds to {_MOST / 3600:g} hours.",
            )
        chosen = tuple(dict.fromkeys(known if every else names))
        return cls(names=chosen, seconds=seconds or _SECONDS + _MORE * max(0, len(chosen) - 1))

    def notebook(self) -> Recipe:
        """A section for each candidate, so that what was explained is kept if the next one takes too long."""
        text = gristmill_templates.text(_NOTEBOOK)
        if self.names:
            text = json.dumps(_sectioned(json.loads(text), self.names))
        return Recipe(name=_NOTEBOOK.removesuffix(".ipynb"), text=text)


def _sectioned(notebook: dict[str, list[dict[str, dict[str, list[str]]]]], names: Sequence[str]) -> object:
    cells = notebook["cells"]
    place = next(place for place, cell in enumerate(cells) if _MARK in cell["metadata"].get("tags", ()))
    heading, cell = cells[place - 1 : place + 1]
    sections: list[dict[str, object]] = []
    for number, name in enumerate(names):
        sections.append({**heading, "id": f"name-{number}", "source": f"## {_literally(name)}"})
        sections.append({**cell, "id": f"candidate-{number}", "source": f"explained.of({name!r})"})
    return {**notebook, "cells": [*cells[: place - 1], *sections, *cells[place + 1 :]]}


def _literally(name: str) -> str:
    """A name as markdown that shows it as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#" else letter for letter in name)
