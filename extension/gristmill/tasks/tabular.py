"""What all tabular tasks share: how the files of a dataset become the rows to train on and the rows held out.

Every column that is left out, and every row, is named in a notice of the proposal: `left_out` and the checks are
where both the notices and `load` look, so that nothing is dropped that was not said.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gristmill.errors import DataRejected, UsageError
from gristmill.records import Column, ColumnKind, Notice, Profile, Resources, Role, Severity, Table
from gristmill.tasks import holdout
from gristmill.tasks.base import Candidate, LoadPlan, TaskKind
from gristmill.tasks.frames import finite, read_rows, typed_as
from gristmill.tasks.plans import tabular_plan
from gristmill.tasks.readings import Reading, read_answers
from gristmill.tasks.targets import SURE, promise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

__all__ = ["FEWEST_ROWS", "Tabular", "left_out", "test_tables"]

FEWEST_ROWS = 20
_LEFT_OUT = (ColumnKind.IDENTIFIER, ColumnKind.CONSTANT, ColumnKind.EMPTY)


def left_out(profile: Profile, plan: LoadPlan) -> tuple[str, ...]:
    """The columns no model sees: those in the setting `ignore`, otherwise identifiers, constants and empty ones."""
    chosen = plan.settings.get("ignore")
    if chosen is None:
        names = [column.name for column in profile.main.columns if column.kind in _LEFT_OUT]
    else:
        names = [chosen] if isinstance(chosen, str) else list(chosen)
        unknown = [name for name in names if name not in profile.main.form.names]
        if unknown:
            raise UsageError(
                f"There is no column {unknown[0]!r} to ignore.",
                cure=f"The columns are: {', '.join(profile.main.form.names)}.",
                code="unknown-column",
            )
    return tuple(name for name in names if name not in (plan.target, plan.order))


class Tabular(TaskKind, partial=True):
    """A task on a table of rows with one target column."""

    recipe = "tabular.ipynb"
    comparable = True

    @abstractmethod
    def tiny_answer(self, one: int, odd: int) -> object:
        """What is to be learned from a tiny data set's row."""

    @abstractmethod
    def fitness(self, reading: Reading) -> float:
        """How well this kind of answer fits values that are read so: 0 to 1."""

    @abstractmethod
    def relabel(self, values: Series, learned: Series, plan: LoadPlan) -> Series:
        """`values` as they shall be learned, missing where a row is to be left out; `learned` are all that train."""

    @abstractmethod
    def draw(self, target: Series, seed: int) -> NDArray[np.bool_]:
        """Which rows to hold out where nothing else decides it."""

    def judgeable(self, held: DataFrame, train: DataFrame, target: str) -> DataFrame:
        """The held-out rows that a model trained on `train` could get right."""
        del train, target
        return held

    def tiny(self, folder: Path) -> Path:
        path = folder / "tiny.csv"
        rows = [(row % 7, row * row % 11, "odd" if row % 2 else "even", row % 2) for row in range(120)]
        lines = [f"{one},{other},{word},{self.tiny_answer(one, odd)}" for one, other, word, odd in rows]
        path.write_text("\n".join(["one,other,parity,answer", *lines]) + "\n", encoding="utf-8")
        return path

    def candidates(self, profile: Profile, target: str | None = None) -> tuple[Candidate, ...]:
        found = []
        for column in profile.main.columns if target is None else [profile.column(target)]:
            speaks, reading = promise(profile, column), read_answers(column)
            fitness = self.fitness(reading)
            if target is None and (not speaks.possible or fitness == 0 or column.kind is ColumnKind.PICTURE):
                continue
            found.append(
                Candidate(
                    target=column.name,
                    likelihood=speaks.points + fitness,
                    sure=speaks.points >= SURE,
                    target_reason=speaks.reason(column.name),
                    task_reason=reading.why,
                )
            )
        return tuple(sorted(found, key=lambda candidate: -candidate.likelihood))

    def check(self, profile: Profile, target: str) -> tuple[Notice, ...]:
        file, column = profile.main.path, profile.column(target)
        if column.kind is ColumnKind.EMPTY:
            raise DataRejected(
                f"The target '{target}' has no value in any row of {file}.",
                cure="Fill it in, or choose another target.",
                code="target-empty",
            )
        if column.dtype.startswith("datetime"):
            raise DataRejected(
                f"The target '{target}' of {file} holds dates, which cannot be predicted as they are.",
                cure="Turn them into a number, such as days until then, or choose another target.",
                code="target-kind",
            )
        present = column.rows - column.missing
        if present < FEWEST_ROWS:
            raise DataRejected(
                f"Only {present:,} rows of {file} have a value of the target '{target}'; "
                f"at least {FEWEST_ROWS} are needed.",
                cure="Add rows, or choose another target.",
                code="too-few-rows",
            )
        return (*_unlabelled_rows(column), *_unlabelled_tests(profile, target))

    def load(self, folder: Path, profile: Profile, plan: LoadPlan) -> tuple[DataFrame, DataFrame]:
        target, left = plan.target, left_out(profile, plan)
        names = [name for name in profile.main.form.names if name not in left]
        rows = read_rows(folder, [table for table in profile.tables if table.role is Role.TRAIN], names)
        rows = _located(rows, folder, profile)
        learned = rows[target]
        rows = _labelled(rows, target, self.relabel(learned, learned, plan))
        tests = test_tables(profile, target)
        if tests:
            given = read_rows(folder, [typed_as(table, profile.main.form) for table in tests], names)
            given = _located(given, folder, profile)
            held = _labelled(given, target, self.relabel(given[target], learned, plan))
        else:
            mask = self._hold_out(rows, plan)
            rows, held = rows.loc[~mask], rows.loc[mask]
        return finite(rows), finite(self.judgeable(held, rows, target))

    def plan(
        self, profile: Profile, budget: float, resources: Resources, *, smaller: bool = False
    ) -> tuple[dict[str, Any], tuple[Notice, ...]]:
        return tabular_plan(profile, budget, resources, smaller=smaller)

    def _hold_out(self, rows: DataFrame, plan: LoadPlan) -> NDArray[np.bool_]:
        if plan.order is not None and rows[plan.order].notna().any():
            return holdout.latest(rows[plan.order])
        return self.draw(rows[plan.target], plan.seed)


