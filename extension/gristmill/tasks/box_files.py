"""Pictures with boxes among a dataset's files, as four kinds of files have them.

COCO        a .json with images, annotations and categories
Pascal VOC  an .xml a picture, with an object element a box
YOLO        a .txt a picture in a folder labels, a line a box: class, center and size as shares of the picture
a table     a .csv with a row a box: a file, a category, and x, y, width, height or the four sides

Each reader gives items: a picture, and its boxes in pixels. Whatever is wrong is named with its file, and its line.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

from gristmill.errors import DataRejected
from gristmill.pictures import PictureUnreadable, is_picture, size_of
from gristmill.tasks.mask_classes import find_classes_file, read_classes

__all__ = ["Box", "Item", "read_items"]

_LARGEST = 200_000_000  # bytes of a file of boxes
_SLACK = 2.0  # pixels by which a box may stand over: rounding
_PARTS = {
    **dict.fromkeys(["test", "testing", "holdout", "test2017"], "test"),
    **dict.fromkeys(["val", "valid", "validation", "dev", "val2017"], "valid"),
}
_COLUMNS = {
    "file": "file filename file_name image image_path path picture image_name img name image_id",
    "category": "category class label class_name category_name name object type",
    "x": "x xmin x_min x1 left bbox_x", "y": "y ymin y_min y1 top bbox_y",
    "width": "width w bbox_width box_width bbox_w", "height": "height h bbox_height box_height bbox_h",
    "right": "xmax x_max x2 right", "bottom": "ymax y_max y2 bottom",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    """One thing in a picture: its category, and left, top, width and height in pixels; `where` it is said."""

    category: str
    bbox: tuple[float, float, float, float]
    where: str


@dataclass(slots=True)
class Item:
    """A picture with its boxes; `part` is train, test or valid."""

    picture: str
    part: str
    boxes: list[Box] = field(default_factory=list)


def read_items(folder: Path, files: Sequence[str]) -> tuple[str, list[Item]] | None:
    """What the boxes' files are called, and the items; None where there are none."""
    pictures = _Pictures(files)
    if not pictures:
        return None
    readers: tuple[tuple[str, Callable[[Path, Sequence[str], _Pictures], list[Item]]], ...] = (
        ("COCO", _coco),
        ("Pascal VOC", _voc),
        ("YOLO", _yolo),
        ("a table of boxes", _table),
    )
    for name, reader in readers:
        items = reader(folder, files, pictures)
        if items:
            return name, _checked(folder, items)
    return None


class _Pictures:
    """The dataset's pictures, found by path or by name."""

    def __init__(self, files: Sequence[str]) -> None:
        self._paths = {file for file in files if is_picture(file)}
        self._by_name: dict[str, list[str]] = {}
        for path in sorted(self._paths):
            for name in (PurePosixPath(path).name.lower(), PurePosixPath(path).stem.lower()):
                self._by_name.setdefault(name, []).append(path)

    def __len__(self) -> int:
        return len(self._paths)

    def find(self, named: str, beside: str, where: str) -> str:
        """The picture that the file `beside` names so; DataRejected where there is none, or more than one."""
        parts = PurePosixPath(named.replace("\\", "/")).parts
        above = PurePosixPath(beside).parent
        for base in (above, *above.parents):
            if (direct := (base / PurePosixPath(*parts)).as_posix()) in self._paths:
                return direct
        found = self._by_name.get(parts[-1].lower() if parts else "", [])
        near = [path for path in found if part_of(path) == part_of(beside)] if len(found) > 1 else found
        if len(near) == 1:
            return near[0]
        if not found:
            raise _refused(
                "boxes-without-pictures",
                f"{where} names the picture {named[:120]!r}, which is not there.",
                "Put the picture into the ZIP, or take its boxes out.",
            )
        raise _refused(
            "boxes-without-pictures",
            f"{where} names the picture {named[:120]!r}, and there are {len(found)} of that name.",
            "Name it with its folder.",
        )


def part_of(path: str) -> str:
    """What a path's words say that a file is for."""
    for word in reversed(re.split(r"[/._\- ]+", path.lower())):
        if word in _PARTS:
            return _PARTS[word]
    return "train"


def _coco(folder: Path, files: Sequence[str], pictures: _Pictures) -> list[Item]:
    items: list[Item] = []
    for file in files:
        if not file.lower().endswith(".json") or (folder / file).stat().st_size > _LARGEST:
            continue
        text = (folder / file).read_text(encoding="utf-8-sig", errors="replace")
        try:
            said = json.loads(text)
        except json.JSONDecodeError as error:
            if any(f'"{word}"' in text for word in ("images", "annotations", "categories")):  # it was meant as COCO's
                raise _refused(
                    "boxes-file", f"{file}, line {error.lineno} is no JSON: {error.msg}.",
                    "Write it anew; it may have been cut off.",
                ) from None  # fmt: skip
            continue
        except RecursionError:
            continue
        if isinstance(said, dict) and isinstance(said.get("images"), list) and "annotations" in said:
            try:
                items += _of_coco(said, file, pictures)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise _refused(
                    "boxes-file",
                    f"{file} is not as COCO has it: {type(error).__name__} {str(error)[:80]}.",
                    "Each annotation needs image_id, category_id and bbox; each category id and name.",
                ) from None
    return items


