"""Image segmentation: to which class does each pixel of a picture belong?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.errors import DataRejected
from gristmill.records import ColumnKind, Notice, Profile, Resources, Role, Severity
from gristmill.tasks import holdout
from gristmill.tasks.base import Candidate, Listing, LoadPlan, Metric, TaskKind
from gristmill.tasks.mask_classes import find_classes_file, read_classes
from gristmill.tasks.mask_folders import Pair, Paired, pair_up
from gristmill.tasks.mask_survey import Survey, survey

if TYPE_CHECKING:
    from pandas import DataFrame, Series

__all__ = ["ImageSegmentation"]

PICTURE, MASK = "picture", "mask"
_FEW_PICTURES = 10  # with fewer that show it, a class is hardly learned
_NAMED = 8

MEAN_IOU = Metric(
    name="mean_iou",
    title="Mean IoU",
    explain="Of the pixels that are of a class or were given it, the share that are both, averaged over the classes.",
    percent=True,
    aliases=("miou", "iou", "jaccard"),
)
DICE = Metric(
    name="dice",
    title="Dice",
    explain="As IoU, but what overlaps counts twice: kinder to small things; averaged over the classes.",
    percent=True,
    aliases=("f1",),
)
PIXEL_ACCURACY = Metric(
    name="pixel_accuracy",
    title="Pixel accuracy",
    explain="The share of pixels whose class is right; large classes count most.",
    percent=True,
    aliases=("accuracy", "acc"),
)


class ImageSegmentation(TaskKind):
    """Each pixel of a picture belongs to one of a few classes."""

    name = "image-segmentation"
    title = "Image segmentation"
    summary = "which class each pixel of a picture belongs to"
    recipe = "segmentation.ipynb"
    answers = ("zip",)
    engine = "gristmill.engines.segmentation:SegmentationEngine"
    tiny_target = MASK
    metrics = (MEAN_IOU, DICE, PIXEL_ACCURACY)

    def arrange(self, folder: Path, files: Sequence[str]) -> Listing | None:
        paired = pair_up(files)
        if paired is None:
            return None
        classes_file = find_classes_file(files)
        named = read_classes(folder / classes_file, classes_file) if classes_file else []
        found = survey(folder, paired.pairs, named, classes_file)
        train, test = _parts(found.pairs)
        return Listing(
            rows=_rows(train, found),
            test=_rows(test, found) if test else None,
            kinds={PICTURE: ColumnKind.PICTURE, MASK: ColumnKind.PICTURE},
            notices=_notices(paired, found),
            likelihood=3.0,  # nothing else lies in two folders, name by name
        )

    def tiny(self, folder: Path) -> Path:
        import io
        import zipfile

        from PIL import Image, ImageDraw

        path = folder / "tiny.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(24):
                picture, mask = Image.new("RGB", (48, 48), (60, 60, 90)), Image.new("L", (48, 48))
                box = (number % 6 * 4, number // 6 * 5, number % 6 * 4 + 20, number // 6 * 5 + 18)
                ImageDraw.Draw(picture).rectangle(box, fill=(200, 120 + number, 60))
                ImageDraw.Draw(mask).rectangle(box, fill=1)
                for kind, drawn in (("images", picture), ("masks", mask)):
                    held = io.BytesIO()
                    drawn.save(held, format="PNG")
                    archive.writestr(f"{kind}/{number:02d}.png", held.getvalue())
        return path

    def candidates(self, profile: Profile, target: str | None = None) -> tuple[Candidate, ...]:
        if profile.arranged != self.name or target not in (None, MASK):
            return ()
        return (
            Candidate(
                target=MASK,
                likelihood=10.0,
                sure=True,
                target_reason="Each picture has a mask that says what its pixels are.",
                task_reason="Masks give every pixel a class, so a model can learn to draw them.",
            ),
        )

    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        if profile.arranged != self.name or target != MASK:
            raise DataRejected(
                f"'{target}' of {profile.main.path} holds no masks.",
                cure="Upload a ZIP with a folder images and a folder masks, whose files have the same names.",
                code="no-masks",
            )
        return ()

    def metrics_for(self, profile: Profile, target: str) -> tuple[Metric, ...]:
        del profile, target
        return self.metrics

    def metric_reason(self, profile: Profile, target: str) -> str:
        del profile, target
        return (
            "IoU compares drawn and true areas, and its mean counts each class the same: a model that calls everything "
            "background gets little for it."
        )

    def load(self, folder: Path, profile: Profile, plan: LoadPlan) -> tuple[DataFrame, DataFrame]:
        rows, legend = _read(folder, profile, Role.TRAIN)
        if any(table.role is Role.TEST for table in profile.tables):
            held, _ = _read(folder, profile, Role.TEST)
        else:
            mask = holdout.draw(len(rows), plan.seed)
            rows, held = rows.loc[~mask].reset_index(drop=True), rows.loc[mask].reset_index(drop=True)
        rows.attrs["legend"] = held.attrs["legend"] = legend
        return rows, held

    def problem_type(self, target: Series) -> str:
        del target
        return "semantic_segmentation"

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
        less = {"PixelForest": {"kind": "forest"}, "UNet-96": {"kind": "network", "size": 96, "batch": 2}}
        return {"candidates": less}, (notice,)


def _parts(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Those to learn from, and those that the archive holds out: what is for validation is held out where nothing
    else is."""
    parts = {pair.part for pair in pairs}
    held = "test" if "test" in parts else "valid"
    if parts == {held}:
        return list(pairs), []
    return [pair for pair in pairs if pair.part != held], [pair for pair in pairs if pair.part == held]


