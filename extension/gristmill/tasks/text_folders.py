"""Folders of .txt files, one folder a class, as a table: one row a text.

    reviews/good/1.txt    reviews/train/good/1.txt    good/1.txt
    reviews/bad/2.txt     reviews/test/bad/2.txt      bad/2.txt

What lies above all of them says nothing; `train` and `test` say what a text is for; the next folder is its class, and
whatever lies below belongs to that class, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.records import ColumnKind, Notice, Severity
from gristmill.tables import is_table
from gristmill.tables.reading.plain import ENDINGS, decoded
from gristmill.tasks.base import Listing

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["listing_of"]

FEWEST = 20
TEXT, LABEL, FILE = "text", "label", "file"
_TRAIN = frozenset({"train", "training", "valid", "validation", "val", "dev"})  # AutoGluon draws its own to validate on
_TEST = frozenset({"test", "testing", "holdout"})
_NO_CLASS = frozenset({"unsup", "unlabeled", "unlabelled", "unknown"})
_MOST_OTHERS = 0.2  # the share of other files beyond which the upload is for something else
_MOST_BAD = 0.05  # the share of unreadable or empty files beyond which the upload is refused
_LONGEST = 100_000  # characters of a text that are kept
_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Place:
    """A file, with what its folders say of it."""

    path: str
    label: str
    is_test: bool


def listing_of(folder: Path, files: Sequence[str]) -> Listing | None:
    """The listing of a dataset that is folders of texts; None if it is something else."""
    texts = [file for file in files if file.lower().endswith(ENDINGS) and "/" in file]
    if len(texts) < 2 or len(files) - len(texts) > _MOST_OTHERS * len(files) or _are_tables(folder, texts):
        return None
    placed = _placed(texts)
    unlabelled = sorted({place.label for place in placed if place.label.lower() in _NO_CLASS})
    placed = [place for place in placed if place.label not in unlabelled]
    _refuse(placed)
    notices = _told(files, texts, unlabelled)
    rows, bad, cut = _read(folder, placed)
    notices += [*_left_out(placed, bad, cut), *_emptied(folder, placed, set(rows[LABEL]))]
    _refuse([place for place in placed if place.path in set(rows[FILE])])
    is_test = rows[FILE].isin({place.path for place in placed if place.is_test})
    return Listing(
        rows=rows[~is_test].reset_index(drop=True),
        test=rows[is_test].reset_index(drop=True) if is_test.any() else None,
        kinds={TEXT: ColumnKind.TEXT, LABEL: ColumnKind.CATEGORY, FILE: ColumnKind.IDENTIFIER},
        notices=tuple(notices),
    )


def _are_tables(folder: Path, texts: Sequence[str]) -> bool:
    """Whether these are tables in spite of their ending: by a few of them."""
    drawn = texts[:: max(1, len(texts) // 12)][:12]
    return sum(is_table(folder / text) for text in drawn) > len(drawn) / 2


def _placed(texts: Sequence[str]) -> list[_Place]:
    folders = {text: PurePosixPath(text).parent.parts for text in texts}
    roles: dict[str, bool] = {}
    below: dict[str, tuple[str, ...]] = {}
    for text, parts in folders.items():
        words = [part.lower() for part in parts]
        at = next((place for place, word in enumerate(words) if word in _TRAIN | _TEST), None)
        roles[text] = at is not None and words[at] in _TEST
        below[text] = parts if at is None else parts[at + 1 :]
    # Where every text says what it is for, nothing stands above the classes; otherwise what all have in common does.
    shared = _in_common(set(below.values()))
    if all(parts != below[text] for text, parts in folders.items()):
        shared = 0
    return [
        _Place(text, below[text][shared] if len(below[text]) > shared else "", roles[text]) for text in sorted(texts)
    ]


def _in_common(folders: set[tuple[str, ...]]) -> int:
    """How many folders, from the top, all have in common."""
    levels = list(zip(*folders, strict=False))
    return next((depth for depth, names in enumerate(levels) if len(set(names)) > 1), len(levels))


def _refuse(placed: Sequence[_Place]) -> None:
    """What cannot be learned from, in a sentence."""
    train = [place for place in placed if not place.is_test]
    classes = sorted({place.label for place in train})
    if classes in ([], [""]):
        where = f", '{PurePosixPath(placed[0].path).parent}'" if placed else ""
        raise DataRejected(
            f"All texts lie in one folder{where}, so there is one class only.",
            cure="Put each class's texts into a folder of its own, named as the class.",
            code="one-class",
        )
    if len(classes) == 1:
        raise DataRejected(
            f"All texts to learn from are of one class, '{classes[0]}'.",
            cure="Add a folder with texts of at least one other class.",
            code="one-class",
        )
    if "" in classes:
        stray = next(place.path for place in train if not place.label)
        raise DataRejected(
            f"{stray} lies in no class's folder.",
            cure="Put each text into the folder of its class, or leave it out.",
            code="no-class",
        )
    if len(train) < FEWEST:
        raise DataRejected(
            f"There are {len(train):,} texts to learn from; at least {FEWEST} are needed.",
            cure="Add texts; some hundreds are better.",
            code="too-few-rows",
        )


def _read(folder: Path, placed: Sequence[_Place]) -> tuple[DataFrame, dict[str, str], list[str]]:
    """The texts; what is wrong with those that are no good; and those that are longer than what is kept."""
    import pandas as pd

    rows: list[tuple[str, str, str]] = []
    bad: dict[str, str] = {}
    cut: list[str] = []
    for place in placed:
        text = decoded((folder / place.path).read_bytes())
        if text is None:
            bad[place.path] = "no text, whatever its name says"
        elif not text.strip():
            bad[place.path] = "empty"
        else:
            text = text.strip()
            if len(text) > _LONGEST:
                cut.append(place.path)
            rows.append((text[:_LONGEST].replace("\r\n", "\n"), place.label, place.path))
    if len(bad) > _MOST_BAD * len(placed):
        path, why = next(iter(bad.items()))
        raise DataRejected(
            f"{len(bad):,} of {len(placed):,} texts cannot be used; the first, {path}, is {why}.",
            cure="Take them out, or save them again as text.",
            code="bad-texts",
        )
    return pd.DataFrame(rows, columns=[TEXT, LABEL, FILE]), bad, cut


def _told(files: Sequence[str], texts: Sequence[str], unlabelled: Sequence[str]) -> list[Notice]:
    notices = []
    others = sorted(set(files) - set(texts))
    if others:
        notices.append(
            Notice(
                code="files-unused",
                message=f"Not used, for they are no .txt files in a class's folder: {_names(others)}.",
            )
        )
    if unlabelled:
        notices.append(
            Notice(
                code="texts-unlabelled",
                message=f"The texts in {_names(unlabelled)} have no class and are left out.",
            )
        )
    return notices


def _left_out(placed: Sequence[_Place], bad: dict[str, str], cut: Sequence[str]) -> list[Notice]:
    notices = []
    for why, paths in Counter(bad.values()).items():
        names = [path for path, reason in bad.items() if reason == why]
        notices.append(
            Notice(
                code="texts-left-out",
                message=f"{paths:,} of {len(placed):,} texts {'is' if paths == 1 else 'are'} left out as {why}: "
                f"{_names(names)}.",
                severity=Severity.WARNING,
            )
        )
    if cut:
        notices.append(
            Notice(
                code="texts-cut",
                message=f"Of {len(cut):,} long {'text' if len(cut) == 1 else 'texts'} the first {_LONGEST:,} "
                f"characters are used: {_names(cut)}.",
            )
        )
    return notices


def _emptied(folder: Path, placed: Sequence[_Place], learned: set[str]) -> list[Notice]:
    """The classes that have no text to learn from: none at all, or none that can be used."""
    first = next(place for place in placed if place.label)
    parts = PurePosixPath(first.path).parts
    here = folder.joinpath(*parts[: parts.index(first.label)])
    bare = {entry.name for entry in here.iterdir() if entry.is_dir() and not any(entry.rglob("*.txt"))}
    empty = sorted(({place.label for place in placed} | bare) - learned)
    if not empty:
        return []
    one, named = len(empty) == 1, _names([f"'{name}'" for name in empty])
    return [
        Notice(
            code="empty-class",
            message=f"The {'folder' if one else 'folders'} {named} {'has' if one else 'have'} no text to learn from, "
            f"so the model will never answer with {'it' if one else 'them'}.",
            severity=Severity.WARNING,
            cure="Add texts, or take the folder out.",
        )
    ]


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
