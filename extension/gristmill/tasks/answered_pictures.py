"""Pictures, each with an answer drawn for it: what the tasks of masks and of boxes have in common.

Their listings have a column of pictures and one of answers; what all answers need to be read (a legend, names of
categories) rides along as `attrs`, as pandas writes them into Parquet.
"""

from __future__ import annotations

import io
import zipfile
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from gristmill.errors import DataRejected
from gristmill.pictures import Look
from gristmill.records import Notice, Profile, Resources, Role, Severity
from gristmill.tasks import holdout
from gristmill.tasks.base import Candidate, LoadPlan, Metric, TaskKind

if TYPE_CHECKING:
    from pandas import DataFrame, Series

__all__ = ["NAMED", "PICTURE", "AnsweredPictures", "TinyPicture", "faults", "listed", "parted", "refuse_broken"]

PICTURE = "picture"
NAMED = 8  # files or classes that a notice names
_TOLERATED = 0.05  # share of the pictures that may be broken


@dataclass(frozen=True, slots=True)
class TinyPicture:
    """A picture to try recipes on: its name, its bytes, and left, top, width and height of the thing in it."""

    name: str
    png: bytes
    box: tuple[int, int, int, int]


class AnsweredPictures(TaskKind, partial=True):
    """Learns to draw answers for pictures. `tiny_target` is the column that holds them.

    A subclass says in sentences why and what for, and what a tiny data set has beside its pictures.
    """

    item = "picture"
    exploration = "explore_pictures.ipynb"
    extra = "all-tasks"
    problem: ClassVar[str]  # what AutoGluon calls it
    target_reason: ClassVar[str]
    task_reason: ClassVar[str]
    proposed_for: ClassVar[str]  # why the first metric is proposed
    paths: ClassVar[tuple[str, ...]] = (PICTURE,)  # columns of the listing that hold files
    smaller: ClassVar[dict[str, dict[str, Any]]]  # the recipe's candidates where memory is short

    @abstractmethod
    def beside(self, pictures: Sequence[TinyPicture]) -> dict[str, bytes | str]:
        """The files that say what is to be seen in those pictures."""

    @abstractmethod
    def lacking(self, where: str) -> DataRejected:
        """That there are no answers `where` they were looked for, and what to do about it."""

    def tiny(self, folder: Path) -> Path:
        path, pictures = folder / "tiny.zip", list(_tiny_pictures())
        with zipfile.ZipFile(path, "w") as archive:
            for picture in pictures:
                archive.writestr(f"images/{picture.name}", picture.png)
            for name, content in self.beside(pictures).items():
                archive.writestr(name, content)
        return path

    def candidates(self, profile: Profile, target: str | None = None) -> tuple[Candidate, ...]:
        if profile.arranged != self.name or target not in (None, self.tiny_target):
            return ()
        return (
            Candidate(
                target=self.tiny_target,
                likelihood=10.0,
                sure=True,
                target_reason=self.target_reason,
                task_reason=self.task_reason,
            ),
        )

    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        if profile.arranged != self.name or target != self.tiny_target:
            raise self.lacking(f"'{target}' of {profile.main.path}")
        return ()

    def metrics_for(self, profile: Profile, target: str) -> tuple[Metric, ...]:
        del profile, target
        return self.metrics

    def metric_reason(self, profile: Profile, target: str) -> str:
        del profile, target
        return self.proposed_for

    def load(self, folder: Path, profile: Profile, plan: LoadPlan) -> tuple[DataFrame, DataFrame]:
        rows = self._read(folder, profile, Role.TRAIN)
        known = rows.attrs
        if any(table.role is Role.TEST for table in profile.tables):
            held = self._read(folder, profile, Role.TEST)
        else:
            mask = holdout.draw(len(rows), plan.seed)
            rows, held = rows.loc[~mask].reset_index(drop=True), rows.loc[mask].reset_index(drop=True)
        rows.attrs = held.attrs = known
        return rows, held

    def problem_type(self, target: Series) -> str:
        del target
        return self.problem

    def plan(
        self, profile: Profile, budget: float, resources: Resources, *, smaller: bool = False
    ) -> tuple[dict[str, Any], tuple[Notice, ...]]:
        del profile, budget, resources
        if not smaller:
            return {}, ()
        notice = Notice(
            code="smaller-plan",
            message="Training ran out of memory: pictures are made smaller, and fewer are looked at together.",
            severity=Severity.WARNING,
            cure="A machine with more memory would see them in full.",
        )
        return {"candidates": self.smaller}, (notice,)

    def _read(self, folder: Path, profile: Profile, role: Role) -> DataFrame:
        """A listing with absolute paths."""
        import pandas as pd

        table = next(table for table in profile.tables if table.role is role)
        rows = pd.read_parquet(folder / table.path)
        for column in self.paths:
            rows[column] = [str(folder / path) for path in rows[column]]
        return rows


class _Parted(Protocol):
    @property
    def part(self) -> str: ...


P = TypeVar("P", bound=_Parted)


def parted(items: Sequence[P]) -> tuple[list[P], list[P]]:
    """Those to learn from, and those that the archive holds out: what is for validation is held out where nothing
    else is."""
    parts = {item.part for item in items}
    held = "test" if "test" in parts else "valid"
    if parts == {held}:
        return list(items), []
    return [item for item in items if item.part != held], [item for item in items if item.part == held]


def faults(folder: Path, looks: Iterable[Look]) -> dict[str, str]:
    """Why pictures cannot be used, by their paths in `folder`, which the sentences name."""
    found = {}
    for look in looks:
        if look.fault:
            path = look.path.relative_to(folder).as_posix()
            found[path] = look.fault.replace(look.path.name, path, 1)
    return found


def refuse_broken(broken: Sequence[str], count: int, *, what: str, cure: str) -> None:
    """DataRejected where more of the `count` pictures are broken than can be left out."""
    if len(broken) > _TOLERATED * count:
        raise DataRejected(
            broken[0],
            cause=f"{len(broken):,} of {what} cannot be read; up to {_TOLERATED:.0%} would be left out."
            if len(broken) > 1
            else "",
            cure=cure,
            code="broken-pictures",
        )


def listed(
    code: str, files: Sequence[str], what: str, severity: Severity = Severity.WARNING, *, noun: str = "picture"
) -> list[Notice]:
    """A notice that names some of the files; none where there are none."""
    if not files:
        return []
    named = ", ".join(file.removesuffix(".") for file in files[:NAMED])
    more = f" and {len(files) - NAMED:,} more" if len(files) > NAMED else ""
    message = f"{len(files):,} {noun}{'s' if len(files) > 1 else ''} {what}: {named}{more}."
    return [Notice(code=code, message=message, severity=severity)]


def _tiny_pictures() -> Iterator[TinyPicture]:
    from PIL import Image, ImageDraw

    for number in range(24):
        x, y = number % 6 * 4, number // 6 * 5
        drawn, held = Image.new("RGB", (48, 48), (60, 60, 90)), io.BytesIO()
        ImageDraw.Draw(drawn).rectangle((x, y, x + 19, y + 17), fill=(200, 120 + number, 60))
        drawn.save(held, format="PNG")
        yield TinyPicture(f"{number:02d}.png", held.getvalue(), (x, y, 20, 18))
