"""Charts as SVG, written by hand: small, sharp at any size, and coloured by the page they stand in.

matplotlib would cost a second to import and a tenth of one for each chart, and its colours would be fixed. Here a
chart is a plot area with two axes, and marks in data coordinates. Marks name a series (1 to 5), and the style sheet
says what a series looks like in light, in dark and on paper. Letters are text, so that they can be read aloud,
searched and translated.

Thousands of dots stay small because they are one path of zero-length strokes with round caps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gristmill.wording import Form, brief, share

__all__ = ["Axis", "Chart", "legend"]

_WIDTH, _HEIGHT = 340, 250
_LETTER = 5.9  # the usual width of a letter at the size of the ticks' text


@dataclass(frozen=True)
class Axis:
    """A range of numbers, what they mean (with their unit), and how they are written."""

    label: str
    low: float
    high: float
    form: Form = brief
    logarithmic: bool = False

    @classmethod
    def shares(cls, label: str) -> Axis:
        """From nothing to all, in per cent."""
        return cls(label, 0.0, 1.0, form=share)

    @classmethod
    def around(cls, label: str, values: ArrayLike, *, logarithmic: bool = False) -> Axis:
        """Wide enough for `values`, with a little air."""
        finite = np.asarray(values, dtype=float)
        finite = finite[np.isfinite(finite)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        if logarithmic:
            return cls(label, low / 1.15, high * 1.15, logarithmic=True)
        air = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
        return cls(label, low - air, high + air)

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        """Values as fractions of the axis, held within it."""
        numbers: NDArray[np.float64] = np.asarray(values, dtype=float)
        placed: NDArray[np.float64] = (numbers - self.low) / (self.high - self.low)
        if self.logarithmic:
            span = math.log(self.high / self.low)
            placed = np.log(np.maximum(numbers, self.low) / self.low) / span
        return placed.clip(0, 1)

    def ticks(self, most: int = 6) -> list[float]:
        """Round numbers within the axis, at most about `most` of them."""
        if self.logarithmic:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            for digits in ((1, 2, 5), (1, 3), (1,)):
                found = [d * 10.0**e for e in range(first, last + 1) for d in digits]
                found = [tick for tick in found if self.low <= tick <= self.high]
                if len(found) <= most:
                    break
            return found
        rough = (self.high - self.low) / most
        scale = 10.0 ** math.floor(math.log10(rough))
        step = next(nice * scale for nice in (1, 2, 2.5, 5, 10) if nice * scale >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(index * step, 12) for index in range(first, last + 1)]


class Chart:
    """A plot area between two axes. Methods draw marks in data coordinates, in the order in which they are called."""

    def __init__(self, x: Axis, y: Axis, *, width: int = _WIDTH, height: int = _HEIGHT) -> None:
        self.x, self.y = x, y
        self._y_ticks = [(tick, y.form(tick)) for tick in y.ticks()]
        self._left = 12 + _LETTER * max((len(text) for _, text in self._y_ticks), default=1)
        self._top, self._right, self._bottom = 26.0, 12.0, 40.0 if x.label else 24.0
        self._width = width
        self._height = height if x.label else height - 16
        self._marks: list[str] = []

    def line(self, xs: ArrayLike, ys: ArrayLike, *, series: int = 1, stepped: bool = False) -> None:
        """A line through the points, in their order."""
        points = _points(self._across(xs), self._down(ys), stepped=stepped)
        self._marks.append(f'<path class="gm-line gm-s{series}" d="{points}"/>')

    def band(self, xs: ArrayLike, lows: ArrayLike, highs: ArrayLike, *, series: int = 1) -> None:
        """The area between two lines, for what may vary."""
        across = self._across(xs)
        there = _points(across, self._down(highs))
        back = _points(across[::-1], self._down(lows)[::-1])
        self._marks.append(f'<path class="gm-band gm-s{series}" d="{there}L{back[1:]}Z"/>')

    def guide(self, xs: ArrayLike, ys: ArrayLike) -> None:
        """A dashed line that marks are compared with: perfection, chance, zero."""
        self._marks.append(f'<path class="gm-guide" d="{_points(self._across(xs), self._down(ys))}"/>')

    def dots(self, xs: ArrayLike, ys: ArrayLike, *, series: int = 1, large: bool = False) -> None:
        """One dot a point; small ones are see-through, so that crowds are seen."""
        pairs = zip(self._across(xs), self._down(ys), strict=True)
        path = "".join(f"M{_at(x)} {_at(y)}h0" for x, y in pairs)
        self._marks.append(f'<path class="{"gm-dots" if large else "gm-cloud"} gm-s{series}" d="{path}"/>')

    def whiskers(self, xs: ArrayLike, lows: ArrayLike, highs: ArrayLike, *, series: int = 1) -> None:
        """An interval at each x, drawn upright."""
        ends = zip(self._across(xs), self._down(lows), self._down(highs), strict=True)
        path = "".join(f"M{_at(x)} {_at(low)}V{_at(high)}" for x, low, high in ends)
        self._marks.append(f'<path class="gm-halo" d="{path}"/><path class="gm-whisker gm-s{series}" d="{path}"/>')

    def bars(self, edges: ArrayLike, heights: ArrayLike, *, series: int = 1) -> None:
        """Bars that stand on the axis's foot, one between each two neighbouring edges."""
        across = self._across(edges)
        foot = self._top + self._depth
        path = ""
        for left, right, top in zip(across[:-1], across[1:], self._down(heights), strict=True):
            gap = min(1.0, (right - left) / 6)
            path += f"M{_at(left + gap)} {_at(foot)}V{_at(top)}H{_at(right - gap)}V{_at(foot)}Z"
        self._marks.append(f'<path class="gm-bar gm-s{series}" d="{path}"/>')

    def svg(self, alt: str, *, x_names: Sequence[str] | None = None) -> str:
        """The chart, with `alt` for those who cannot see it; `x_names` stand in for numbers under the x axis."""
        frame = self._frame_y() + (self._frame_x() if x_names is None else self._frame_names(x_names))
        return (
            f'<svg class="gm-chart" viewBox="0 0 {self._width} {self._height}" role="img" aria-label="{escape(alt)}">'
            f"{frame}{''.join(self._marks)}</svg>"
        )

    @property
    def _breadth(self) -> float:
        return self._width - self._left - self._right

    @property
    def _depth(self) -> float:
        return self._height - self._top - self._bottom

    def _across(self, values: ArrayLike) -> NDArray[np.float64]:
        return self._left + self._breadth * self.x.place(values)

    def _down(self, values: ArrayLike) -> NDArray[np.float64]:
        return self._top + self._depth * (1 - self.y.place(values))

    def _frame_y(self) -> str:
        right = _at(self._width - self._right)
        grid, words = "", ""
        for tick, text in self._y_ticks:
            at = float(self._down([tick])[0])
            grid += f"M{_at(self._left)} {_at(at)}H{right}"
            words += (
                f'<text class="gm-tick" x="{_at(self._left - 6)}" y="{_at(at + 3.5)}" text-anchor="end">{text}</text>'
            )
        label = f'<text class="gm-label" x="2" y="12">{escape(self.y.label)}</text>'
        return f'<path class="gm-grid" d="{grid}"/>{words}{label}'

    def _frame_x(self) -> str:
        foot = self._top + self._depth
        # As many ticks as there is room for: two letters of air beside each.
        ticks = [(tick, self.x.form(tick)) for tick in self.x.ticks()]
        room = _LETTER * (2 + max((len(text) for _, text in ticks), default=1))
        while len(ticks) > 2 and room * len(ticks) > self._breadth:
            ticks = ticks[::2]
        marks, words = "", ""
        for tick, text in ticks:
            at = float(self._across([tick])[0])
            marks += f"M{_at(at)} {_at(foot)}v4"
            words += f'<text class="gm-tick" x="{_at(at)}" y="{_at(foot + 15)}" text-anchor="middle">{text}</text>'
        line = f'<path class="gm-foot" d="M{_at(self._left)} {_at(foot)}h{_at(self._breadth)}{marks}"/>'
        return line + words + self._x_label()

    def _frame_names(self, names: Sequence[str]) -> str:
        foot = self._top + self._depth
        words = ""
        for index, name in enumerate(names):
            at = self._left + self._breadth * (index + 0.5) / len(names)
            words += (
                f'<text class="gm-tick" x="{_at(at)}" y="{_at(foot + 15)}" text-anchor="middle">{escape(name)}</text>'
            )
        return (
            f'<path class="gm-foot" d="M{_at(self._left)} {_at(foot)}h{_at(self._breadth)}"/>{words}{self._x_label()}'
        )

    def _x_label(self) -> str:
        at = self._width - self._right
        place = f'x="{_at(at)}" y="{self._height - 5}" text-anchor="end"'
        return f'<text class="gm-label" {place}>{escape(self.x.label)}</text>'


def legend(names: Iterable[str]) -> str:
    """The names of series 1, 2, …, each beside a swatch of its line."""
    entries = "".join(
        f'<li class="gm-s{index}"><svg viewBox="0 0 22 8" aria-hidden="true"><path class="gm-line gm-s{index}" '
        f'd="M1 4H21"/></svg>{escape(name)}</li>'
        for index, name in enumerate(names, start=1)
    )
    return f'<ul class="gm-legend">{entries}</ul>'


def _points(across: NDArray[np.float64], down: NDArray[np.float64], *, stepped: bool = False) -> str:
    """A path through the points; points that would round to the same place are written once."""
    pairs = [(_at(x), _at(y)) for x, y in zip(across, down, strict=True)]
    kept = [pair for index, pair in enumerate(pairs) if index == 0 or pair != pairs[index - 1]]
    if not stepped:
        return "M" + "L".join(f"{x} {y}" for x, y in kept)
    return f"M{kept[0][0]} {kept[0][1]}" + "".join(f"H{x}V{y}" for x, y in kept[1:])


def _at(value: float) -> str:
    """A coordinate to a tenth of a unit, as short as it can be written."""
    return f"{value:.1f}".removesuffix(".0")