def _of_coco(said: dict[str, Any], file: str, pictures: _Pictures) -> list[Item]:
    names = {category["id"]: str(category["name"]) for category in said.get("categories", ())}
    items = {
        image["id"]: Item(pictures.find(str(image["file_name"]), file, file), part_of(file)) for image in said["images"]
    }
    for place, annotation in enumerate(said["annotations"], start=1):
        where = f"{file}, annotation {annotation.get('id', place)},"
        if annotation["category_id"] not in names:
            raise _refused(
                "unknown-category",
                f"{where} has the category {annotation['category_id']}, which categories does not name.",
                "Add it to categories, or mend the annotation.",
            )
        if annotation["image_id"] not in items:
            raise _refused(
                "boxes-without-pictures",
                f"{where} is of the image {annotation['image_id']}, which images does not name.",
                "Add it to images, or take the annotation out.",
            )
        if not annotation.get("iscrowd"):
            items[annotation["image_id"]].boxes.append(
                Box(names[annotation["category_id"]], _four(annotation["bbox"], where), where.rstrip(","))
            )
    return list(items.values())


def _four(said: Any, where: str) -> tuple[float, float, float, float]:
    try:
        x, y, width, height = (float(part) for part in said)
    except (TypeError, ValueError):
        raise _refused(
            "boxes-file", f"{where} has the bbox {str(said)[:60]}.", "Give left, top, width and height, in pixels."
        ) from None
    return x, y, width, height


def _voc(folder: Path, files: Sequence[str], pictures: _Pictures) -> list[Item]:
    items = []
    for file in files:
        if not file.lower().endswith(".xml"):
            continue
        text = (folder / file).read_bytes()[:5_000_000]
        if b"<!ENTITY" in text or b"<annotation" not in text:  # entities can blow up; VOC has none
            continue
        try:
            root = ElementTree.fromstring(text)
            named = root.findtext("filename") or PurePosixPath(file).stem
            if not is_picture(named):
                named = PurePosixPath(file).stem
            item = Item(pictures.find(named, file, file), part_of(file))
            for number, thing in enumerate(root.iter("object"), start=1):
                sides = [float(thing.findtext(f"bndbox/{side}") or "nan") for side in ("xmin", "ymin", "xmax", "ymax")]
                left, top, right, bottom = sides
                box = (left, top, right - left, bottom - top)
                item.boxes.append(Box((thing.findtext("name") or "").strip(), box, f"{file}, object {number}"))
        except (ElementTree.ParseError, ValueError) as error:
            raise _refused("boxes-file", f"{file} is not as Pascal VOC has it: {error}.", "Write it anew.") from None
        items.append(item)
    return items


def _yolo(folder: Path, files: Sequence[str], pictures: _Pictures) -> list[Item]:
    listed = find_classes_file(files)
    texts = [file for file in files if file.lower().endswith(".txt") and file != listed]
    labels = [file for file in texts if "labels" in PurePosixPath(file.lower()).parts[:-1]]
    if not labels:
        return []
    names = _yolo_names(folder, files, listed)
    items = []
    for file in labels:
        picture = pictures.find(PurePosixPath(file).stem, re.sub("labels", "images", file, flags=re.I), file)
        item = Item(picture, part_of(file))
        lines = (folder / file).read_text(encoding="utf-8-sig", errors="replace").splitlines()
        try:
            width, height = size_of(folder / picture) if lines else (1, 1)
        except PictureUnreadable:
            lines = []  # it is looked over, and named, with all pictures
        for number, line in enumerate(lines, start=1):
            if line.strip():
                item.boxes.append(_of_line(line, f"{file}, line {number}", names, (width, height)))
        items.append(item)
    return items


def _of_line(line: str, where: str, names: dict[int, str] | None, size: tuple[int, int]) -> Box:
    parts = line.split()
    try:
        number = int(parts[0])
        x, y, width, height = _of_outline(parts[1:]) if len(parts) > 6 else [float(part) for part in parts[1:5]]
    except ValueError:
        raise _refused(
            "boxes-file", f"{where} is {line[:60]!r}.", "Write a class, the center and the size: 0 0.5 0.5 0.2 0.1"
        ) from None
    if names is not None and number not in names:
        raise _refused(
            "unknown-category",
            f"{where} has the class {number}, and {len(names)} classes are named.",
            "Name it in the classes file, or mend the line.",
        )
    across, down = size
    box = ((x - width / 2) * across, (y - height / 2) * down, width * across, height * down)
    return Box(names[number] if names else f"class {number}", box, where)


