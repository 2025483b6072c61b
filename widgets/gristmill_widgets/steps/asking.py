"""A model is asked about one thing, and what it writes is read: rows, boxes or a mask.

Rows come in the form of the file that the model has learned from, which is how a model writes them.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gristmill.client import Client
from gristmill.errors import StoreFailed
from gristmill.records import Effect, Model

__all__ = ["Answer", "Thing", "ask", "row_file"]

_NUMBERS = ("probability.", "quantile.", "prediction")  # how the columns of an answer begin
_MOST = 200  # rows, or things
_LARGEST = 8 << 20  # bytes of a mask


@dataclass(frozen=True)
class Thing:
    """Something that was found in a picture, with its box in pixels."""

    name: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Answer:
    """What a model has answered: one of these."""

    rows: tuple[dict[str, str], ...] = ()
    things: tuple[Thing, ...] | None = None
    mask: str = ""  # a picture as a data: address
    effects: tuple[Effect, ...] = ()  # what has moved the answer to a single row
    warm: bool = True  # whether the next one comes at once


def ask(client: Client, model: Model, data: bytes | None, name: str) -> Answer:
    """The model's answer to a file of that name, or to none."""
    with tempfile.TemporaryDirectory() as scratch:
        given: Path | None = None
        if data is not None:
            given = Path(scratch) / name
            given.write_bytes(data)
        reply = client.ask(model.id, given)
    ending = Path(reply.name).suffix
    try:
        if ending == ".json":
            found = Answer(things=_things(reply.content.decode()))
        elif ending == ".zip":
            found = Answer(mask=_mask(reply.content))
        else:
            found = Answer(rows=_rows(model, reply.content))
    except (ValueError, KeyError, TypeError, OSError, StopIteration, zipfile.BadZipFile) as error:
        raise StoreFailed("The model's answer cannot be read.", cure="Ask again.") from error
    return replace(found, effects=reply.effects, warm=reply.warm)


def row_file(model: Model, values: Mapping[str, str], numbers: frozenset[str]) -> bytes:
    """A file with one row, as the file was written that the model has learned from."""
    form = _form(model)
    decimal = str(form.get("decimal") or ".")
    # Without a header, columns are told by their places: all stand there, the target with nothing in it.
    names = list(values) if form.get("header", True) else [str(name) for name in form.get("names") or values]
    row = [values.get(name, "").replace(".", decimal) if name in numbers else values.get(name, "") for name in names]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=str(form.get("delimiter") or ","))
    if form.get("header", True):
        writer.writerow(names)
    writer.writerow(row)
    return text.getvalue().encode(str(form.get("encoding") or "utf-8"), errors="replace")


def _form(model: Model) -> Mapping[str, Any]:
    form = model.schema.get("form") or {}
    return form if isinstance(form, dict) and form.get("format") == "csv" else {}


def _rows(model: Model, data: bytes) -> tuple[dict[str, str], ...]:
    form = model.schema.get("form") or {}
    delimiter, decimal = str(form.get("delimiter") or ","), str(form.get("decimal") or ".")
    text = data.decode(str(form.get("encoding") or "utf-8"), errors="replace")
    head = text.split("\n", 1)[0]
    if delimiter not in head and "," in head:  # pictures are answered in a form of their own
        delimiter, decimal = ",", "."
    rows = []
    for _, row in zip(range(_MOST), csv.DictReader(io.StringIO(text), delimiter=delimiter), strict=False):
        found = {str(name): str(value or "") for name, value in row.items()}
        if decimal != ".":
            found = {
                name: value.replace(decimal, ".")
                if name.startswith(("probability.", "quantile.", "prediction"))
                else value
                for name, value in found.items()
            }
        rows.append(found)
    return tuple(rows)


def _things(text: str) -> tuple[Thing, ...]:
    found = []
    for one in json.loads(text)[:_MOST]:
        x, y, wide, high = (float(number) for number in one["bbox"])
        found.append(Thing(str(one["category"]), float(one.get("score", 0.0)), (x, y, wide, high)))
    return tuple(found)


def _mask(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        info = next(info for info in opened.infolist() if info.filename.lower().endswith(".png"))
        if info.file_size > _LARGEST:
            raise ValueError("the mask is too large to be shown")
        return "data:image/png;base64," + base64.b64encode(opened.read(info)).decode("ascii")
