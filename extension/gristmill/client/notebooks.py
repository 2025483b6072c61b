"""Notebooks that are named by their path: read here, by whoever's file it is, and handed on as text."""

from __future__ import annotations

from pathlib import Path

from gristmill.errors import UsageError
from gristmill.records import RunRequest, replace

__all__ = ["notebook_text", "with_recipe"]


def with_recipe(request: RunRequest, recipe: str | Path | None) -> RunRequest:
    """The request for a recipe by its name, or for a notebook by its path, whose text then goes along."""
    if recipe is None or not str(recipe).endswith(".ipynb"):
        return replace(request, recipe=None if recipe is None else str(recipe))
    name, text = notebook_text(str(recipe))
    return replace(request, recipe=name, notebook=text)


def notebook_text(source: str) -> tuple[str, str]:
    """A notebook's name and text, where `source` is its path; else `source` itself, and nothing."""
    if not source.endswith(".ipynb"):
        return source, ""
    try:
        return Path(source).stem, Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = "There is no such file." if isinstance(error, FileNotFoundError) else "It is no text that can be read."
        raise UsageError(f"The notebook {source} cannot be read.", cause=cause, cure="Check the path.") from None
