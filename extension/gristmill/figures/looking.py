"""What a careful analyst looks at in pictures before anything is learned from them.

    look = figures.PictureLook(train, bench.profile, target)
    look.samples()    some of them, with the classes, masks or boxes that they are given
    look.answers()    how often each class is shown, and how large
    look.sizes()      how large the pictures are
    look.light()      how light each class is: what differs there may be learned in place of the things themselves

All is measured once, on a draw of the pictures: a few hundred show what all would.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gristmill import pictures
from gristmill.figures.boxes import box_samples
from gristmill.figures.drawing import Axis, Chart
from gristmill.figures.figure import Figure
from gristmill.figures.masks import mask_samples
from gristmill.figures.pictures import sample_grid
from gristmill.figures.pieces import Bar, bars, table
from gristmill.records import ColumnKind, Profile
from gristmill.wording import count, quoted, share, share_alike, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PictureLook"]

_MEASURED = 400  # pictures
_SIDE = 48  # pixels, to which they are scaled to tell how light they are
_SHOWN = 12
_APART = 0.15  # of all light: classes that differ by more may be told apart by nothing else


@dataclass(frozen=True)
class _Seen:
    """What was measured of the pictures that could be opened: a row each."""

    sizes: NDArray[np.int64]
    light: NDArray[np.float64]
    places: NDArray[np.int64]


class PictureLook:
    """Pictures beside what is said of them in the column `target`: a class, the file of a mask, or boxes."""

    def __init__(self, rows: pd.DataFrame, profile: Profile, target: str, *, seed: int = 0) -> None:
        self.picture = profile.facts.get("picture", "picture")
        self.label, self.seed = target, seed
        self.of = rows
        self.rows = rows.sample(min(_MEASURED, len(rows)), random_state=seed)
        self.rows.attrs = rows.attrs
        self.kind = profile.column(target).kind

    # --- what masks and boxes are read with --------------------------------------------------------------------------

    @cached_property
    def legend(self) -> Any:
        """How masks are read."""
        from gristmill.masks import Legend

        return Legend.of(self.of.attrs["legend"])

    @property
    def categories(self) -> tuple[str, ...]:
        """What boxes may be of."""
        return tuple(self.of.attrs["categories"])

    def truths(self, rows: pd.DataFrame) -> tuple[list[Any], list[tuple[int, int]]]:
        """What is said of each picture, and each picture's width and height."""
        from gristmill.engines.dense.boxes import Boxes

        sizes = [pictures.size_of(path) for path in rows[self.picture]]
        said = [json.loads(one) for one in rows[self.label]]
        return [Boxes.of(one, self.categories, size) for one, size in zip(said, sizes, strict=True)], sizes

    # --- what is drawn -----------------------------------------------------------------------------------------------

    def samples(self) -> Figure:
        """Some of the pictures, with what is said of them."""
        if self.kind is ColumnKind.BOXES:
            return box_samples(self.rows, self, seed=self.seed)
        if self.kind is ColumnKind.PICTURE:
            return mask_samples(self.rows, self, seed=self.seed)
        return sample_grid(self.of, self.picture, self.label, seed=self.seed)

    def answers(self) -> Figure:
        """How often each class is shown, and how large."""
        if self.kind is ColumnKind.BOXES:
            return self._areas("Things", "boxes", self._box_shares())
        if self.kind is ColumnKind.PICTURE:
            return self._areas("Classes", "pictures with it", self._mask_shares())
        counts = self.of[self.label].value_counts()
        entries = [
            Bar(name=str(name), value=int(many), text=f"{int(many):,} ({share(many / len(self.of))})")
            for name, many in counts[:_SHOWN].items()
        ]
        caption = f"{count(len(counts), 'class')} among {count(len(self.of), 'picture')} to learn from."
        if len(counts) > _SHOWN:
            caption += f" The {_SHOWN} commonest are shown."
        body = bars(("class", "", "pictures"), entries)
        return Figure(title=f"What is predicted: {quoted(self.label, 60)}", caption=caption, body=body, part="target")

    def sizes(self) -> Figure:
        """How large the pictures are, and how many stand upright."""
        widths, heights = self._seen.sizes[:, 0], self._seen.sizes[:, 1]
        title = "How large they are"
        if not len(widths):
            return Figure(title=title, caption="None of them could be opened.", body="", part="sizes")
        if np.ptp(widths) == np.ptp(heights) == 0:
            caption = f"All have {widths[0]:,} by {heights[0]:,} pixels: {self._drawn()}."
            return Figure(title=title, caption=caption, body="", part="sizes")
        caption = (
            f"{self._drawn()}; the middle one has {int(np.median(widths)):,} by {int(np.median(heights)):,} pixels. "
            f"{share(float((heights > widths).mean()), 0)} stand upright. All are scaled to one size to learn from, so "
            "what is small in large ones is lost."
        )
        chart = Chart(Axis.around("width in pixels", widths), Axis.around("height in pixels", heights))
        chart.dots(widths, heights)
        return Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="sizes")

    def light(self) -> Figure:
        """How light the pictures of each class are; of pictures without a class, how light all are."""
        title, found = "How light they are", self._seen.light
        if not len(found):
            return Figure(title=title, caption="None of them could be opened.", body="", part="light")
        if self.kind in (ColumnKind.BOXES, ColumnKind.PICTURE):
            heights, edges = np.histogram(found, bins=20, range=(0, 1))
            caption = (
                f"{self._drawn()}: from black, 0%, to white, 100%; the middle one is at {_whole(np.median(found))}."
            )
            chart = Chart(Axis.shares("mean light of a picture"), Axis("pictures", 0, 1.06 * int(heights.max())))
            chart.bars(edges, heights)
            return Figure(title=title, caption=caption, body=chart.svg(f"{title}. {caption}"), part="light")
        labels = self.rows[self.label].astype(str).to_numpy()[self._seen.places]
        shown = [str(name) for name in self.of[self.label].value_counts().index[:_SHOWN]]
        by_class = {name: found[labels == name] for name in shown if (labels == name).any()}
        entries = [
            Bar(
                name=name, value=float(values.mean()), text=_whole(values.mean()),
                low=float(np.quantile(values, 0.1)), high=float(np.quantile(values, 0.9)),
            )
            for name, values in sorted(by_class.items(), key=lambda one: float(one[1].mean()))
        ]  # fmt: skip
        caption = "From black, 0%, to white, 100%: the mean of each class; whiskers hold four pictures in five."
        if len(entries) > 1 and entries[-1].value - entries[0].value > _APART:
            caption += (
                f" {quoted(entries[-1].name)} is lighter than {quoted(entries[0].name)} by far: a model may go by the "
                "light in place of the things."
            )
        body = bars(("class", "", "light"), entries, most=1.0)
        return Figure(title=title, caption=caption, body=body, part="light")

    # --- what is measured --------------------------------------------------------------------------------------------

    @cached_property
    def _seen(self) -> _Seen:
        sizes, light, places = [], [], []
        for place, path in enumerate(self.rows[self.picture]):
            try:
                size = pictures.size_of(path)
                seen = np.asarray(pictures.load(path, _SIDE).convert("L"))
            except pictures.PictureUnreadable:
                continue
            sizes.append(size)
            light.append(float(seen.mean()) / 255)
            places.append(place)
        return _Seen(np.array(sizes, dtype=np.int64).reshape(-1, 2), np.array(light), np.array(places, dtype=np.int64))

    def _drawn(self) -> str:
        many = count(len(self._seen.places), "picture")
        return many if len(self.rows) == len(self.of) else f"{many} of {len(self.of):,}, drawn at random"

    def _box_shares(self) -> Iterator[tuple[str, float]]:
        for truth in self.truths(self.rows)[0]:
            spans = truth.corners[:, 2:] - truth.corners[:, :2]
            for number, part in zip(truth.categories, spans.prod(axis=1), strict=True):
                yield self.categories[int(number)], float(part)

    def _mask_shares(self) -> Iterator[tuple[str, float]]:
        for path in self.rows[self.label]:
            numbers, amounts = np.unique(self.legend.read(path), return_counts=True)
            for number, amount in zip(numbers, amounts, strict=True):
                if number < len(self.legend.names):  # what belongs to no class is beyond
                    yield self.legend.names[int(number)], float(amount) / int(amounts.sum())

    def _areas(self, title: str, what: str, parts: Iterator[tuple[str, float]]) -> Figure:
        by_name: dict[str, list[float]] = {}
        for name, part in parts:
            by_name.setdefault(name, []).append(part)
        ordered = sorted(by_name.items(), key=lambda one: -len(one[1]))
        rows = [
            [
                shorten(name, 60),
                f"{len(found):,}",
                *(share_alike(float(q)) for q in np.quantile(found, (0.1, 0.5, 0.9))),
            ]
            for name, found in ordered
        ]
        caption = f"In {count(len(self.rows), 'picture')}: the part of its picture that each covers."
        head = ("class", what, "small", "typical", "large")
        return Figure(
            title=f"{title}, and how large they are", caption=caption,
            body=table(head, rows[: 2 * _SHOWN], numeric=(1, 2, 3, 4)), part="areas", wide=True,
        )  # fmt: skip


def _whole(value: Any) -> str:
    return share(float(value), 0)
