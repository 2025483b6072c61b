"""What is known of a dataset's series before anything is trained: strings that a profile keeps, and back again.

Everything that a person is told of the series, and everything that a run needs to put new rows in order, is in here.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .beside import beside
from .frames import ITEM, STAMP, even
from .panel import Panel
from .shapes import Shape
from .steps import Step


@dataclass(frozen=True)
class Facts:
    """A panel, the shape that it was written in, and what counting its rows has shown."""

    panel: Panel
    shape: Shape
    series: int
    longest: int
    middle: int  # the length of the middle series
    shortest: int
    gaps: int = 0  # steps without a row
    early: int = 0  # series that end before the last step
    end: str = ""
    twice: str = ""  # the first moment that comes twice, in words
    again: int = -1  # the label of the row in which it does
    form: str = ""  # the JSON of how the file was written
    constant: tuple[str, ...] = ()  # columns with one value for each series
    empty: dict[str, int] = field(default_factory=dict)  # by column, the rows at a series' end without a value

    @classmethod
    def of(cls, rows: Any, panel: Panel, shape: Shape, form: str = "") -> Facts:
        """Count."""
        grid = even(rows, panel, [])
        by_item = grid.groupby(ITEM, sort=False)[STAMP]
        lengths, ends = by_item.size(), by_item.max()
        present = len(rows) - panel.duplicates
        constant, empty = beside(rows, panel)
        twice, again = _again(rows, panel) if panel.duplicates else ("", -1)
        return cls(
            panel=panel,
            shape=shape,
            series=len(lengths),
            longest=int(lengths.max()),
            middle=int(lengths.median()),
            shortest=int(lengths.min()),
            gaps=max(0, int(lengths.sum()) - present),
            early=int((ends < ends.max()).sum()),
            end=str(ends.max()).removesuffix(" 00:00:00"),
            twice=twice,
            again=again,
            form=form,
            constant=constant,
            empty=empty,
        )

    def written(self) -> dict[str, str]:
        """As strings."""
        return {"series": json.dumps(asdict(self))}

    @classmethod
    def read(cls, kept: dict[str, str]) -> Facts | None:
        """From strings; None where they speak of no series."""
        if "series" not in kept:
            return None
        found = json.loads(kept["series"])
        panel = found.pop("panel")
        step = Step(**panel.pop("step"))
        panel["items"] = tuple(panel["items"])
        found["constant"] = tuple(found.get("constant", ()))
        shape = found.pop("shape")
        shape["parts"] = tuple(shape.get("parts", ()))
        return cls(panel=Panel(**panel, step=step), shape=Shape(**shape), **found)

    @property
    def season(self) -> int:
        """After how many steps things repeat."""
        return self.panel.step.season(self.middle)

    @property
    def horizon(self) -> int:
        """How many steps are forecast unless somebody says otherwise: what people mostly want, if there is enough."""
        return max(1, min(self.panel.step.habit()[0], self.middle // 6))


def _again(rows: Any, panel: Panel) -> tuple[str, int]:
    """The first row that repeats a moment, in words, and which one it is."""
    again = rows[rows.duplicated([*panel.items, panel.time])]
    first = again.iloc[0]
    where = " of " + ", ".join(f"'{first[name]}'" for name in panel.items) if panel.items else ""
    return f"{str(first[panel.time]).removesuffix(' 00:00:00')}{where}", int(again.index[0])
