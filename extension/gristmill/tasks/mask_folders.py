"""Pictures and their masks among a dataset's files: found by their folders, matched by their names.

    images/ship-1.jpg        masks/ship-1.png
    train/images/a/1.png     train/masks/a/1_mask.png
    JPEGImages/1.jpg         SegmentationClass/1.png

A folder's name says what its files are, at any depth. What is left of a path without that folder, without the words for
training and testing, and without such endings as `_mask`, must be the same for a picture and its mask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from gristmill.errors import DataRejected
from gristmill.pictures import is_picture

__all__ = ["Pair", "Paired", "pair_up"]


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_PICTURES = _words("image images img imgs picture pictures photo photos jpegimages input inputs frames")
_MASKS = _words(
    """mask masks segmentation segmentations segmentationclass segmentationobject annotation annotations label labels
    groundtruth ground_truth ground-truth gt trimap trimaps seg segs target targets truth"""
)
_TEST = _words("test testing testset holdout eval evaluation")
_VALID = _words("val valid validation dev")
_ENDING = re.compile(r"[ _.-](mask|masks|label|labels|gt|seg|segmentation|groundtruth|annotation|labelids|l)$", re.I)
_TOLERATED = 0.05  # share of the pictures that may go without a mask
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture and its mask, by their paths; `part` is train, test or valid."""

    picture: str
    mask: str
    part: str


@dataclass(frozen=True, slots=True)
class Paired:
    """What was matched, and the pictures that have no mask: strays among those to learn from, and ones to answer.

    `lonely` are masks that have no picture.
    """

    pairs: tuple[Pair, ...]
    strays: tuple[str, ...]
    unlabelled: tuple[str, ...]  # all of a test folder: they wait for an answer
    lonely: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    part: str
    is_mask: bool
    key: tuple[str, ...]

    @classmethod
    def of(cls, path: str) -> _Place | None:
        """What the folders say of a file; None where they do not say whether it is a picture or a mask."""
        *folders, file = PurePosixPath(path).parts
        words = [folder.lower() for folder in folders]
        meant = [place for place, word in enumerate(words) if word in _PICTURES | _MASKS]
        if not meant:
            return None
        kind = words[meant[-1]]
        stem = PurePosixPath(file).stem
        if kind in _MASKS:
            stem = _ENDING.sub("", stem)
        part = "train"
        for name, known in (("test", _TEST), ("valid", _VALID)):
            part = name if known & set(words) else part
        rest = [word for place, word in enumerate(words) if place != meant[-1]]
        return cls(path, part, kind in _MASKS, (*rest, stem.lower()))


def pair_up(files: Sequence[str]) -> Paired | None:
    """Pictures with their masks; None where the files are laid out for something else."""
    places = [place for file in files if is_picture(file) and (place := _Place.of(file)) is not None]
    masks = {place.key: place for place in places if place.is_mask}
    pictures = [place for place in places if not place.is_mask]
    if not masks or not pictures:
        return None
    pairs, alone = [], []
    for picture in pictures:
        mask = masks.pop(picture.key, None)
        if mask is None:
            alone.append(picture)
        else:
            pairs.append(Pair(picture.path, mask.path, picture.part))
    if not pairs and not _clearly_meant(places):
        return None
    lonely = [place.path for place in masks.values()]
    _refuse_lonely_masks(lonely, len(pairs))
    with_masks = {pair.part for pair in pairs}
    strays = [place.path for place in alone if place.part in with_masks or place.part == "train"]
    unlabelled = [place.path for place in alone if place.path not in set(strays)]
    _refuse_strays(strays, len(pairs))
    return Paired(tuple(pairs), tuple(strays), tuple(unlabelled), tuple(lonely))


def _clearly_meant(places: Sequence[_Place]) -> bool:
    """Whether the folders can hardly mean anything else, though no name fits another."""
    return any(part.lower().startswith("mask") for place in places for part in PurePosixPath(place.path).parts[:-1])


def _refuse_lonely_masks(lonely: Sequence[str], pairs: int) -> None:
    if lonely and (not pairs or len(lonely) > _TOLERATED * pairs):
        raise DataRejected(
            f"{lonely[0]} is a mask without a picture{_and_more(lonely)}.",
            cure="Give each mask the name of its picture, and put the picture into a folder named images.",
            code="masks-without-pictures",
        )


def _refuse_strays(strays: Sequence[str], pairs: int) -> None:
    if len(strays) > _TOLERATED * (len(strays) + pairs):
        raise DataRejected(
            f"{strays[0]} is a picture without a mask{_and_more(strays)}.",
            cure="Put a mask of the same name into the folder of masks, or take the picture out.",
            code="pictures-without-masks",
        )


def _and_more(files: Sequence[str]) -> str:
    more = len(files) - 1
    return f", and so {'is' if more == 1 else 'are'} {more:,} more" if more else ""
