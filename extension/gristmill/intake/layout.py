"""What each file of an archive is for: rows to train on, rows to test on, or neither.

Names tell: a word such as train, test or holdout in a file's name, or in that of its folder. Files that no name tells
apart are one table if they have the same columns; if not, their owner is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from gristmill.errors import DataRejected, UsageError
from gristmill.records import Notice, TableForm

__all__ = ["Found", "Placed", "place"]

_WORDS = {
    **dict.fromkeys(["train", "training", "trainset", "learn", "fit"], "train"),
    **dict.fromkeys(["test", "testing", "testset", "holdout", "heldout", "eval", "evaluation"], "test"),
    **dict.fromkeys(["valid", "validation", "val", "dev"], "valid"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A table in the archive, before it is read."""

    path: str
    form: TableForm

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self.form.names)


@dataclass(frozen=True, slots=True)
class Placed:
    """The tables by role, and what to tell about it; a table that is of no use has none."""

    train: tuple[Found, ...]
    test: tuple[Found, ...] = ()
    other: tuple[Found, ...] = ()  # rows that lack a column or two, most likely the target
    notices: tuple[Notice, ...] = ()


def place(tables: Sequence[Found], choice: str | None = None) -> Placed:
    """The role of each table; `choice` is the table that its owner said to train on."""
    said = _said(tables)
    if choice is not None:
        train = [_chosen(tables, choice)]
    else:
        train = [table for table in tables if said[table.path] == "train"]
        if not train:
            train = [table for table in tables if said[table.path] is None] or list(tables)
    columns = train[0].columns
    if any(table.columns != columns for table in train):
        raise _which(train)
    taken = {table.path for table in train}
    rest = [table for table in tables if table.path not in taken]
    test = [table for table in rest if said[table.path] == "test" and table.columns >= columns]
    valid = [table for table in rest if said[table.path] == "valid" and table.columns >= columns]
    notices: list[Notice] = []
    if valid and test:
        train, notices = [*train, *valid], [_joined(valid)]
    elif valid:
        test = valid
    taken = {table.path for table in (*train, *test)}
    rest = [table for table in rest if table.path not in taken]
    other = [table for table in rest if table.columns < columns and 2 * len(table.columns) > len(columns)]
    taken |= {table.path for table in other}
    unused = [table for table in rest if table.path not in taken]
    notices += _told(train, test)
    notices += [_to_predict(table, train[0]) for table in other]
    if unused:
        notices.append(_unused(unused))
    return Placed(tuple(train), tuple(test), tuple(other), tuple(notices))


def _said(tables: Sequence[Found]) -> dict[str, str | None]:
    """What each table's name says; a folder that holds all of them says nothing."""
    shared = len(_common(tables))
    return {table.path: _role_in(PurePosixPath(table.path).parts[shared:]) for table in tables}


def _common(tables: Sequence[Found]) -> list[str]:
    folders = [PurePosixPath(table.path).parts[:-1] for table in tables]
    common = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return common


def _role_in(parts: Sequence[str]) -> str | None:
    """The file's own name goes before its folders'; a name that says two things says nothing."""
    for part in (PurePosixPath(parts[-1]).stem, *reversed(parts[:-1])):
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part).replace("hold-out", "holdout").replace("hold_out", "holdout")
        said = {_WORDS[word] for word in re.findall(r"[^\W\d_]+", spaced.lower()) if word in _WORDS}
        if len(said) == 1:
            return said.pop()
    return None


def _chosen(tables: Sequence[Found], choice: str) -> Found:
    for table in tables:
        path = PurePosixPath(table.path)
        if choice in (table.path, path.name, path.stem):
            return table
    raise UsageError(
        f"The archive has no table '{choice}'.",
        cure=f"Choose one of: {_named(tables)}.",
        code="unknown-table",
    )


def _which(tables: Sequence[Found]) -> DataRejected:
    odd = next(table for table in tables if table.columns != tables[0].columns)
    return DataRejected(
        f"The archive holds {len(tables)} tables with different columns, and nothing says which to train on: "
        f"{_named(tables)}.",
        cause=_difference(tables[0], odd),
        cure="Put a single table into the archive, or call it train, or say which one: "
        f"--set table={PurePosixPath(tables[0].path).name}.",
        code="which-table",
    )


def _difference(one: Found, other: Found) -> str:
    """One column that tells the two apart, so that a mere slip of the pen is seen at once."""
    for here, there in ((one, other), (other, one)):
        only = [name for name in here.form.names if name not in there.columns]
        if only:
            return f"{here.path} has a column '{only[0]}' that {there.path} lacks."
    return ""


def _named(tables: Sequence[Found]) -> str:
    names = [table.path for table in tables[:8]]
    return ", ".join(names) + (f" and {len(tables) - len(names):,} more" if len(tables) > len(names) else "")


def _joined(valid: Sequence[Found]) -> Notice:
    return Notice(
        code="validation-joined",
        message=f"There is a test file, so the rows of {_named(valid)} are trained on, too: validation rows are drawn "
        "from the rows to train on.",
    )


def _told(train: Sequence[Found], test: Sequence[Found]) -> list[Notice]:
    found = []
    if len(train) > 1:
        found.append(
            Notice(
                code="files-joined",
                message=f"{len(train):,} files have the same columns and are read as one table: {_named(train)}.",
            )
        )
    if test:
        found.append(
            Notice(
                code="test-given",
                message=f"The model is tested on the rows of {_named(test)}, and sees none of them while it learns.",
            )
        )
    return found


def _to_predict(table: Found, train: Found) -> Notice:
    lacks = [f"'{name}'" for name in train.form.names if name not in table.columns]
    shown = ", ".join(lacks[:3]) + (f" and {len(lacks) - 3:,} more columns" if len(lacks) > 3 else "")
    return Notice(
        code="rows-to-predict",
        message=f"{table.path} lacks {shown}, so it cannot tell how good a model is; its rows can be predicted later.",
    )


def _unused(tables: Sequence[Found]) -> Notice:
    return Notice(
        code="tables-unused",
        message=f"Not used, as neither names nor columns say what for: {_named(tables)}.",
    )
