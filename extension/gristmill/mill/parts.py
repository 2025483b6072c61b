"""What a Mill is made of, and what its use cases share."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gristmill.catalog import Catalog
from gristmill.dispatch import Dispatcher
from gristmill.errors import NotPossible, UsageError
from gristmill.intake import Allowance
from gristmill.looking import Here, Looking
from gristmill.mill import trail
from gristmill.mill.admission import Admission
from gristmill.mill.gate import Gate
from gristmill.notify import Ways
from gristmill.recipe_book import RecipeBook
from gristmill.records import LOCAL, Price, Setting, Who
from gristmill.sandbox import Sandbox
from gristmill.serving import Serving
from gristmill.stores import Shelf, Store

__all__ = ["Parts", "UseCases", "existing", "label", "needs"]

_LONGEST_LABEL = 200
_FOUND: set[str] = set()  # modules that are installed: a process does not lose them


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What a Mill is made of; `home` is where it keeps what it can always make again.

    `store` is the platform's own. What belongs to a project lies where the `shelf` finds it.
    """

    catalog: Catalog
    store: Store
    dispatcher: Dispatcher
    sandbox: Sandbox
    home: Path
    price: Price = field(default_factory=Price)
    looking: Looking = field(default_factory=Here)
    allowance: Allowance = field(default_factory=Allowance)
    weights: Path | None = None  # the shelf of pretrained weights; in `home` where nothing is said
    ways: Ways = field(default_factory=Ways)  # how people are told
    endpoints: tuple[str, ...] = ()  # HOST:PORT of the servers at which owners may have a store, beside the clouds' own
    secret: bytes | None = None  # signs links to projects' stores that have no signatures of their own
    settings: tuple[Setting, ...] = ()  # that it was started with
    serving: Serving | None = None  # holds models open that are asked; where there is none, each question starts one
    shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shelf", Shelf(self.catalog, self.store, secret=self.secret))


class UseCases:
    """Some of the use cases, for `who`. Whatever belongs to a project is fetched through the gate."""

    def __init__(self, parts: Parts, who: Who = LOCAL) -> None:
        self._parts = parts
        self._catalog = parts.catalog
        self._shelf = parts.shelf
        self._book = RecipeBook(
            catalog=parts.catalog, shelf=parts.shelf, sandbox=parts.sandbox, home=parts.home, looking=parts.looking
        )
        self._gate = Gate(parts.catalog, who)
        self._admission = Admission(parts, who)
        self.who = who

    def note(self, action: str, answer: Any, args: tuple[Any, ...], outcome: str) -> None:
        """Add a line to the audit trail: with what it speaks of, or on its own where nothing came of it."""
        line = trail.deed(self.who, action, answer, args, outcome)
        if outcome == trail.DONE:
            self._catalog.deeds.add(line)
        else:
            self._catalog.afterwards(lambda: self._catalog.deeds.add(line), always=True)

    def _project_ids(self, project: str | None) -> Sequence[str] | None:
        """The project of that id or name, or all that who asks can see."""
        return self._gate.project_ids() if project is None else (self._gate.project(project).id,)

    def _scratch(self) -> tempfile.TemporaryDirectory[str]:
        self._parts.home.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=self._parts.home, prefix="scratch-", ignore_cleanup_errors=True)


def needs(what: str, modules: Sequence[str], extra: str) -> None:
    """Refuse what this machine lacks the libraries for."""
    for module in modules:
        if module not in _FOUND and not _is_there(module):
            raise NotPossible(
                f"{what} needs {module}, which is not installed here.", cure=f"pip install 'gristmill[{extra}]'"
            )


def _is_there(module: str) -> bool:
    try:
        found = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        found = False
    if found:
        _FOUND.add(module)
    return found


def existing(path: Path, *, or_folder: bool = False) -> Path:
    if path.is_dir():
        if or_folder:
            return path
        raise UsageError(f"{path} is a folder.", cure="Pack it into a ZIP and give that.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", cure="Check the path.")
    return path


def label(name: str | None, otherwise: str) -> str:
    """What to call a thing: the name that was given, or another; UsageError for one that cannot be shown in a line."""
    if not name:
        return otherwise
    if len(name) > _LONGEST_LABEL or not name.isprintable() or not name.strip():
        raise UsageError(
            f"{name[:60]!r} cannot be a name.", cure=f"Give 1 to {_LONGEST_LABEL} letters, digits, signs and blanks."
        )
    return name
