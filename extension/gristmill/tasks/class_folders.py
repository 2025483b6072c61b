"""Files that lie in folders named as their class: which level of folders the classes are, and which files are held out.

People pack such folders in many ways: `cats/1.jpg`, `data/train/cats/1.jpg`, `cats/monday/1.jpg`, `cats/test/1.jpg`.
A level of folders is all folders that lie equally deep. Levels are read in this order:

1. a level whose names say train, test or validation tells what to hold out,
2. a level with one name only tells nothing, and one whose names merely count (session1, batch-2) tells nothing either,
3. of what is left, the level is taken whose names recur under the level above, as classes do in each of two cities;
   otherwise the uppermost one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

__all__ = ["Filed", "sort_by_folder"]

_TRAIN = frozenset({"train", "training", "val", "valid", "validation", "dev"})  # validation rows are drawn anew
_TEST = frozenset({"test", "testing", "tests", "test1", "eval", "holdout", "hold-out"})
_COUNTING = re.compile(
    r"^(session|batch|part|set|day|fold|run|series|site|camera|cam|lot|scan|page|dir|folder|group|user|subject|patient)"
    r"[\W_]*\w{0,4}$|^\d{4}[-_.]?\d\d([-_.]?\d\d)?$|^(img|imgs|images?|pictures?|photos?|texts?|files?|raw|data|docs?)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """Files by their class, in their order."""

    classes: dict[str, str]  # file -> class
    held_out: frozenset[str]  # those of them that the archive itself holds out
    unlabelled: tuple[str, ...]  # files in no folder of a class
    other_levels: tuple[str, ...]  # names of a level that might have been the classes as well, a few of them


def sort_by_folder(files: Sequence[str], is_item: Callable[[str], bool]) -> Filed | None:
    """The items among `files` by the class that their folder names; None where no item lies in a folder."""
    items = [file for file in files if is_item(file)]
    folders = {file: PurePosixPath(file).parts[:-1] for file in items}
    deepest = max((len(parts) for parts in folders.values()), default=0)
    if not deepest:
        return None
    names = [{parts[level] for parts in folders.values() if len(parts) > level} for level in range(deepest)]
    split = next((level for level, found in enumerate(names) if _is_split(found)), None)
    level, other = _level_of_classes(folders, names, split)
    if level is None:
        return None
    classes = {file: parts[level] for file, parts in folders.items() if len(parts) > level}
    held_out = frozenset(
        file
        for file in classes
        if split is not None and len(folders[file]) > split and folders[file][split].lower() in _TEST
    )
    return Filed(
        classes=classes,
        held_out=held_out,
        unlabelled=tuple(file for file in items if file not in classes),
        other_levels=() if other is None else tuple(sorted(names[other])[:4]),
    )


def _is_split(names: set[str]) -> bool:
    lower = {name.lower() for name in names}
    return bool(lower & _TEST) and bool(lower & _TRAIN) and lower <= _TRAIN | _TEST


def _level_of_classes(
    folders: dict[str, tuple[str, ...]], names: list[set[str]], split: int | None
) -> tuple[int | None, int | None]:
    """The level of the classes, and one that might be it as well."""
    levels = [level for level in range(len(names)) if level != split]
    lower = {level: {name.lower() for name in names[level]} for level in levels}
    telling = [
        level
        for level in levels
        if len(names[level]) > 1
        and not lower[level] <= _TRAIN | _TEST
        and not all(_COUNTING.match(name) for name in names[level])
    ]
    if not telling:
        return (levels[-1] if levels else None), None
    chosen = telling[0]
    for below in telling[1:]:
        if _recurs(folders, chosen, below):
            chosen = below
    other = next((level for level in telling if level != chosen), None)
    return chosen, other


def _recurs(folders: dict[str, tuple[str, ...]], above: int, below: int) -> bool:
    """Whether most names of a level are found under more than one folder of the level above."""
    over: dict[str, set[str]] = {}
    for parts in folders.values():
        if len(parts) > below:
            over.setdefault(parts[below], set()).add(parts[above])
    often = sum(len(tops) > 1 for tops in over.values())
    return bool(over) and often > len(over) / 2
