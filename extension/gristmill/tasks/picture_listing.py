"""What folders of pictures and lists of pictures have in common: the pictures themselves, and how they are spoken of.

Every picture is opened to its end before it is listed. A few broken ones are left out, and named; where more than one
in twenty is broken, something went wrong on the way here, and the data is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gristmill import pictures
from gristmill.errors import DataRejected, NotPossible
from gristmill.pictures import Look
from gristmill.records import Notice, Severity

__all__ = ["BROKEN", "counted", "facts", "looked_over", "some", "these"]

BROKEN = 0.05  # the share of pictures, or of rows, that may be unusable
MOST_BYTES = 100_000_000  # of one picture's file
_NAMED = 8


def looked_over(folder: Path, files: Sequence[str]) -> tuple[dict[str, Look], list[Notice]]:
    """The pictures that can be used, by their path; DataRejected where too many cannot."""
    try:
        looks = pictures.check([folder / file for file in files], most_bytes=MOST_BYTES)
    except ImportError:
        raise NotPossible("Pictures need Pillow, which is not installed here.", cure="pip install pillow") from None
    broken = [
        (file, look.fault.replace(look.path.name, file, 1))
        for file, look in zip(files, looks, strict=True)
        if look.fault
    ]
    sound = {file: look for file, look in zip(files, looks, strict=True) if not look.fault}
    if not broken:
        return sound, []
    if len(broken) > BROKEN * len(files):
        raise DataRejected(
            f"{len(broken):,} of {len(files):,} pictures cannot be used; the first: {broken[0][1]}",
            cure="Save them again, or take them out; up to one in twenty would be left out and named.",
            code="pictures-broken",
        )
    one = len(broken) == 1
    return sound, [
        Notice(
            code="pictures-broken",
            message=f"{these(len(broken), 'picture')} left out, as {'it' if one else 'they'} cannot be opened: "
            f"{' '.join(fault for _, fault in broken[:_NAMED])}"
            + (f" And {len(broken) - _NAMED:,} more." if len(broken) > _NAMED else ""),
            severity=Severity.WARNING,
            cure="Save it again if it matters." if one else "Save them again if they matter.",
        )
    ]


def facts(column: str, looks: Iterable[Look]) -> dict[str, str]:
    """The column that holds the pictures, and the longer side of the middle one."""
    sides = sorted(max(look.width, look.height) for look in looks)
    return {"picture": column, "side": str(sides[len(sides) // 2] if sides else 0)}


def these(many: int, what: str) -> str:
    return f"{many:,} {what} is" if many == 1 else f"{many:,} {what}s are"


def counted(many: int, what: str) -> str:
    return f"{many:,} {what}" if many == 1 else f"{many:,} {what}s"


def some(names: Sequence[str]) -> str:
    shown = [f"'{name}'" for name in names[:_NAMED]]
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
