"""Recipes: notebooks that train for a task. Found by name, checked before they run, versioned by their content.

A recipe has one cell tagged `parameters`, as papermill wants it, and opens the bench on its run folder. Its cells may
be tagged `phase:NAME`; whoever watches a run sees that name. What its code says beyond that is its author's business.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from gristmill import notebooks, tasks
from gristmill.errors import NotFound, RecipeInvalid
from gristmill.records import CommonText

__all__ = ["Recipe", "common", "find", "given", "names"]

_LONGEST = 8_000_000  # characters of a notebook
_SHORT = 100_000  # characters of a notebook whose digest is remembered: the built-in ones are asked for all day
_NAMES = re.compile(r"[^\w.-]+")  # what does not belong into a recipe's name


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """A notebook as it will run: `version` is the number it was saved under, or the beginning of its SHA-256."""

    name: str
    text: str
    number: int | None = None

    @property
    def version(self) -> str:
        return str(self.number) if self.number else _digest(self.text)[:12]

    @property
    def task(self) -> str | None:
        """The task that the notebook's own metadata names, if they do."""
        named = _parse(self).metadata.get("gristmill", {}).get("task")
        return str(named) if named else None

    def cleaned(self) -> Recipe:
        """The same without what an execution has left in it."""
        notebook = _parse(self)
        notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", ())]
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
            for trace in ("papermill", "execution"):
                cell.metadata.pop(trace, None)
        notebook.metadata.pop("papermill", None)
        return replace(self, text=notebooks.nbformat().writes(notebook))

    @property
    def parameters(self) -> set[str]:
        """The names of the parameters it takes; RecipeInvalid where it cannot be run at all."""
        return _parameters(self)


@cache
def names() -> Sequence[str]:
    """The built-in recipes: the notebooks that tasks name."""
    named = {kind.recipe.removesuffix(".ipynb") for kind in tasks.all_kinds()}
    return sorted(name for name in named if (_folder() / f"{name}.ipynb").is_file())


def find(name: str) -> Recipe:
    """The built-in recipe of that name."""
    if name not in names():
        raise NotFound(
            f"There is no recipe {name!r}.",
            cure=f"The built-in ones are: {', '.join(names())}. Keep your own: gristmill recipe save",
        )
    return _built_in(name)


@cache
def _built_in(name: str) -> Recipe:
    return Recipe(name=name, text=(_folder() / f"{name}.ipynb").read_text(encoding="utf-8"))


def common(text: bytes) -> CommonText | None:
    """The notebook as one that many runs are asked with, if it is a built-in recipe."""
    return _common().get(text)


@cache
def _common() -> Mapping[bytes, CommonText]:
    texts = [_built_in(name).text for name in names()]
    return {text.encode(): CommonText(digest=_digest(text), text=text) for text in texts}


def _digest(text: str) -> str:
    return _remembered(text) if len(text) <= _SHORT else hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=32)
def _remembered(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def given(name: str, text: str) -> Recipe:
    """A notebook that somebody sent, checked. It comes as text: nobody's paths are opened for them."""
    if len(text) > _LONGEST:
        raise RecipeInvalid(f"The notebook {name} is too long.", cure="Clear its outputs, then try again.")
    recipe = Recipe(name=_NAMES.sub("-", name.removesuffix(".ipynb"))[:64].strip("-") or "notebook", text=text)
    _ = recipe.parameters
    return recipe


def _parameters(recipe: Recipe) -> set[str]:
    import ast

    cells = [cell for cell in _parse(recipe)["cells"] if cell["cell_type"] == "code"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
    if len(tagged) != 1:
        raise RecipeInvalid(
            f"The notebook {recipe.name} has {len(tagged)} cells tagged 'parameters'; a recipe has one.",
            cure="Tag the cell that sets the recipe's parameters, and no other.",
        )
    if not any("Bench.open" in cell["source"] for cell in cells):
        raise RecipeInvalid(
            f"The notebook {recipe.name} never opens the bench, so it could not tell what it found.",
            cure="Begin with `bench = Bench.open(run)` and end with `bench.save(...)`; docs/recipes.md shows how.",
        )
    try:
        tree = ast.parse(tagged[0]["source"])
    except SyntaxError as error:
        raise RecipeInvalid(
            f"The parameters cell of {recipe.name} is not Python: line {error.lineno}, {error.msg}."
        ) from None
    assigned = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    assigned += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    return {target.id for target in assigned if isinstance(target, ast.Name)}


def _parse(recipe: Recipe) -> Any:
    nbformat = notebooks.nbformat()
    try:
        notebook = nbformat.reads(recipe.text, as_version=4)
        nbformat.validate(notebook)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, KeyError, AttributeError) as error:
        raise RecipeInvalid(f"{recipe.name} is not a notebook.", cause=str(error).splitlines()[0]) from None
    return notebook


def _folder() -> Path:
    import gristmill_templates

    return Path(gristmill_templates.__file__).parent
