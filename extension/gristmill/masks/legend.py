"""A mask's pixels as numbers of classes, and back.

A mask says of each pixel of a picture which class it belongs to: by an index, by a grey value or by a colour. A legend
says what stands for which class; classes are numbered in its order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["VOID", "Legend", "paint", "read_values"]

VOID = 255  # the number of no class: such pixels are neither learned nor judged

_HUES = (
    *((0, 0, 0), (230, 97, 1), (0, 114, 178), (0, 158, 115), (204, 121, 167), (240, 228, 66), (86, 180, 233)),
    *((213, 94, 0), (153, 153, 153), (118, 42, 131), (27, 120, 55), (166, 97, 26), (1, 102, 94), (197, 27, 125)),
)


@dataclass(frozen=True)
class Legend:
    """What stands for which class in masks of one `form`: `index`, `grey` (a grey value in each channel) or `colour`.

    `values` are indices, grey values, or colours as 0xRRGGBB; `void` are values of pixels that belong to no class.
    """

    form: str
    names: tuple[str, ...]
    values: tuple[int, ...]
    void: tuple[int, ...] = ()

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Legend:
        """The legend that `plain` has made a dict of."""
        return cls(plain["form"], tuple(plain["names"]), tuple(plain["values"]), tuple(plain["void"]))

    def plain(self) -> dict[str, Any]:
        """The legend as a dict of lists."""
        return {"form": self.form, "names": [*self.names], "values": [*self.values], "void": [*self.void]}

    def read(self, path: Path | str) -> NDArray[np.uint8]:
        """The mask's pixels as numbers of classes, VOID where they have none; ValueError for a value not in here."""
        return self.number(read_values(path, self.form), path)

    def number(self, values: NDArray[np.int64], path: Path | str = "") -> NDArray[np.uint8]:
        """Values of a mask as numbers of classes."""
        known = np.array([*self.values, *self.void])
        numbers = np.array([*range(len(self.values)), *[VOID] * len(self.void)], dtype=np.uint8)
        order = np.argsort(known)
        places = np.searchsorted(known[order], values).clip(0, len(known) - 1)
        if (known[order][places] != values).any():
            raise ValueError(f"{path} holds a value that stands for no class.")
        found: NDArray[np.uint8] = numbers[order][places]
        return found

    def palette(self) -> list[tuple[int, int, int]]:
        """A colour for each class: its own, or one that is told from the others."""
        if self.form == "colour":
            return [((value >> 16) & 255, (value >> 8) & 255, value & 255) for value in self.values]
        return [_HUES[place % len(_HUES)] for place in range(len(self.values))]

    def write(self, numbers: NDArray[np.uint8], path: Path) -> None:
        """Numbers of classes as an index PNG: with the masks' own indices or grey values, or the classes' numbers."""
        colours = [(0, 0, 0)] * 256
        values = np.arange(256, dtype=np.uint8)
        for number, colour in enumerate(self.palette()):
            value = number if self.form == "colour" or self.values[number] > 255 else self.values[number]
            values[number] = value
            colours[value] = colour
        picture = Image.fromarray(values[numbers], mode="P")
        picture.putpalette([part for colour in colours for part in colour])
        picture.save(path, format="PNG", optimize=False)


def read_values(path: Path | str, form: str) -> NDArray[np.int64]:
    """A mask's pixels: indices, grey values or colours as 0xRRGGBB."""
    with Image.open(path) as mask:
        if form == "index":
            if mask.mode not in ("P", "L", "1", "I", "I;16"):
                raise ValueError(f"{path} holds colours, other masks hold indices.")
            array = np.asarray(mask.convert("L") if mask.mode == "1" else mask)
            return array.astype(np.int64)
        parts = np.asarray(mask.convert("RGB")).astype(np.int64)
    return parts[..., 0] if form == "grey" else (parts[..., 0] << 16) | (parts[..., 1] << 8) | parts[..., 2]


def paint(numbers: NDArray[np.uint8], legend: Legend) -> NDArray[np.uint8]:
    """Numbers of classes as colours; grey where there is none."""
    colours = np.full((256, 3), 128, dtype=np.uint8)
    colours[: len(legend.names)] = legend.palette()
    return colours[numbers]
