"""Notebooks and the report's template: plain files, found by name wherever the package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

__all__ = ["notebooks", "stylesheet", "template", "text"]


@contextmanager
def template(name: str) -> Iterator[Path]:
    """A file of this package as a path, such as `tabular.ipynb` or `report/page.html.jinja`, while the block lasts."""
    source = files(__name__).joinpath(name)
    if not source.is_file():
        raise FileNotFoundError(f"gristmill_templates has no file {name!r}")
    with as_file(source) as path:
        yield path


def text(name: str) -> str:
    """A file of this package as text."""
    with template(name) as path:
        return path.read_text(encoding="utf-8")


@cache
def stylesheet(*names: str) -> str:
    """The style sheets of that name, one after the other, without comments, line ends and indentation."""
    css = "".join(map(text, names))
    while "/*" in css:
        before, _, rest = css.partition("/*")
        css = before + rest.partition("*/")[2]
    return "".join(f"{line.strip()}{' ' if line.rstrip().endswith(',') else ''}" for line in css.splitlines())


def notebooks() -> tuple[str, ...]:
    """The names of the notebooks: the built-in recipes, and those that are laid beside them."""
    return tuple(sorted(entry.name for entry in files(__name__).iterdir() if entry.name.endswith(".ipynb")))
