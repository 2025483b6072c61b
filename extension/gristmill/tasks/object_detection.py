"""Object detection: what is in a picture, and where?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.errors import DataRejected
from gristmill.pictures import check, is_picture
from gristmill.records import ColumnKind, Notice, Profile, Resources, Role, Severity
from gristmill.tasks import holdout
from gristmill.tasks.base import Candidate, Listing, LoadPlan, Metric, TaskKind
from gristmill.tasks.box_files import Item, read_items

if TYPE_CHECKING:
    from pandas import DataFrame, Series

__all__ = ["ObjectDetection"]

PICTURE, BOXES = "picture", "boxes"
_FEW = 20  # with fewer boxes a category is hardly learned
_NAMED = 8
_TOLERATED = 0.05  # share of the pictures that may be broken

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


class ObjectDetection(TaskKind):
    """Boxes round the things in a picture, each with its category."""

    name = "object-detection"
    title = "Object detection"
    summary = "what is in a picture, and where"
    recipe = "detection.ipynb"
    answers = ("json",)
    engine = "gristmill.engines.detection:DetectionEngine"
    tiny_target = BOXES
    metrics = (MAP, MAP_50, MAP_75)

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
        held = "test" if any(item.part == "test" for item in items) else "valid"
        train = [item for item in items if item.part != held]
        test = [item for item in items if item.part == held]
        if not train:
            train, test = test, []
        names = sorted(counts)
        listed = {item.picture for item in items} | set(broken)
        return Listing(
            rows=_rows(train, names),
            test=_rows(test, names) if test else None,
            kinds={PICTURE: ColumnKind.PICTURE, BOXES: ColumnKind.BOXES},
            notices=_notices(
                form, items, counts, broken, [file for file in files if is_picture(file) and file not in listed]
            ),
            likelihood=3.0,
        )

    def tiny(self, folder: Path) -> Path:
        import io
        import zipfile

        from PIL import Image, ImageDraw

        path = folder / "tiny.zip"
        rows = ["file,category,x,y,width,height"]
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(24):
                x, y = number % 6 * 4, number // 6 * 5
                drawn, held = Image.new("RGB", (48, 48), (60, 60, 90)), io.BytesIO()
                ImageDraw.Draw(drawn).rectangle((x, y, x + 19, y + 17), fill=(200, 120 + number, 60))
                drawn.save(held, format="PNG")
                archive.writestr(f"images/{number:02d}.png", held.getvalue())
                rows.append(f"{number:02d}.png,thing,{x},{y},20,18")
            archive.writestr("boxes.csv", "\n".join(rows))
        return path

    def candidates(self, profile: Profile, target: str | None = None) -> tuple[Candidate, ...]:
        if profile.arranged != self.name or target not in (None, BOXES):
            return ()
        return (
            Candidate(
                target=BOXES,
                likelihood=10.0,
                sure=True,
                target_reason="Each picture has boxes that say what is where.",
                task_reason="Boxes show where things are, so a model can learn to find them.",
            ),
        )

    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        if profile.arranged != self.name or target != BOXES:
            raise DataRejected(
                f"'{target}' of {profile.main.path} holds no boxes.",
                cure="Upload a ZIP of pictures with their boxes as COCO JSON, Pascal VOC XML, YOLO text or CSV.",
                code="no-boxes",
            )
        return ()

    def metrics_for(self, profile: Profile, target: str) -> tuple[Metric, ...]:
        del profile, target
        return self.metrics

    def metric_reason(self, profile: Profile, target: str) -> str:
        del profile, target
        return (
            "mAP is what detectors are compared by: it asks for every thing, for no false ones, and for boxes that fit."
        )

    def load(self, folder: Path, profile: Profile, plan: LoadPlan) -> tuple[DataFrame, DataFrame]:
        rows = _read(folder, profile, Role.TRAIN)
        names = rows.attrs["categories"]
        if any(table.role is Role.TEST for table in profile.tables):
            held = _read(folder, profile, Role.TEST)
        else:
            mask = holdout.draw(len(rows), plan.seed)
            rows, held = rows.loc[~mask].reset_index(drop=True), rows.loc[mask].reset_index(drop=True)
        rows.attrs["categories"] = held.attrs["categories"] = names
        return rows, held

    def problem_type(self, target: Series) -> str:
        del target
        return "object_detection"

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
        return {"candidates": {"Centers-96": {"kind": "network", "size": 96, "batch": 2}}}, (notice,)


def _sound(folder: Path, items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """The items whose pictures can be decoded, and why the others cannot."""
    looks = check([folder / item.picture for item in items])
    broken = {item.picture: look.fault for item, look in zip(items, looks, strict=True) if look.fault}
    if len(broken) > _TOLERATED * len(items):
        raise DataRejected(
            next(iter(broken.values())),
            cause=f"{len(broken):,} of {len(items):,} pictures cannot be read." if len(broken) > 1 else "",
            cure="Save it again, or take it out with its boxes.",
            code="broken-pictures",
        )
    return [item for item in items if item.picture not in broken], list(broken)


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


def _read(folder: Path, profile: Profile, role: Role) -> DataFrame:
    """A listing with absolute paths."""
    import pandas as pd

    table = next(table for table in profile.tables if table.role is role)
    rows = pd.read_parquet(folder / table.path)
    rows[PICTURE] = [str(folder / path) for path in rows[PICTURE]]
    return rows


def _notices(
    form: str, items: Sequence[Item], counts: Counter[str], broken: Sequence[str], strays: Sequence[str]
) -> tuple[Notice, ...]:
    listed = ", ".join(f"'{name}' {count:,}" for name, count in counts.most_common(_NAMED))
    more = f" and {len(counts) - _NAMED} more" if len(counts) > _NAMED else ""
    empty = sum(not item.boxes for item in items)
    without = f"; {empty:,} pictures have none" if empty else ""
    found = [
        Notice(
            code="boxes",
            message=f"Boxes, read as {form}: {listed}{more}, {counts.total() / len(items):.1f} a picture{without}.",
        )
    ]
    found += _listed("broken-pictures", broken, "cannot be read, and are left out")
    found += _listed("pictures-without-boxes", strays, "are named by no file of boxes, and are left out")
    few = [f"'{name}' ({count})" for name, count in counts.items() if count < _FEW]
    if few:
        found.append(
            Notice(
                code="rare-categories",
                message=f"Fewer than {_FEW} boxes, and so hardly to be learned: {', '.join(few[:_NAMED])}.",
                severity=Severity.WARNING,
                cure="Add pictures that show them.",
                column=BOXES,
            )
        )
    return tuple(found)


def _listed(code: str, files: Sequence[str], what: str) -> list[Notice]:
    if not files:
        return []
    message = f"{len(files):,} picture{'s' if len(files) > 1 else ''} {what}: {', '.join(files[:_NAMED])}."
    return [Notice(code=code, message=message, severity=Severity.WARNING)]
