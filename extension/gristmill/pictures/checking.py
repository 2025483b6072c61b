"""Many pictures looked over: which can be decoded, how large each is, which are the same file twice.

Every picture is decoded to its end, since a file that was cut off in transfer has a whole header. JPEG decodes at an
eighth of its size, which reads all its bytes all the same. Threads share the work; pictures that are large when decoded
wait for one another, so that memory stays bounded whatever their number.
"""

from __future__ import annotations

import hashlib
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .opening import FAULTS, PictureUnreadable, opened

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Look", "check", "faults_of", "unanswered"]

_LARGE = 4_000_000  # pixels
_AT_ONCE = 64  # pictures a thread takes at a time


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one picture; `fault` says why it cannot be used, and is empty where it can."""

    path: Path
    width: int = 0
    height: int = 0
    mode: str = ""
    digest: bytes = b""  # of the file's bytes: alike where two files are the same
    fault: str = ""


def check(paths: Sequence[Path], *, most_bytes: int = 100_000_000) -> list[Look]:
    """A look at each picture, in the order given; a file larger than `most_bytes` is a fault."""
    from PIL import Image, ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # where AutoGluon is loaded it is True: what is cut off would be taken
    large = threading.Lock()

    def look_at(share: Sequence[Path]) -> list[Look]:
        return [_look(path, most_bytes, large) for path in share]

    shares = [paths[start : start + _AT_ONCE] for start in range(0, len(paths), _AT_ONCE)]
    with (
        warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),  # its look says as much
        ThreadPoolExecutor(min(8, max(2, os.cpu_count() or 2))) as pool,
    ):
        return [look for looks in pool.map(look_at, shares) for look in looks]


def unanswered(faults: Mapping[str, str], *, most: int = 5) -> list[str]:
    """What is said of pictures that cannot be opened, by their names: a sentence for each of `most`, then a count."""
    said = [f"No prediction: {fault}" for fault in list(faults.values())[:most]]
    more = len(faults) - len(said)
    return [*said, f"No prediction for {more:,} more that cannot be opened."] if more else said


def faults_of(names: Mapping[str, Path]) -> dict[str, str]:
    """Why pictures cannot be opened, by their names, of which the sentences speak."""
    looks = check(list(names.values()))
    return {
        name: look.fault.replace(look.path.name, name, 1) for name, look in zip(names, looks, strict=True) if look.fault
    }


def _look(path: Path, most_bytes: int, large: threading.Lock) -> Look:
    try:
        if path.stat().st_size > most_bytes:
            return Look(path, fault=f"{path.name} has more than {most_bytes // 1_000_000:,} MB.")
        with opened(path) as picture:
            width, height, mode = picture.width, picture.height, picture.mode
            picture.draft(None, (width // 8, height // 8))
            _decode(picture, path, large)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except PictureUnreadable as error:
        return Look(path, fault=str(error))
    except OSError as error:
        return Look(path, fault=f"{path.name} cannot be read: {error.strerror or error}.")
    return Look(path, width, height, mode, digest)


def _decode(picture: Image, path: Path, large: threading.Lock) -> None:
    try:
        if picture.width * picture.height < _LARGE:
            picture.load()
        else:
            with large:
                picture.load()
    except FAULTS as error:
        raise PictureUnreadable(f"{path.name} is cut off or broken.") from error
