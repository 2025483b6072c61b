"""What a dataset looks like, made while its files are at hand: first rows, small pictures, series thinned to a curve.

It is made once, when the data is looked at, and kept in the store, so that nobody has to open an archive of gigabytes
again to see a dozen of its pictures. All of it together stays below some hundred kilobytes, however large the data is.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from gristmill import pictures
from gristmill.pictures.opening import FAULTS
from gristmill.records import Column, ColumnKind, Curve, Preview, Profile, Sight, Thing
from gristmill.tasks import series
from gristmill.tasks.frames import finite, read_rows
from gristmill.tasks.series_tables import tables_of

__all__ = ["preview"]

_ROWS, _COLUMNS, _LETTERS = 50, 40, 160
_PICTURES, _SIDE, _QUALITY = 12, 240, 76
_THINGS, _NAMES = 40, 6
_SERIES, _POINTS, _VALUES = 4, 240, 6  # series, points of each, columns of each
_MOST_SERIES_ROWS = 3_000_000  # more are not read a second time for a plot
_NUMBERS = (ColumnKind.NUMBER, ColumnKind.INTEGER)


def preview(profile: Profile, folder: Path, sample: pd.DataFrame) -> Preview:
    """What the files in `folder` look like; `sample` is the draw of rows that was made for the proposal."""
    names = [column.name for column in profile.main.columns if column.kind is ColumnKind.PICTURE]
    if names:
        return Preview(pictures=tuple(_pictures(profile, folder, names)))
    columns = [str(name) for name in sample.columns][:_COLUMNS]
    rows = tuple(tuple(_word(value) for value in row) for row in sample[columns].head(_ROWS).itertuples(index=False))
    return Preview(columns=tuple(columns), rows=rows, curves=tuple(_curves(profile, folder)))


def _word(value: Any) -> str | None:
    """A cell as a person reads it."""
    if value is None or value is pd.NaT or (isinstance(value, float) and not np.isfinite(value)) or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return str(value).removesuffix(" 00:00:00")
    if isinstance(value, float | np.floating):
        return f"{value:.7g}"
    return str(value)[:_LETTERS]


# --- pictures --------------------------------------------------------------------------------------------------------


def _pictures(profile: Profile, folder: Path, names: Sequence[str]) -> Iterator[Sight]:
    """Some pictures, all classes taking turns; `names` are the columns of pictures, of which one may be masks."""
    listed = pd.read_parquet(folder / profile.main.path)
    picture = profile.facts.get("picture") or names[0]
    mask = next((name for name in names if name != picture and "legend" in listed.attrs), None)
    boxes = next((column.name for column in profile.main.columns if column.kind is ColumnKind.BOXES), None)
    classes = next((column.name for column in profile.main.columns if _is_class(column)), None)
    for place in _in_turns(listed, classes):
        row = listed.iloc[place]
        try:
            seen = pictures.load(folder / row[picture], _SIDE)
            wide, high = pictures.size_of(folder / row[picture])
            labels: tuple[str, ...] = () if classes is None or pd.isna(row[classes]) else (str(row[classes]),)
            if mask is not None:
                seen, labels = _masked(seen, folder / row[mask], listed.attrs["legend"])
        except (pictures.PictureUnreadable, *FAULTS):
            continue  # it was looked over before; what cannot be shown is left out
        things = _things(row[boxes]) if boxes is not None else ()
        yield Sight(path=str(row[picture]), jpeg=_jpeg(seen), width=wide, height=high, labels=labels, things=things)


def _is_class(column: Column) -> bool:
    return column.kind in (ColumnKind.CATEGORY, ColumnKind.YES_NO)


def _in_turns(listed: pd.DataFrame, classes: str | None) -> list[int]:
    """The rows to show: one of each class, then another one of each, spread over the whole listing."""
    places = np.unique(np.linspace(0, len(listed) - 1, min(len(listed), 4_000)).astype(int))
    if classes is None:
        return [int(place) for place in places[:: max(1, len(places) // _PICTURES)][:_PICTURES]]
    found = pd.Series(listed[classes].to_numpy()[places])
    turn = found.groupby(found, sort=False).cumcount()
    order = np.lexsort((found.map(found.value_counts()).mul(-1), turn))
    return [int(places[at]) for at in order[:_PICTURES]]


def _jpeg(seen: Any) -> str:
    held = io.BytesIO()
    seen.save(held, format="JPEG", quality=_QUALITY)
    return base64.b64encode(held.getvalue()).decode("ascii")


def _masked(seen: Any, path: Path, plain: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The picture with its mask's colours over it, and what the mask shows, the largest first."""
    from PIL import Image

    from gristmill.masks import Legend, paint

    legend = Legend.of(plain)
    numbers = legend.read(path)
    painted = Image.fromarray(paint(numbers, legend)).resize(seen.size, Image.Resampling.NEAREST)
    coloured = Image.fromarray(cast("Any", np.asarray(painted).any(axis=2)))  # black is what is behind things
    found, pixels = np.unique(numbers, return_counts=True)
    order = [int(found[at]) for at in np.argsort(-pixels) if found[at] < len(legend.names)]
    return Image.composite(Image.blend(seen, painted, 0.6), seen, coloured), tuple(
        legend.names[number] for number in order[:_NAMES]
    )


def _things(text: Any) -> tuple[Thing, ...]:
    found = []
    for one in json.loads(text)[:_THINGS] if isinstance(text, str) else []:
        left, top, wide, high = (float(part) for part in one["bbox"])
        found.append(Thing(name=str(one["category"]), box=(left, top, wide, high)))
    return tuple(found)


# --- series ----------------------------------------------------------------------------------------------------------


def _curves(profile: Profile, folder: Path) -> Iterator[Curve]:
    """Some of the series, each column of numbers in its turn."""
    facts = series.Facts.read(profile.facts)
    if facts is None or profile.rows > _MOST_SERIES_ROWS:
        return
    rows = finite(read_rows(folder, tables_of(profile), list(profile.main.form.names)))
    by_itself = {*facts.panel.items, facts.panel.time}
    numbers = [
        column.name for column in profile.main.columns if column.kind in _NUMBERS and column.name not in by_itself
    ]
    numbers = [name for name in numbers if name in rows.columns][:_VALUES]
    if not numbers:
        return
    whole = series.even(rows, facts.panel, numbers)
    for item in list(dict.fromkeys(whole[series.ITEM]))[:_SERIES]:
        one = whole[whole[series.ITEM] == item]
        first, last = (str(one[series.STAMP].iloc[at]).removesuffix(" 00:00:00") for at in (0, -1))
        for name in numbers:
            yield Curve(
                item=str(item)[:_LETTERS] if facts.panel.items else "", column=name, first=first, last=last,
                values=tuple(_thinned(one[name].to_numpy(dtype=float))),
            )  # fmt: skip


def _thinned(values: np.ndarray) -> Iterator[float | None]:
    """No more than so many points, each the mean of what it stands for."""
    for part in np.array_split(values, min(len(values), _POINTS)):
        there = part[np.isfinite(part)]
        yield float(f"{there.mean():.6g}") if len(there) else None
