"""Every mask of a dataset looked at once: how its pixels are written, which classes it shows, whether it fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.errors import DataRejected
from gristmill.pictures import Look, check
from gristmill.tasks.answered_pictures import faults, refuse_broken
from gristmill.tasks.mask_classes import Named, legend_of, too_many
from gristmill.tasks.mask_folders import Pair

if TYPE_CHECKING:
    from gristmill.masks import Legend

__all__ = ["Survey", "survey"]

_CHANNELS = ("RGB", "RGBA", "LA", "CMYK")


@dataclass(frozen=True, slots=True)
class Survey:
    """What the masks hold: which pairs can be used, the legend, and each class's pixels and pictures."""

    pairs: tuple[Pair, ...]
    broken: tuple[str, ...]  # why pictures were left out, a sentence each
    legend: Legend
    pixels: tuple[int, ...]  # by class, over all masks
    pictures: tuple[int, ...]  # by class: in how many it occurs


def survey(folder: Path, pairs: Sequence[Pair], named: Sequence[Named], classes_file: str | None) -> Survey:
    """Look at every picture and mask; DataRejected where they do not fit."""
    pictures = check([folder / pair.picture for pair in pairs])
    masks = check([folder / pair.mask for pair in pairs])
    broken = [*faults(folder, (look for two in zip(pictures, masks, strict=True) for look in two)).values()]
    refuse_broken(
        broken, len(pairs), what=f"{2 * len(pairs):,} pictures and masks",
        cure="Save it again as PNG, or take it and its partner out.",
    )  # fmt: skip
    sound = [
        (pair, look.mode)
        for pair, picture, look in zip(pairs, pictures, masks, strict=True)
        if not picture.fault and not look.fault
    ]
    by_path = {look.path: look for look in (*pictures, *masks)}
    for pair, _ in sound:
        _must_fit(folder, pair, by_path)
    form, counts = _values(folder, sound, named)
    _must_be_classes(counts, form, named, classes_file)
    total: Counter[int] = sum((Counter(found) for found in counts.values()), Counter())
    legend = legend_of(sorted(total), form, named)
    return Survey(
        tuple(pair for pair, _ in sound),
        tuple(broken),
        legend,
        tuple(total[value] for value in legend.values),
        tuple(sum(value in found for found in counts.values()) for value in legend.values),
    )


def _must_fit(folder: Path, pair: Pair, looks: dict[Path, Look]) -> None:
    from gristmill.pictures import size_of

    picture, mask = size_of(folder / pair.picture), looks[folder / pair.mask]
    if picture == (mask.width, mask.height):
        return
    raise DataRejected(
        f"The mask {pair.mask} has {mask.width:,} by {mask.height:,} pixels, its picture {pair.picture} "
        f"{picture[0]:,} by {picture[1]:,}.",
        cause="The picture is turned by a note inside it (EXIF), its mask is not."
        if picture == (mask.height, mask.width)
        else "",
        cure="Save both in the same size.",
        code="mask-size",
    )


def _values(
    folder: Path, sound: Sequence[tuple[Pair, str]], named: Sequence[Named]
) -> tuple[str, dict[str, dict[int, int]]]:
    """How the masks are written, and for each of them how many pixels have which value."""
    from gristmill.masks import read_values

    by_colour = any(is_colour for _, _, is_colour in named)
    form = "colour" if by_colour or any(mode in _CHANNELS for _, mode in sound) else "index"
    counts = {pair.mask: _counted(read_values(folder / pair.mask, form)) for pair, _ in sound}
    grey = form == "colour" and not by_colour
    if grey and all(value == (value & 255) * 0x010101 for found in counts.values() for value in found):
        form = "grey"
        counts = {mask: {value & 255: count for value, count in found.items()} for mask, found in counts.items()}
    return form, counts


def _counted(values: object) -> dict[int, int]:
    import numpy as np

    found, counts = np.unique(np.asarray(values), return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _must_be_classes(
    counts: dict[str, dict[int, int]], form: str, named: Sequence[Named], classes_file: str | None
) -> None:
    """Each value must be one that the classes file names; where there is none, there must be few."""
    known = {value for _, value, _ in named}
    if form != "colour":
        known |= {255}
    seen: set[int] = set()
    for mask, found in counts.items():
        seen |= set(found)
        strange = sorted(set(found) - known) if named else []
        if strange:
            what = f"the colour #{strange[0]:06x}" if form == "colour" else f"the value {strange[0]}"
            raise DataRejected(
                f"The mask {mask} holds {what}, which {classes_file} does not name.",
                cause=f"{len(strange):,} values of this mask are not named." if len(strange) > 1 else "",
                cure=f"Add it to {classes_file}, or mend the mask; masks must be saved as PNG, without smoothed edges.",
                code="unknown-mask-value",
            )
        if too_many(len(seen), are_named=bool(named)):
            raise DataRejected(
                f"The masks hold more than {len(seen) - 1} different values up to {mask}, too many for classes.",
                cause="Masks that were saved as JPEG, scaled or smoothed have blurred edges between their classes.",
                cure="Save them as PNG without smoothing, or add a classes.txt that names each class.",
                code="mask-values",
            )
    if len(seen) < 2:
        raise DataRejected(
            f"All masks hold one value only, from {next(iter(counts), 'the first')} on.",
            cure="Give masks that tell at least two classes apart.",
            code="one-class",
        )
