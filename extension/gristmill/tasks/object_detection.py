"""Object detection: what is in a picture, and where?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.pictures import check, is_picture
from gristmill.records import ColumnKind, Notice, Severity
from gristmill.tasks.answered_pictures import (
    NAMED,
    PICTURE,
    AnsweredPictures,
    TinyPicture,
    faults,
    listed,
    parted,
    refuse_broken,
)
from gristmill.tasks.base import Listing, Metric
from gristmill.tasks.box_files import Item, read_items

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["ObjectDetection"]

BOXES = "boxes"
_FEW = 20  # with fewer boxes a category is hardly learned

MAP = Metric(
    name="map",
    title="mAP",
    explain="COCO's mean average precision: how many things are found, and how exactly their boxes fit; 1 is perfect.",
    percent=True,
    aliases=("mean_average_precision", "ap"),
)
MAP_50 = Metric(
    name="map_50",
    title="mAP at 0.5",
    explain="The same, but a box counts as right as soon as half of it and the true one overlap.",
    percent=True,
    aliases=("map50", "ap50"),
)
MAP_75 = Metric(
    name="map_75",
    title="mAP at 0.75",
    explain="The same, but a box counts as right only where it fits closely.",
    percent=True,
    aliases=("map75", "ap75"),
)


class ObjectDetection(AnsweredPictures):
    """Boxes round the things in a picture, each with its category."""

    name = "object-detection"
    title = "Object detection"
    summary = "what is in a picture, and where"
    recipe = "detection.ipynb"
    answers = ("json",)
    engine = "gristmill.engines.detection:DetectionEngine"
    modules = ("torch", "pycocotools", "PIL")
    metrics = (MAP, MAP_50, MAP_75)
    problem = "object_detection"
    tiny_target = BOXES
    target_reason = "Each picture has boxes that say what is where."
    task_reason = "Boxes show where things are, so a model can learn to find them."
    proposed_for = (
        "mAP is what detectors are compared by: it asks for every thing, for no false ones, and for boxes that fit."
    )
    smaller = {"Centers-96": {"kind": "network", "size": 96, "batch": 2}}  # noqa: RUF012  # as the base has it

    def arrange(self, folder: Path, files: Sequence[str]) -> Listing | None:
        read = read_items(folder, files)
        if read is None:
            return None
        form, items = read
        items, broken = _sound(folder, items)
        counts = Counter(box.category for item in items for box in item.boxes)
        if not counts:
            raise DataRejected(
                f"The boxes, read as {form}, hold no box at all.", cure="Add boxes round what is to be found.",
                code="no-boxes",
            )  # fmt: skip
        train, test = parted(items)
        names = sorted(counts)
        known = {item.picture for item in items} | set(broken)
        strays = [file for file in files if is_picture(file) and file not in known]
        return Listing(
            rows=_rows(train, names),
            test=_rows(test, names) if test else None,
            kinds={PICTURE: ColumnKind.PICTURE, BOXES: ColumnKind.BOXES},
            notices=_notices(form, items, counts, broken=[*broken.values()], strays=strays),
            likelihood=3.0,
        )

    def lacking(self, where: str) -> DataRejected:
        return DataRejected(
            f"{where} holds no boxes.",
            cure="Upload a ZIP of pictures with their boxes as COCO JSON, Pascal VOC XML, YOLO text or CSV.",
            code="no-boxes",
        )

    def beside(self, pictures: Sequence[TinyPicture]) -> dict[str, bytes | str]:
        rows = [",".join(map(str, (picture.name, "thing", *picture.box))) for picture in pictures]
        return {"boxes.csv": "\n".join(["file,category,x,y,width,height", *rows])}


def _sound(folder: Path, items: Sequence[Item]) -> tuple[list[Item], dict[str, str]]:
    """The items whose pictures can be decoded, and why the others cannot, by their paths."""
    broken = faults(folder, check([folder / item.picture for item in items]))
    refuse_broken(
        [*broken.values()], len(items), what=f"{len(items):,} pictures",
        cure="Save it again, or take it out with its boxes.",
    )  # fmt: skip
    return [item for item in items if item.picture not in broken], broken


def _rows(items: Sequence[Item], names: Sequence[str]) -> DataFrame:
    """A row an item; the categories ride along, as pandas writes them into Parquet."""
    import pandas as pd

    said = [
        [{"category": box.category, "bbox": [round(part, 2) for part in box.bbox]} for box in item.boxes]
        for item in items
    ]
    rows = pd.DataFrame({PICTURE: [item.picture for item in items], BOXES: [json.dumps(one) for one in said]})
    rows.attrs["categories"] = list(names)
    return rows


def _notices(
    form: str, items: Sequence[Item], counts: Counter[str], *, broken: Sequence[str], strays: Sequence[str]
) -> tuple[Notice, ...]:
    named = ", ".join(f"'{name}' {count:,}" for name, count in counts.most_common(NAMED))
    more = f" and {len(counts) - NAMED} more" if len(counts) > NAMED else ""
    empty = sum(not item.boxes for item in items)
    without = f"; {empty:,} pictures have none" if empty else ""
    found = [
        Notice(
            code="boxes",
            message=f"Boxes, read as {form}: {named}{more}, {counts.total() / len(items):.1f} a picture{without}.",
        )
    ]
    found += listed("broken-pictures", broken, "that cannot be read, left out with its boxes")
    found += listed("pictures-without-boxes", strays, "that no file of boxes names, left out")
    few = [f"'{name}' ({count})" for name, count in counts.items() if count < _FEW]
    if few:
        found.append(
            Notice(
                code="rare-categories",
                message=f"Fewer than {_FEW} boxes, and so hardly to be learned: {', '.join(few[:NAMED])}.",
                severity=Severity.WARNING,
                cure="Add pictures that show them.",
                column=BOXES,
            )
        )
    return tuple(found)
