"""Pictures and their classes as one table, from folders named as the classes or from a list of paths and labels.

Every picture is opened to its end before it is listed. A few broken ones are left out, and named; where more than one
in twenty is broken, something went wrong on the way here, and the data is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gristmill import pictures
from gristmill.errors import DataRejected, NotPossible
from gristmill.pictures import Look, is_picture
from gristmill.records import ColumnKind, Notice, Severity
from gristmill.tasks.base import Listing
from gristmill.tasks.class_folders import Filed, sort_by_folder

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["CLASS", "PICTURE", "from_folders", "from_list"]

PICTURE, CLASS = "picture", "class"
BROKEN = 0.05  # the share of pictures, or of rows, that may be unusable
FEWEST = 20
MOST_CLASSES = 10_000  # more folders are no classes, whatever they are
MOST_BYTES = 100_000_000  # of one picture's file
_NAMED = 8
_OTHERWISE = frozenset(
    {"image", "images", "img", "imgs", "mask", "masks", "label", "labels", "annotation", "annotations", "annotated",
     "gt", "groundtruth", "ground_truth", "segmentation", "segmentations", "jpegimages", "segmentationclass",
     "segmentationobject", "imagesets", "bbox", "boxes"}
)  # fmt: skip
_MASKS = _OTHERWISE - {"image", "images", "img", "imgs", "jpegimages", "label", "labels"}
_MASKED = ("mask", "label", "annot", "seg", "truth")  # of which a column of pictures holds no photographs
_UNREAD = (
    *(".heic", ".heif", ".avif", ".svg", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".jp2", ".jxl", ".psd"),
    ".tga",
)
_BOXES = frozenset(
    {"xmin", "ymin", "xmax", "ymax", "x1", "y1", "x2", "y2", "bbox", "box", "boxes", "left", "top", "right", "bottom",
     "x_min", "y_min"}
)  # fmt: skip


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
    looks, notices = _looked_over(folder, rows)
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
        facts=_facts(PICTURE, looks.values()),
        likelihood=0.2 if len(names) == 1 else 0.7 if alone else 0.5,
    )


def from_list(folder: Path, files: Sequence[str]) -> Listing | None:
    """The listing that a table of paths and labels makes; None where no table names the pictures."""
    from gristmill.tables import is_table

    found = [file for file in files if is_picture(file)]
    tables = [file for file in files if is_table(folder / file)] if found else []
    lists = [one for file in tables[:20] if (one := _read_list(folder, file, found)) is not None]
    most = max((len(one.further) for one in lists), default=0)
    lists = [one for one in lists if len(one.further) == most]
    if not lists:
        return None
    train = [one for one in lists if not one.holds_out] or lists
    test = [one for one in lists if one.holds_out and one not in train and set(train[0].columns) <= set(one.columns)]
    column = train[0].column
    parts, notices = [], []
    for group in (train, test):
        frames = [one.renamed(column) for one in group if set(train[0].columns) <= set(one.renamed(column).columns)]
        parts.append(_joined(frames, train[0].columns))
    for one in [*train, *test]:
        notices += one.notices()
    columns = (column, *train[0].further)
    listed = dict.fromkeys(
        path for part in parts if part is not None for name in columns for path in part[name] if isinstance(path, str)
    )
    looks, broken = _looked_over(folder, list(listed))
    left = sorted(set(found) - set(listed))
    if left:
        notices.append(
            Notice(
                code="pictures-unlisted",
                message=f"{_these(len(left), 'picture')} in no row of {train[0].path}, and not used: {_some(left)}.",
                severity=Severity.WARNING if len(left) > BROKEN * len(found) else Severity.INFO,
            )
        )
    sound = [None if part is None else _with_all(part, columns, looks) for part in parts]
    if sound[0] is None:
        return None
    return Listing(
        rows=sound[0],
        test=sound[1],
        kinds=dict.fromkeys(columns, ColumnKind.PICTURE),
        notices=(*notices, *broken),
        facts=_facts(column, looks.values()),
        likelihood=0.8,
    )


# --- lists -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _List:
    """A table that names pictures in `column`; `rows` holds those it could find, under their paths in the archive.

    There may be `further` columns of pictures, in which a row may also have none.
    """

    path: str
    column: str
    further: tuple[str, ...]
    rows: DataFrame
    missing: tuple[tuple[int, str], ...]  # line and value of what is not there
    many: int

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self.rows.columns]

    @property
    def holds_out(self) -> bool:
        return any(word in PurePosixPath(self.path).stem.lower() for word in ("test", "eval", "holdout"))

    def renamed(self, column: str) -> DataFrame:
        return self.rows.rename(columns={self.column: column})

    def notices(self) -> list[Notice]:
        """What is not there, named; DataRejected where that is too much."""
        if not self.missing:
            return []
        line, value = self.missing[0]
        one = len(self.missing) == 1
        message = (
            f"{self.path} names {_counted(len(self.missing), 'picture')} that {'is' if one else 'are'} not in the "
            f"archive, such as '{value}' in line {line:,}"
        )
        if len(self.missing) > BROKEN * self.many:
            raise DataRejected(
                f"{message}.",
                cure="Pack the pictures with the list, with their paths as the list has them.",
                code="pictures-missing",
            )
        return [Notice(code="pictures-missing", message=f"{message}; left out.", severity=Severity.WARNING)]


def _read_list(folder: Path, file: str, found: Sequence[str]) -> _List | None:
    from gristmill.tables import read, sniff

    try:
        form = sniff(folder / file)
        rows = read(folder / file, form)
    except DataRejected:
        return None
    places = _places(found)
    near = str(PurePosixPath(file).parent)
    matched = {}
    for name in rows.columns:
        values = [str(value) for value in rows[name]]
        sample = values[:: max(1, len(values) // 200)][:200]
        if sample and sum(_find(value, near, places) is not None for value in sample) > 0.5 * len(sample):
            matched[str(name)] = values
    if len(matched) > 1:  # numbers, too, may be names of pictures without their ending: paths go before them
        matched = {name: values for name, values in matched.items() if sum(map(is_picture, values)) > 0.5 * len(values)}
    words = {str(name).lower() for name in rows.columns}
    if not matched or len(rows.columns) <= len(matched) or len(words & _BOXES) > 1 or "bbox" in words:
        return None  # pictures alone are a picture and its mask; with boxes they are another task's
    if len(matched) > 1 and any(word in name.lower() for word in _MASKED for name in matched):
        return None
    column, *further = matched
    first = form.skip + 1 + form.header
    missing: dict[int, tuple[int, str]] = {}
    for name, values in matched.items():
        rows[name] = paths = [_find(value, near, places) for value in values]
        for row, (value, path) in enumerate(zip(values, paths, strict=True)):
            if path is None and (name == column or value.strip() not in ("", "nan", "None")):
                missing.setdefault(row, (first + row, value))
    kept = rows.drop(index=[rows.index[row] for row in missing]).reset_index(drop=True)
    return _List(
        path=file, column=column, further=tuple(further), rows=kept, missing=tuple(missing.values()), many=len(rows)
    )


def _places(found: Sequence[str]) -> dict[str, str | None]:
    """Pictures by every name that a list may use for them; None for a name that two of them share."""
    places: dict[str, str | None] = {}
    for file in found:
        path = PurePosixPath(file)
        for start in range(len(path.parts)):
            tail = PurePosixPath(*path.parts[start:])
            for name in (str(tail), str(tail.with_suffix(""))):
                places[name] = file if places.get(name, file) == file else None
    return places | {file: file for file in found}


def _find(value: str, near: str, places: dict[str, str | None]) -> str | None:
    name = value.strip().replace("\\", "/").removeprefix("./").lstrip("/")
    if not name:
        return None
    beside = str(PurePosixPath(near) / name)
    return places.get(beside) or places.get(name) or places.get(PurePosixPath(name).name)


def _with_all(rows: DataFrame, columns: Sequence[str], looks: dict[str, Look]) -> DataFrame:
    """The rows all of whose pictures can be used."""
    broken = [rows[name].notna() & ~rows[name].isin(list(looks)) for name in columns]
    return rows[~reduce(or_, broken)].reset_index(drop=True)


def _joined(frames: Sequence[DataFrame], columns: Sequence[str]) -> DataFrame | None:
    import pandas as pd

    return pd.concat([frame[list(columns)] for frame in frames], ignore_index=True) if frames else None


# --- all -------------------------------------------------------------------------------------------------------------


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


def _looked_over(folder: Path, files: Sequence[str]) -> tuple[dict[str, Look], list[Notice]]:
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
            message=f"{_these(len(broken), 'picture')} left out, as {'it' if one else 'they'} cannot be opened: "
            f"{' '.join(fault for _, fault in broken[:_NAMED])}"
            + (f" And {len(broken) - _NAMED:,} more." if len(broken) > _NAMED else ""),
            severity=Severity.WARNING,
            cure="Save it again if it matters." if one else "Save them again if they matter.",
        )
    ]


def _frame(rows: Sequence[tuple[str, str]]) -> DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=[PICTURE, CLASS])


def _facts(column: str, looks: Any) -> dict[str, str]:
    """The column that holds the pictures, and the longer side of the middle one."""
    sides = sorted(max(look.width, look.height) for look in looks)
    return {"picture": column, "side": str(sides[len(sides) // 2] if sides else 0)}


def _unread(files: Sequence[str]) -> list[Notice]:
    """A notice of pictures in forms that are not read."""
    strange = [file for file in files if file.lower().endswith(_UNREAD)]
    if not strange:
        return []
    return [
        Notice(
            code="pictures-unread",
            message=f"{_these(len(strange), 'picture')} in a form that is not read, and not used: {_some(strange)}.",
            severity=Severity.WARNING,
            cure="Save them as JPEG or PNG.",
        )
    ]


def _refuse_unread(files: Sequence[str]) -> None:
    """Refuse an archive of pictures none of which can be read; nothing where it is something else."""
    strange = [file for file in files if file.lower().endswith(_UNREAD)]
    if len(strange) > 0.9 * len(files) and strange:
        kinds = sorted({PurePosixPath(file).suffix.lower() for file in strange})
        raise DataRejected(
            f"The archive's {_counted(len(strange), 'picture')} are in a form that is not read ({', '.join(kinds)}).",
            cure="Save them as JPEG or PNG.",
            code="pictures-unread",
        )


def _of_folders(folder: Path, filed: Filed, looks: dict[str, Look], files: Sequence[str]) -> list[Notice]:
    notices = []
    learned = {filed.classes[file] for file in looks if file not in filed.held_out}
    empty = sorted((set(filed.classes.values()) | _empty_folders(folder, filed, files)) - learned)
    if empty:
        notices.append(
            Notice(
                code="empty-class",
                message=f"The {'folder' if len(empty) == 1 else 'folders'} {_some(empty)} "
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
                message=f"{_these(len(filed.unlabelled), 'picture')} in no folder of a class: they can be predicted "
                "later, though they cannot tell how good the model is.",
            )
        )
    if filed.other_levels:
        notices.append(
            Notice(
                code="other-folders",
                message="The folders lie in more than one level; those taken for classes are "
                f"{_some(sorted(learned)[:4])}, and not {_some(list(filed.other_levels))}.",
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
                message=f"{_these(len(torn), 'picture')} the same in two classes, such as {_some(torn[0][:2])}: no "
                "model can get both right.",
                severity=Severity.WARNING,
                cure="Take one of each out.",
            )
        )
    if leaked:
        notices.append(
            Notice(
                code="picture-in-test",
                message=f"{_these(len(leaked), 'picture')} among those to train on and among those held out, such as "
                f"{_some(leaked[0][:2])}: the score will look better than it is.",
                severity=Severity.WARNING,
                cure="Take them out of one side.",
            )
        )
    elif shared and not torn:
        extra = Counter(len(files) for files in shared)
        notices.append(
            Notice(
                code="picture-twins",
                message=f"{_these(sum((size - 1) * many for size, many in extra.items()), 'picture')} a copy of "
                f"another one, such as {_some(shared[0][:2])}.",
                severity=Severity.INFO,
            )
        )
    return notices


def _these(many: int, what: str) -> str:
    return f"{many:,} {what} is" if many == 1 else f"{many:,} {what}s are"


def _counted(many: int, what: str) -> str:
    return f"{many:,} {what}" if many == 1 else f"{many:,} {what}s"


def _some(names: Sequence[str]) -> str:
    shown = [f"'{name}'" for name in names[:_NAMED]]
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
