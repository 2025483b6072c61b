"""Which values of masks are which classes: said by a classes file, or read from the masks themselves.

A classes file is named classes, labels, palette or the like, and ends in .txt, .csv or .json. A line names a class,
with its index or its colour, if it has any: `circle`, `1 circle`, `circle,255,0,0`, `#ff0000 circle`. In JSON it is a
list of names, or names by index, or colours by name. Without such a file, each value that occurs is a class.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gristmill.errors import DataRejected

if TYPE_CHECKING:
    from gristmill.masks import Legend

__all__ = ["Named", "find_classes_file", "legend_of", "read_classes", "too_many"]


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_FILES = re.compile(
    r"(_?classes|class[_-]?(names|dict|map|colou?rs|list)?|labels?|label[_-]?(names|map|colou?rs)|colou?r[_-]?map|palette"
    r"|categories)\.(txt|csv|json)",
    re.IGNORECASE,
)
_HEX = re.compile(r"#([0-9a-f]{6})", re.IGNORECASE)
_HEADER = _words("name names class classes label labels id index value r g b red green blue color colour hex")
_MOST = 64  # values that are still taken for classes where no file names them
_LIMIT = 250  # classes
_VOID_VALUE = 255
_VOID_NAMES = _words("void ignore ignored unlabeled unlabelled")

Named = tuple[str, int | None, bool]  # the name, its index or colour, and whether that is a colour


def find_classes_file(files: Sequence[str]) -> str | None:
    """The classes file, if there is one; the one nearest to the top."""
    found = [file for file in files if _FILES.fullmatch(PurePosixPath(file).name)]
    return min(found, key=lambda file: (file.count("/"), file), default=None)


def read_classes(path: Path, shown: str) -> list[Named]:
    """What the classes file says; `shown` is how it is called in messages."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        named = _from_json(json.loads(text)) if path.suffix.lower() == ".json" else _from_lines(text.splitlines())
    except (ValueError, TypeError, KeyError, IndexError) as error:
        said = str(error) if isinstance(error, _Faulty) else "It does not say what the classes are."
        raise DataRejected(
            f"{shown} cannot be read as a list of classes.",
            cause=said,
            cure="Write one class a line: its name, and before or after it its index or its colour.",
            code="classes-file",
        ) from None
    values = [value for _, value, _ in named]
    twice = next((name for place, (name, value, _) in enumerate(named) if value in values[:place]), None)
    if twice is not None:
        raise DataRejected(
            f"{shown} gives '{twice}' an index or a colour that another class has already.",
            cure="Give each class its own.",
            code="classes-file",
        )
    return named


class _Faulty(ValueError):
    """A line that cannot be read; its words say which."""


def _from_lines(lines: Iterable[str]) -> list[Named]:
    named: list[Named] = []
    for number, line in enumerate(lines, start=1):
        parts = [
            part
            for part in re.split(r"[,;:=\t]+|\s+(?=[#\d])|(?<=\d)\s+|(?<=#[0-9a-fA-F]{6})\s+", line.strip())
            if part.strip()
        ]
        words = {word for part in parts for word in part.lower().split()}
        if not parts or (not named and words <= _HEADER and len(parts) > 1):
            continue
        numbers = [int(part) for part in parts if re.fullmatch(r"\s*\d+\s*", part)]
        hexes = [match[1] for part in parts if (match := _HEX.fullmatch(part.strip()))]
        names = [part.strip() for part in parts if not re.fullmatch(r"\s*(\d+|#[0-9a-fA-F]{6})\s*", part)]
        if not names or len(numbers) not in (0, 1, 3, 4):
            raise _Faulty(f"Line {number} is {line.strip()[:60]!r}.")
        named.append(_entry(" ".join(names), numbers, hexes, len(named)))
    if not named:
        raise _Faulty("It is empty.")
    return named


def _entry(name: str, numbers: Sequence[int], hexes: Sequence[str], place: int) -> Named:
    if hexes:
        return name, int(hexes[0], 16), True
    if len(numbers) >= 3:
        red, green, blue = numbers[-3:]
        if max(red, green, blue) > 255:
            raise _Faulty(f"The colour of '{name}' has a part beyond 255.")
        return name, (red << 16) | (green << 8) | blue, True
    return name, numbers[0] if numbers else place, False


def _from_json(said: Any) -> list[Named]:
    if isinstance(said, dict) and len(said) == 1 and isinstance(next(iter(said.values())), (list, dict)):
        said = next(iter(said.values()))  # {"classes": [...]}
    if isinstance(said, list):
        return [_of_item(item, place) for place, item in enumerate(said)]
    named: list[Named] = []
    for key, value in said.items():
        if str(key).isdigit():
            named.append((str(value), int(key), False))
        else:
            named.append(_of_item({"name": key, "value": value}, len(named)))
    return named


def _of_item(item: Any, place: int) -> Named:
    if isinstance(item, str):
        return item, place, False
    colour = item.get(
        "color", item.get("colour", item.get("rgb", item.get("value", item.get("id", item.get("index")))))
    )
    if isinstance(colour, str) and (match := _HEX.fullmatch(colour)):
        return str(item["name"]), int(match[1], 16), True
    if isinstance(colour, list):
        return _entry(str(item["name"]), [int(part) for part in colour], [], place)
    return str(item["name"]), place if colour is None else int(colour), False


def legend_of(values: Sequence[int], form: str, named: Sequence[Named]) -> Legend:
    """The legend for masks in which `values` occur; DataRejected where there are too many for classes."""
    from gristmill.masks import Legend

    if named:
        kept = [(name, value) for name, value, _ in named if name.lower() not in _VOID_NAMES]
        void = [value for name, value, _ in named if name.lower() in _VOID_NAMES]
        if form != "colour" and _VOID_VALUE in values and _VOID_VALUE not in [value for _, value in kept]:
            void.append(_VOID_VALUE)
        return Legend(
            form, tuple(name for name, _ in kept), tuple(value or 0 for _, value in kept),
            tuple(dict.fromkeys(value or 0 for value in void)),
        )  # fmt: skip
    if len(values) == 2 and values[0] == 0:
        return Legend(form, ("background", "foreground"), tuple(values))
    is_void = form != "colour" and _VOID_VALUE in values and len(values) > 2 and values[-2] < _VOID_VALUE - 1
    classes = [value for value in values if not (is_void and value == _VOID_VALUE)]
    names = [f"#{value:06x}" if form == "colour" else f"class {value}" for value in classes]
    return Legend(form, tuple(names), tuple(classes), (_VOID_VALUE,) if is_void else ())


def too_many(count: int, *, are_named: bool) -> bool:
    """Whether so many values cannot be classes."""
    return count > (_LIMIT if are_named else _MOST)