def test_tables(profile: Profile, target: str) -> list[Table]:
    """The tables whose rows are to be held out: given as such, and with values of the target."""
    return [table for table in profile.tables if table.role is Role.TEST and not _is_unlabelled(table, target)]


def _is_unlabelled(table: Table, target: str) -> bool:
    return any(column.name == target and column.kind is ColumnKind.EMPTY for column in table.columns)


def _unlabelled_rows(column: Column) -> tuple[Notice, ...]:
    if not column.missing:
        return ()
    one = column.missing == 1
    return (
        Notice(
            code="target-missing-rows",
            message=f"{column.missing:,} of {column.rows:,} rows {'has' if one else 'have'} no value of "
            f"'{column.name}': nothing can be learned from {'it, so it is' if one else 'them, so they are'} left out.",
            severity=Severity.WARNING if column.missing > 0.2 * column.rows else Severity.INFO,
            column=column.name,
        ),
    )


def _unlabelled_tests(profile: Profile, target: str) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            code="rows-to-predict",
            message=f"{table.path} has no value of '{target}' in any row: its rows can be predicted later, "
            "though they cannot tell how good the model is.",
            column=target,
        )
        for table in profile.tables
        if table.role is Role.TEST and _is_unlabelled(table, target)
    )


def _located(rows: DataFrame, folder: Path, profile: Profile) -> DataFrame:
    """The rows with whole paths where they name pictures of the dataset's."""
    place = f"{folder.resolve()}/"

    def whole(name: object) -> str | None:
        return place + name if isinstance(name, str) and name else None

    pictures = [column.name for column in profile.main.columns if column.kind is ColumnKind.PICTURE]
    return rows.assign(**{name: rows[name].map(whole).astype(object) for name in pictures if name in rows.columns})


def _labelled(rows: DataFrame, target: str, values: Series) -> DataFrame:
    rows = rows.assign(**{target: values})
    return rows.loc[values.notna()].infer_objects()
