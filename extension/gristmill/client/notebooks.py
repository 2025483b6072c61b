"""Notebooks that are named by their path: read here, for the platform opens nobody's paths."""

from __future__ import annotations

from pathlib import Path

from gristmill.errors import NotFound

__all__ = ["notebook"]


def notebook(source: str) -> tuple[str, str]:
    """What to call a recipe, and the text of the file that `source` names; no text where it names no file."""
    if not source.endswith(".ipynb"):
        return source, ""
    path = Path(source)
    try:
        return path.stem, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = str(getattr(error, "strerror", None) or error)
        raise NotFound(f"The recipe {path} cannot be read.", cause=cause, cure="Check the path.") from None
