"""The rows of several files as one frame, each column of one type.

Each file was read by itself, so a column may be numbers here, words there, and nothing at all elsewhere. Words win: a
column with any words is words throughout, as its profile says. A test file is read with the types of the training file,
just as a file to predict will be.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.records import Table, TableForm, replace

if TYPE_CHECKING:
    from pandas import DataFrame, Series

__all__ = ["finite", "read_rows", "typed_as"]


def read_rows(folder: Path, tables: list[Table], names: list[str]) -> DataFrame:
    """The tables' rows one after another, with these columns in this order, numbered through from 0."""
    import pandas as pd

    from gristmill.tables import read

    frames = [read(folder / table.path, table.form, columns=names) for table in tables]
    if len(frames) == 1:
        return frames[0]
    columns = {name: _joined([frame[name] for frame in frames]) for name in names}
    return pd.DataFrame(columns, copy=False)


def typed_as(table: Table, model: TableForm) -> Table:
    """The table, to be read with the types of the columns of `model`."""
    form = replace(
        table.form,
        integers=model.integers,
        numbers=model.numbers,
        dates=model.dates,
        yes_no=model.yes_no,
        strings=model.strings,
    )
    return replace(table, form=form)


def finite(rows: DataFrame) -> DataFrame:
    """Infinities are gaps: intake counts them as missing, and a neural network would fail on them."""
    import numpy as np

    floats = [name for name in rows.columns if rows[name].dtype.kind == "f"]
    return rows.assign(**{name: rows[name].replace([np.inf, -np.inf], np.nan) for name in floats})


def _joined(parts: list[Series]) -> Series:
    import pandas as pd

    families = {"number" if part.dtype.kind in "iuf" else part.dtype.kind for part in parts if part.notna().any()}
    if len(families) > 1:
        parts = [_words(part) for part in parts]
    return pd.concat(parts, ignore_index=True).infer_objects()


def _words(part: Series) -> Series:
    if part.dtype.kind == "f" and (part.dropna() % 1 == 0).all():
        part = part.astype("Int64")  # 7.0 was 7 before a gap made it a float
    return part.astype(object).where(part.notna(), None).map(str, na_action="ignore")
