"""What a dataset may have at most where this Gristmill runs: a class or a lab can hold its users to less.

Each figure has a default that a large machine can still work with, and is set by whoever runs this Gristmill. A refusal
says the figure, the limit, and who set it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NoReturn

from gristmill.errors import DataRejected
from gristmill.records import Profile
from gristmill.tasks import TaskKind

__all__ = ["SETTINGS", "Allowance"]

# setting -> the field that it sets
SETTINGS: Mapping[str, str] = {
    "GRISTMILL_MOST_GIGABYTES": "gigabytes",
    "GRISTMILL_MOST_ROWS": "rows",
    "GRISTMILL_MOST_CLASSES": "classes",
    "GRISTMILL_MOST_IMAGES": "images",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """The most of each that one dataset may have."""

    gigabytes: float = 100.0  # of the file that is uploaded
    rows: float = 100_000_000  # rows, texts or pictures to train on
    classes: float = 1_000  # of the target
    images: float = 100_000  # pictures of one class to train on

    @classmethod
    def of(cls, given: Mapping[str, float | None]) -> Allowance:
        """By the settings' names; None keeps the default."""
        return cls(**{SETTINGS[name]: value for name, value in given.items() if value is not None})

    def check_file(self, path: Path) -> None:
        """Refuse a file that is larger than allowed."""
        self.check_size(path.name, path.stat().st_size)

    def check_size(self, name: str, size: int) -> None:
        """Refuse a file of so many bytes, before it is sent, if that is more than allowed."""
        if size / 1e9 > self.gigabytes:
            self._refuse("gigabytes", f"{name} has {_figure(size / 1e9)} GB, more than", "GB")

    def check_rows(self, profile: Profile) -> None:
        """Refuse more to train on than allowed."""
        if profile.rows > self.rows:
            what = f"{profile.item}s"
            self._refuse("rows", f"There are {profile.rows:,} {what} to train on, more than", what)

    def check_classes(self, profile: Profile, kind: TaskKind, target: str) -> None:
        """Refuse more classes than allowed, and more pictures of one."""
        column = kind.classes_in(profile, target)
        if column is None:
            return
        if column.distinct > self.classes:
            self._refuse("classes", f"'{target}' has {column.distinct:,} classes, more than", "classes")
        label, most = column.top[0] if column.top else ("", 0)
        if kind.item == "picture" and most > self.images:
            self._refuse("images", f"The class '{label}' has {most:,} pictures, more than", "pictures a class")

    def _refuse(self, name: str, what: str, unit: str) -> NoReturn:
        setting = next(one for one, field in SETTINGS.items() if field == name)
        own = next(field.default for field in fields(self) if field.name == name)
        limit = getattr(self, name)
        said = f"{what} the {_figure(limit)} {unit} that "
        said += "Gristmill takes by itself" if limit == own else "whoever runs this Gristmill allows"
        cure = "Give less, or ask whoever runs this Gristmill to allow more."
        raise DataRejected(f"{said} ({setting}).", cure=cure, code="over-limit")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or float(value).is_integer() else f"{value:.3g}"
