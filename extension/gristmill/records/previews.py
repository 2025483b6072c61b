"""What data looks like: a few of its rows, its pictures and its series, small enough to be sent along with a page."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Curve", "Preview", "Sight", "Thing"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """Something in a picture, with its box in the picture's own pixels."""

    name: str
    box: tuple[float, float, float, float]  # left, top, width, height


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """One of the pictures, made small; where it has a mask, the mask's colours are laid over it."""

    path: str
    jpeg: str  # in base 64
    width: int  # of the picture itself
    height: int
    labels: tuple[str, ...] = ()  # the class it belongs to, or those that its mask shows
    things: tuple[Thing, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """One series in one column: values at equal distances from the first moment to the last; None is a gap."""

    item: str
    column: str
    first: str
    last: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a person sees of a dataset before anything is learned from it; each part may be missing."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()  # values as a person reads them; None where there is none
    pictures: tuple[Sight, ...] = ()
    curves: tuple[Curve, ...] = ()
