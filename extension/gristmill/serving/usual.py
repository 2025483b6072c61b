"""What is usual in the data that a model has learned from, as a row that it can be asked about."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from gristmill.records import Column, ColumnKind, Model, Profile

__all__ = ["usual_row"]

_NUMBERS = (ColumnKind.NUMBER, ColumnKind.INTEGER)


def usual_row(model: Model, profile: Profile) -> bytes | None:
    """A file with one row of usual values, in the form of the training file; None where that says nothing.

    A column's usual value is the middle of its numbers, or its commonest word. In a file without a header, columns are
    told by their places: all stand there, the target with nothing in it.
    """
    form: Mapping[str, Any] = model.schema.get("form") or {}
    form = form if form.get("format") == "csv" else {}
    columns = {column.name: column for column in profile.main.columns}
    names = [str(one["name"]) for one in model.schema.get("columns", ())]
    if len(names) < 2 or not columns.keys() & names:
        return None
    written = names if form.get("header", True) else list(form.get("names") or names)
    decimal, text = str(form.get("decimal") or "."), io.StringIO()
    writer = csv.writer(text, delimiter=str(form.get("delimiter") or ","))
    if form.get("header", True):
        writer.writerow(written)
    writer.writerow(_usual(columns[name], decimal) if name in columns and name in names else "" for name in written)
    return text.getvalue().encode(str(form.get("encoding") or "utf-8"), errors="replace")


def _usual(column: Column, decimal: str) -> str:
    """The column's middle or commonest value; empty where nothing is usual."""
    if column.kind in _NUMBERS:
        middle = column.quantiles[len(column.quantiles) // 2] if column.quantiles else column.mean
        if middle is None:
            return ""
        return str(round(middle)) if column.kind is ColumnKind.INTEGER else f"{middle:.6g}".replace(".", decimal)
    return column.top[0][0] if column.top else ""
