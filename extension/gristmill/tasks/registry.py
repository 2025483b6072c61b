"""Which tasks there are: the entry points of the group `gristmill.tasks`, looked up once in a process."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from gristmill.errors import NotPossible, UsageError
from gristmill.tasks.base import TaskKind

__all__ = ["GROUP", "all_kinds", "find"]

GROUP = "gristmill.tasks"


@cache
def all_kinds() -> tuple[TaskKind, ...]:
    """Every task that is installed, by name."""
    return tuple(_load(point) for point in sorted(entry_points(group=GROUP), key=lambda point: point.name))


def find(name: str) -> TaskKind:
    """The task of that name; a wrong name is answered with the right ones."""
    for kind in all_kinds():
        if kind.name == name:
            return kind
    raise UsageError(
        f"There is no task {name!r}.",
        cure=f"Choose one of: {', '.join(kind.name for kind in all_kinds())}.",
        code="unknown-task",
    )


def _load(point: EntryPoint) -> TaskKind:
    try:
        found = point.load()
    except ImportError as error:
        raise NotPossible(
            f"The task {point.name!r} cannot be used here.",
            cause=f"{error}.",
            cure="Install what it needs, or uninstall the plugin that brings it.",
        ) from error
    if not (isinstance(found, type) and issubclass(found, TaskKind)):
        raise NotPossible(f"The plugin for {point.name!r} is not a task.", cause=f"{point.value} is no TaskKind.")
    return found()
