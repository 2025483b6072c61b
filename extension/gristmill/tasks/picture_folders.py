"""Pictures and their classes as one table, from folders named as the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.pictures import Look, is_picture
from gristmill.records import ColumnKind, Notice, Severity
from gristmill.tasks.base import Listing
from gristmill.tasks.class_folders import Filed, sort_by_folder
from gristmill.tasks.picture_listing import counted, facts, looked_over, some, these

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["CLASS", "PICTURE", "from_folders"]

PICTURE, CLASS = "picture", "class"
FEWEST = 20
MOST_CLASSES = 10_000  # more folders are no classes, whatever they are
_OTHERWISE = frozenset(
    {"image", "images", "img", "imgs", "mask", "masks", "label", "labels", "annotation", "annotations", "annotated",
     "gt", "groundtruth", "ground_truth", "segmentation", "segmentations", "jpegimages", "segmentationclass",
     "segmentationobject", "imagesets", "bbox", "boxes"}
)  # fmt: skip
_MASKS = _OTHERWISE - {"image", "images", "img", "imgs", "jpegimages", "label", "labels"}
_UNREAD = (
    *(".heic", ".heif", ".avif", ".svg", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".jp2", ".jxl", ".psd"),
    ".tga",
)


def from_folders(folder: Path, files: Sequence[str]) -> Listing | None:
    """The listing of pictures that lie in folders named as their class; None where that is not how they lie."""
    found = [file for file in files if is_picture(file)]
    if not found:
        _refuse_unread(files)
        return None
    filed = sort_by_folder(files, is_picture)
    if filed is None:
        return _unsorted(found, files)
    names = set(filed.classes.values())
    lower = {name.lower() for name in names}
    if lower <= _OTHERWISE or (lower & _MASKS and len(names) <= 3):
        return None
    rows = list(filed.classes)
    if len(rows) < FEWEST and len(found) == len(files):
        raise DataRejected(
            f"There are only {len(rows):,} pictures, too few to learn from and to test what was learned.",
            cure=f"Give at least {FEWEST} pictures; some hundreds are better.",
            code="too-few-rows",
        )
    if len(names) > MOST_CLASSES:
        raise DataRejected(
            f"The pictures lie in {len(names):,} folders, more classes than {MOST_CLASSES:,}.",
            cure="Put all pictures of one class into one folder.",
            code="too-many-classes",
        )
    looks, notices = looked_over(folder, rows)
    train = _frame([(file, filed.classes[file]) for file in rows if file in looks and file not in filed.held_out])
    test = _frame([(file, filed.classes[file]) for file in rows if file in looks and file in filed.held_out])
    notices += [*_of_folders(folder, filed, looks, files), *_unread(files)]
    notices += _twins(looks, filed.classes, filed.held_out)
    alone = len(found) >= 0.9 * len(files)
    return Listing(
        rows=train,
        test=test if len(test) else None,
        kinds={PICTURE: ColumnKind.PICTURE, CLASS: ColumnKind.CATEGORY},
        notices=tuple(notices),
        facts=facts(PICTURE, looks.values()),
        likelihood=0.2 if len(names) == 1 else 0.7 if alone else 0.5,
    )


def _unsorted(found: Sequence[str], files: Sequence[str]) -> Listing | None:
    """Pictures that lie in no folder have one class at most; that is said where nothing else could be meant."""
    marked = sum(any(word in file.lower() for word in ("mask", "label", "_gt", "seg")) for file in found)
    if not found or len(found) < len(files) or marked > 0.3 * len(found):
        return None
    raise DataRejected(
        f"The archive's {len(found):,} pictures lie in one folder, and nothing says what they are.",
        cure="Put the pictures of each class into a folder named as the class, or add a CSV with the columns path and "
        "label.",
        code="one-class",
    )


def _frame(rows: Sequence[tuple[str, str]]) -> DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=[PICTURE, CLASS])


def _refuse_unread(files: Sequence[str]) -> None:
    """Refuse an archive of pictures none of which can be read; nothing where it is something else."""
    strange = [file for file in files if file.lower().endswith(_UNREAD)]
    if len(strange) > 0.9 * len(files) and strange:
        kinds = sorted({PurePosixPath(file).suffix.lower() for file in strange})
        raise DataRejected(
            f"The archive's {counted(len(strange), 'picture')} are in a form that is not read ({', '.join(kinds)}).",
            cure="Save them as JPEG or PNG.",
            code="pictures-unread",
        )


def _unread(files: Sequence[str]) -> list[Notice]:
    """A notice of pictures in forms that are not read."""
    strange = [file for file in files if file.lower().endswith(_UNREAD)]
    if not strange:
        return []
    return [
        Notice(
            code="pictures-unread",
            message=f"{these(len(strange), 'picture')} in a form that is not read, and not used: {some(strange)}.",
            severity=Severity.WARNING,
            cure="Save them as JPEG or PNG.",
        )
    ]


def _of_folders(folder: Path, filed: Filed, looks: dict[str, Look], files: Sequence[str]) -> list[Notice]:
    notices = []
    learned = {filed.classes[file] for file in looks if file not in filed.held_out}
    empty = sorted((set(filed.classes.values()) | _empty_folders(folder, filed, files)) - learned)
    if empty:
        notices.append(
            Notice(
                code="empty-class",
                message=f"The {'folder' if len(empty) == 1 else 'folders'} {some(empty)} "
                f"{'has' if len(empty) == 1 else 'have'} no picture to learn from, so the model will never answer "
                f"with {'it' if len(empty) == 1 else 'them'}.",
                severity=Severity.WARNING,
                cure="Add pictures, or take the folder out.",
            )
        )
    if filed.unlabelled:
        notices.append(
            Notice(
                code="rows-to-predict",
                message=f"{these(len(filed.unlabelled), 'picture')} in no folder of a class: they can be predicted "
                "later, though they cannot tell how good the model is.",
            )
        )
    if filed.other_levels:
        notices.append(
            Notice(
                code="other-folders",
                message="The folders lie in more than one level; those taken for classes are "
                f"{some(sorted(learned)[:4])}, and not {some(list(filed.other_levels))}.",
                severity=Severity.DOUBT,
                cure="If that is wrong, put all pictures of a class into one folder.",
            )
        )
    return notices


def _empty_folders(folder: Path, filed: Filed, files: Sequence[str]) -> set[str]:
    """Folders beside those of the classes that hold no picture, and perhaps no file at all."""
    above = {PurePosixPath(file).parts[: PurePosixPath(file).parts.index(name)] for file, name in filed.classes.items()}
    beside = set()
    for file in files:
        parts = PurePosixPath(file).parts
        beside |= {parts[len(top)] for top in above if parts[: len(top)] == top and len(parts) > len(top) + 1}
    for top in above:
        here = folder.joinpath(*top)
        beside |= {entry.name for entry in here.iterdir() if entry.is_dir() and not any(entry.iterdir())}
    return beside - _OTHERWISE


def _twins(looks: dict[str, Look], classes: dict[str, str], held_out: frozenset[str]) -> list[Notice]:
    """The same picture under two classes, and the same picture on both sides of the test."""
    by_digest: dict[bytes, list[str]] = {}
    for file, look in looks.items():
        by_digest.setdefault(look.digest, []).append(file)
    shared = [files for files in by_digest.values() if len(files) > 1]
    torn = [files for files in shared if len({classes[file] for file in files}) > 1]
    leaked = [files for files in shared if len({file in held_out for file in files}) > 1]
    notices = []
    if torn:
        notices.append(
            Notice(
                code="picture-in-two-classes",
                message=f"{these(len(torn), 'picture')} the same in two classes, such as {some(torn[0][:2])}: no "
                "model can get both right.",
                severity=Severity.WARNING,
                cure="Take one of each out.",
            )
        )
    if leaked:
        notices.append(
            Notice(
                code="picture-in-test",
                message=f"{these(len(leaked), 'picture')} among those to train on and among those held out, such as "
                f"{some(leaked[0][:2])}: the score will look better than it is.",
                severity=Severity.WARNING,
                cure="Take them out of one side.",
            )
        )
    elif shared and not torn:
        extra = Counter(len(files) for files in shared)
        notices.append(
            Notice(
                code="picture-twins",
                message=f"{these(sum((size - 1) * many for size, many in extra.items()), 'picture')} a copy of "
                f"another one, such as {some(shared[0][:2])}.",
                severity=Severity.INFO,
            )
        )
    return notices
