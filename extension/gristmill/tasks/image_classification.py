"""Image classification: to which class does a picture belong?

What is known of classes of rows holds for classes of pictures: metrics, rare classes, the draw of what is held out. So
this is tabular classification on a table whose one column holds the pictures' paths.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.errors import DataRejected, UsageError
from gristmill.records import ColumnKind, Notice, Profile, Resources, Severity
from gristmill.tasks.base import Candidate, Listing, LoadPlan
from gristmill.tasks.picture_folders import CLASS, from_folders
from gristmill.tasks.picture_lists import from_list
from gristmill.tasks.tabular_classification import TabularClassification

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["ImageClassification"]

_CANDIDATES = ("SmallPictures", "FrozenLinear", "FrozenBoosted", "FineTuned")
_SIDES = (64, 96, 128, 160)
_TINY = 30  # pictures of a class to try a recipe on
_PER_CLASS = 5_000
_LIKELY = 10.0  # more than any column of a table has: where pictures are listed, they are what is meant
_BESIDE = 2  # columns that tell something, from which on a list of pictures is a table with pictures
_UNTELLING = (ColumnKind.PICTURE, ColumnKind.IDENTIFIER, ColumnKind.CONSTANT, ColumnKind.EMPTY, ColumnKind.DATE)
_FIXED_MEMORY = 1.5e9  # Python with AutoGluon and torch loaded, and a network in training


class ImageClassification(TabularClassification):
    """Each picture belongs to one of a few classes."""

    name = "image-classification"
    title = "Image classification"
    summary = "which class a picture belongs to"
    item = "picture"
    exploration = "explore_pictures.ipynb"
    recipe = "pictures.ipynb"
    comparable = False
    engine = "gristmill.engines.pictures:PictureEngine"
    modules = ("autogluon.tabular", "PIL")
    extra = "all-tasks"
    tiny_target = CLASS

    def arrange(self, folder: Path, files: Sequence[str]) -> Listing | None:
        return from_list(folder, files) or from_folders(folder, files)

    def candidates(self, profile: Profile, target: str | None = None) -> tuple[Candidate, ...]:
        if profile.arranged != self.name:
            return ()
        picture = profile.facts["picture"]
        if target is None and len(profile.main.columns) == 2:
            target = next(column.name for column in profile.main.columns if column.name != picture)
        found = [one for one in super().candidates(profile, target) if one.target != picture]
        return tuple(
            Candidate(
                target=one.target,
                likelihood=one.likelihood + (_LIKELY if _carried(profile, one.target) else -_LIKELY),
                sure=one.sure or len(profile.main.columns) == 2,
                target_reason=self._why(one, profile),
                task_reason="The data is pictures, each of one class.",
            )
            for one in found
        )

    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        column, picture = profile.column(target), profile.facts.get("picture", "")
        if profile.arranged != self.name or target == picture:
            raise DataRejected(
                f"There are no pictures to tell '{target}' from."
                if target != picture
                else "The pictures themselves cannot be the target.",
                cure="Put the pictures of each class into a folder of its own, or choose another task.",
                code="no-pictures",
            )
        if column.kind is not ColumnKind.EMPTY and column.distinct < 2:
            raise DataRejected(
                f"All {column.rows:,} pictures are of one class, '{column.top[0][0]}'.",
                cure="Add pictures of at least one other class.",
                code="one-class",
            )
        notices = [one for one in super().check(profile, target) if not one.code.startswith("doubtful-")]
        unused = [one.name for one in profile.main.columns if one.name not in (target, picture)]
        if unused:
            notices.append(
                Notice(
                    code="columns-unused",
                    message="The classes are learned from the pictures alone; not used: "
                    f"{', '.join(unused[:8])}{', …' if len(unused) > 8 else ''}.",
                )
            )
        return tuple(notices)

    def load(self, folder: Path, profile: Profile, plan: LoadPlan) -> tuple[DataFrame, DataFrame]:
        picture = profile.facts["picture"]
        train, test = super().load(folder, profile, plan)
        return _at_most(train[[picture, plan.target]], plan), test[[picture, plan.target]]

    def tiny(self, folder: Path) -> Path:
        from PIL import Image, ImageDraw

        path = folder / "tiny.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(2 * _TINY):
                name, drawn = ("disc", "ellipse") if number % 2 else ("box", "rectangle")
                picture = Image.new("RGB", (48, 48), (10 * (number % 7), 60, 120))
                left, top = 4 + number % 11, 4 + 3 * number % 13
                getattr(ImageDraw.Draw(picture), drawn)((left, top, left + 24, top + 24), fill=(220, 200, 5 * number))
                held = io.BytesIO()
                picture.save(held, "PNG")
                archive.writestr(f"{name}/{number}.png", held.getvalue())
        return path

    def plan(
        self, profile: Profile, budget: float, resources: Resources, *, smaller: bool = False
    ) -> tuple[dict[str, Any], tuple[Notice, ...]]:
        del budget  # each candidate measures its own pace, and sees smaller pictures where time is short
        middle = int(profile.facts.get("side", "0"))
        sides = _SIDES if not resources.gpus else (*_SIDES, 224)
        side = next((side for side in sides if side >= 0.75 * middle), sides[-1])
        parameters: dict[str, Any] = {
            "picture": profile.facts.get("picture", ""), "side": side, "candidates": list(_CANDIDATES),
        }  # fmt: skip
        if not smaller and resources.memory >= _FIXED_MEMORY:
            return parameters, ()
        why = "Training ran out of memory" if smaller else "There is little memory"
        notice = Notice(
            code="smaller-plan",
            message=f"{why}: the network is not trained any further, and sees smaller pictures.",
            severity=Severity.WARNING,
            cure="A machine with more memory would try all candidates.",
        )
        return parameters | {"side": sides[0], "candidates": list(_CANDIDATES[:2]), "fine_tune": False}, (notice,)

    def _why(self, candidate: Candidate, profile: Profile) -> str:
        if candidate.target == CLASS and profile.main.path.startswith("listing."):
            return "The folders are named as the classes of the pictures in them."
        return candidate.target_reason


def _carried(profile: Profile, target: str) -> bool:
    """Whether there is little else than pictures to learn from: a table that says more is a table with pictures."""
    if sum(one.kind is ColumnKind.PICTURE for one in profile.main.columns) > 1:
        return False
    beside = [one for one in profile.main.columns if one.name != target and one.kind not in _UNTELLING]
    return len(beside) < _BESIDE and not any(one.kind is ColumnKind.TEXT for one in beside)


def _at_most(train: DataFrame, plan: LoadPlan) -> DataFrame:
    """No more pictures of one class than the setting `images_per_class` allows."""
    most = plan.settings.get("images_per_class", _PER_CLASS)
    if not isinstance(most, int) or isinstance(most, bool) or most < 2:
        raise UsageError(
            f"The setting images_per_class cannot be {most!r}.", cure="Give a whole number.", code="unknown-setting"
        )
    drawn = train.sample(frac=1, random_state=plan.seed).groupby(plan.target, sort=False).head(most)
    return train.loc[sorted(drawn.index)]
