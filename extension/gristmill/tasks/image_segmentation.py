"""Image segmentation: to which class does each pixel of a picture belong?"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.records import ColumnKind, Notice, Severity
from gristmill.tasks.answered_pictures import NAMED, PICTURE, AnsweredPictures, TinyPicture, listed, parted
from gristmill.tasks.base import Listing, Metric
from gristmill.tasks.mask_classes import find_classes_file, read_classes
from gristmill.tasks.mask_folders import Pair, Paired, pair_up
from gristmill.tasks.mask_survey import Survey, survey

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["ImageSegmentation"]

MASK = "mask"
_FEW_PICTURES = 10  # with fewer that show it, a class is hardly learned

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


class ImageSegmentation(AnsweredPictures):
    """Each pixel of a picture belongs to one of a few classes."""

    name = "image-segmentation"
    title = "Image segmentation"
    summary = "which class each pixel of a picture belongs to"
    recipe = "segmentation.ipynb"
    answers = ("zip",)
    engine = "gristmill.engines.segmentation:SegmentationEngine"
    modules = ("torch", "sklearn", "PIL")
    metrics = (MEAN_IOU, DICE, PIXEL_ACCURACY)
    problem = "semantic_segmentation"
    tiny_target = MASK
    paths = (PICTURE, MASK)
    target_reason = "Each picture has a mask that says what its pixels are."
    task_reason = "Masks give every pixel a class, so a model can learn to draw them."
    proposed_for = (
        "IoU compares drawn and true areas, and its mean counts each class the same: a model that calls everything "
        "background gets little for it."
    )
    smaller = {  # noqa: RUF012  # a class variable, as the base has it
        "PixelForest": {"kind": "forest"},
        "UNet-96": {"kind": "network", "size": 96, "batch": 2},
    }

    def arrange(self, folder: Path, files: Sequence[str]) -> Listing | None:
        paired = pair_up(files)
        if paired is None:
            return None
        classes_file = find_classes_file(files)
        named = read_classes(folder / classes_file, classes_file) if classes_file else []
        found = survey(folder, paired.pairs, named, classes_file)
        train, test = parted(found.pairs)
        return Listing(
            rows=_rows(train, found),
            test=_rows(test, found) if test else None,
            kinds={PICTURE: ColumnKind.PICTURE, MASK: ColumnKind.PICTURE},
            notices=_notices(paired, found),
            likelihood=3.0,  # nothing else lies in two folders, name by name
        )

    def lacking(self, where: str) -> DataRejected:
        return DataRejected(
            f"{where} holds no masks.",
            cure="Upload a ZIP with a folder images and a folder masks, whose files have the same names.",
            code="no-masks",
        )

    def beside(self, pictures: Sequence[TinyPicture]) -> dict[str, bytes | str]:
        from PIL import Image, ImageDraw

        masks: dict[str, bytes | str] = {}
        for picture in pictures:
            x, y, width, height = picture.box
            mask, held = Image.new("L", (48, 48)), io.BytesIO()
            ImageDraw.Draw(mask).rectangle((x, y, x + width - 1, y + height - 1), fill=1)
            mask.save(held, format="PNG")
            masks[f"masks/{picture.name}"] = held.getvalue()
        return masks


def _rows(pairs: Sequence[Pair], found: Survey) -> DataFrame:
    """A row a pair; the legend rides along, as pandas writes it into Parquet."""
    import pandas as pd

    rows = pd.DataFrame({PICTURE: [pair.picture for pair in pairs], MASK: [pair.mask for pair in pairs]})
    rows.attrs["legend"] = found.legend.plain()
    return rows


def _notices(paired: Paired, found: Survey) -> tuple[Notice, ...]:
    notices = [
        _classes(found),
        *listed("masks-left-out", paired.lonely, "without a picture, left out", noun="mask"),
        *listed("pictures-without-masks", paired.strays, "without a mask, left out"),
        *listed("broken-pictures", found.broken, "that cannot be read, left out with what belongs to it"),
        *listed(
            "pictures-to-predict",
            paired.unlabelled,
            "to test on without a mask: they can be answered later",
            Severity.INFO,
        ),
    ]
    few = [
        (name, count) for name, count in zip(found.legend.names, found.pictures, strict=True) if count < _FEW_PICTURES
    ]
    if few:
        named = ", ".join(f"'{name}' ({count})" for name, count in few[:NAMED])
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


def _classes(found: Survey) -> Notice:
    total = max(1, sum(found.pixels))
    by_size = sorted(zip(found.legend.names, found.pixels, strict=True), key=lambda pair: -pair[1])
    shares = ", ".join(f"'{name}' {100 * pixels / total:.3g}%" for name, pixels in by_size[:NAMED])
    more = len(by_size) - NAMED
    said = f"; {more} more" if more > 0 else ""
    if found.legend.void:
        said += f". Pixels of the value {found.legend.void[0]} belong to none and do not count"
    return Notice(
        code="mask-classes", message=f"The masks show {len(by_size)} classes, by share of the pixels: {shares}{said}."
    )