def _of_outline(parts: Sequence[str]) -> tuple[float, float, float, float]:
    """The center and the size of a box round an outline, written as x y x y and so on; ValueError if it is none."""
    points = [(float(x), float(y)) for x, y in zip(parts[::2], parts[1::2], strict=True)]
    (left, right), (top, bottom) = ((min(along), max(along)) for along in zip(*points, strict=True))
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def _yolo_names(folder: Path, files: Sequence[str], listed: str | None) -> dict[int, str] | None:
    if listed:
        return {value or 0: name for name, value, is_colour in read_classes(folder / listed, listed) if not is_colour}
    described = next((file for file in files if file.lower().endswith((".yaml", ".yml"))), None)
    if described is None:
        return None
    text = (folder / described).read_text(encoding="utf-8", errors="replace")
    block = re.search(r"^names:\s*(\[[^\]]*\]|\{[^}]*\}|(?:\n[ \t-]+.*)+)", text, re.MULTILINE)
    if block is None:
        return None
    entries = re.findall(r"[^\n,\[\]{}]+", block[1])
    names: dict[int, str] = {}
    for entry in (entry.strip().lstrip("-").strip() for entry in entries):
        if not entry:
            continue
        number, colon, name = entry.partition(":")
        keyed = bool(colon) and number.strip().isdigit()
        names[int(number) if keyed else len(names)] = (name if keyed else entry).strip().strip("'\"")
    return names or None


def _table(folder: Path, files: Sequence[str], pictures: _Pictures) -> list[Item]:
    items: dict[str, Item] = {}
    for file in files:
        if not file.lower().endswith(".csv") or (folder / file).stat().st_size > _LARGEST:
            continue
        with (folder / file).open(encoding="utf-8-sig", errors="replace", newline="") as opened:
            rows = csv.reader(opened)
            places = _columns(next(rows, []))
            if places is None:
                continue
            for row in rows:
                if any(cell.strip() for cell in row):
                    _add_row(items, row, places, file, rows.line_num, pictures)
    return list(items.values())


def _columns(header: Sequence[str]) -> dict[str, int] | None:
    """Where in a row what stands; None for a table of something else."""
    names = [name.strip().lower() for name in header]
    places: dict[str, int] = {}
    for what, known in _COLUMNS.items():
        place = next((names.index(word) for word in known.split() if word in names), None)
        if place is not None and place not in places.values():
            places[what] = place
    has_size = {"x", "y", "width", "height"} <= places.keys() or {"x", "y", "right", "bottom"} <= places.keys()
    return places if has_size and {"file", "category"} <= places.keys() else None


def _add_row(
    items: dict[str, Item], row: Sequence[str], places: dict[str, int], file: str, line: int, pictures: _Pictures
) -> None:
    where = f"{file}, line {line}"
    try:
        picture = pictures.find(row[places["file"]].strip(), file, where)
        item = items.setdefault(picture, Item(picture, part_of(file if part_of(file) != "train" else picture)))
        if not row[places["x"]].strip() and not row[places["category"]].strip():
            return  # a picture with nothing in it
        x, y = float(row[places["x"]]), float(row[places["y"]])
        if "right" in places and "bottom" in places:
            width, height = float(row[places["right"]]) - x, float(row[places["bottom"]]) - y
        else:
            width, height = float(row[places["width"]]), float(row[places["height"]])
    except (ValueError, IndexError):
        raise _refused(
            "boxes-file", f"{where} is not a box: {','.join(row)[:80]!r}.", "Give it four numbers."
        ) from None
    item.boxes.append(Box(row[places["category"]].strip(), (x, y, width, height), where))


def _checked(folder: Path, items: Sequence[Item]) -> list[Item]:
    """The items with boxes that lie within their pictures; what stands over by rounding is cut."""
    found = []
    for item in items:
        try:
            width, height = size_of(folder / item.picture)
        except PictureUnreadable:
            found.append(Item(item.picture, item.part, item.boxes))  # looked over, and named, with all pictures
            continue
        found.append(Item(item.picture, item.part, [_fitting(box, item.picture, width, height) for box in item.boxes]))
    return found


def _fitting(box: Box, picture: str, width: int, height: int) -> Box:
    x, y, w, h = box.bbox
    if not box.category:
        raise _refused("unknown-category", f"{box.where} has no category.", "Give it one.")
    if not all(map(math.isfinite, box.bbox)):
        raise _refused("boxes-file", f"{box.where} lacks a side of its box.", "Give all four, as numbers.")
    if not (w > 0 and h > 0):
        raise _refused("empty-box", f"{box.where} is empty: {w:g} by {h:g} pixels.", "Mend it, or take it out.")
    inside = x >= -_SLACK and y >= -_SLACK and x + w <= width + _SLACK and y + h <= height + _SLACK
    if not inside:
        raise _refused(
            "box-outside",
            f"{box.where} stands out of its picture {picture}: it reaches from {x:g}, {y:g} to {x + w:g}, {y + h:g}, "
            f"the picture has {width:,} by {height:,} pixels.",
            "Mend the box; if the picture was made smaller, make its boxes smaller with it.",
        )
    left, top = max(x, 0.0), max(y, 0.0)
    return Box(box.category, (left, top, min(x + w, width) - left, min(y + h, height) - top), box.where)


def _refused(code: str, what: str, cure: str) -> DataRejected:
    return DataRejected(what, cure=cure, code=code)