def _rows(pairs: Sequence[Pair], found: Survey) -> DataFrame:
    """A row a pair; the legend rides along, as pandas writes it into Parquet."""
    import pandas as pd

    rows = pd.DataFrame({PICTURE: [pair.picture for pair in pairs], MASK: [pair.mask for pair in pairs]})
    rows.attrs["legend"] = found.legend.plain()
    return rows


def _read(folder: Path, profile: Profile, role: Role) -> tuple[DataFrame, dict[str, Any]]:
    """A listing with absolute paths, and its legend."""
    import pandas as pd

    table = next(table for table in profile.tables if table.role is role)
    rows = pd.read_parquet(folder / table.path)
    legend: dict[str, Any] = rows.attrs["legend"]
    for column in (PICTURE, MASK):
        rows[column] = [str(folder / path) for path in rows[column]]
    return rows, legend


def _notices(paired: Paired, found: Survey) -> tuple[Notice, ...]:
    grave = Severity.WARNING
    notices = [
        _classes(found),
        *_listed("pictures-without-masks", paired.strays, "without a mask, left out", grave),
        *_listed("broken-pictures", found.broken, "that cannot be read, left out with their partners", grave),
        *_listed("pictures-to-predict", paired.unlabelled, "to test on without a mask: they can be answered later"),
    ]
    few = [
        (name, count) for name, count in zip(found.legend.names, found.pictures, strict=True) if count < _FEW_PICTURES
    ]
    if few:
        named = ", ".join(f"'{name}' ({count})" for name, count in few[:_NAMED])
        notices.append(
            Notice(
                code="rare-mask-classes",
                message=f"In fewer than {_FEW_PICTURES} pictures, and so hardly to be learned: {named}.",
                severity=Severity.WARNING,
                cure="Add pictures that show them.",
                column=MASK,
            )
        )
    return tuple(notices)


def _listed(code: str, files: Sequence[str], what: str, severity: Severity = Severity.INFO) -> list[Notice]:
    if not files:
        return []
    named = ", ".join(files[:_NAMED]).removesuffix(".")
    message = f"{len(files):,} picture{'s' if len(files) > 1 else ''} {what}: {named}."
    return [Notice(code=code, message=message, severity=severity)]


def _classes(found: Survey) -> Notice:
    total = max(1, sum(found.pixels))
    by_size = sorted(zip(found.legend.names, found.pixels, strict=True), key=lambda pair: -pair[1])
    shares = ", ".join(f"'{name}' {100 * pixels / total:.3g}%" for name, pixels in by_size[:_NAMED])
    more = len(by_size) - _NAMED
    said = f"; {more} more" if more > 0 else ""
    if found.legend.void:
        said += f". Pixels of the value {found.legend.void[0]} belong to none and do not count"
    return Notice(
        code="mask-classes", message=f"The masks show {len(by_size)} classes, by share of the pixels: {shares}{said}."
    )
