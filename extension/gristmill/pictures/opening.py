"""One picture, whatever its form, as people see it: upright, in RGB, no larger than asked for.

What cameras, scanners and editors write is not always eight bits of red, green and blue. Here every form becomes that:

============================ ===================================================================
in the file                  what is made of it
============================ ===================================================================
rotated or mirrored by EXIF  turned as a viewer would turn it
transparent                  laid on white
animated, many pages         the first frame
CMYK, palette, grey          converted
more than eight bits         scaled to eight by the smallest of 8, 12 and 16 bits that holds it
numbers with a point         scaled from the least to the greatest
============================ ===================================================================

A stranger's file may be a bomb: a few bytes that claim to be billions of pixels. The size in the header is looked at
before anything is decoded. Only formats are opened that Pillow decodes by itself, without another program.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["ENDINGS", "FAULTS", "MOST_PIXELS", "PictureUnreadable", "is_picture", "load", "opened", "pixels", "size_of"]

MOST_PIXELS = 80_000_000  # more are refused; Pillow itself takes fright at 89 million
ENDINGS = frozenset(
    (".jpg", ".jpeg", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
)
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
# What Pillow's decoders raise on broken bytes: not only OSError.
FAULTS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError,
          AttributeError, struct.error, zlib.error)  # fmt: skip
_DEPTHS = (255, 4_095, 65_535)


class PictureUnreadable(ValueError):
    """A file that cannot be opened as a picture; its words say why."""


def is_picture(name: str | Path) -> bool:
    """Whether a file's name says that it is a picture."""
    return os.path.splitext(name)[1].lower() in ENDINGS  # noqa: PTH122  # a Path costs more, and each task asks of each file


def size_of(path: str | Path) -> tuple[int, int]:
    """Width and height as people see the picture; nothing is decoded."""
    with opened(path) as picture:
        return _upright_size(picture)


def load(path: str | Path, size: int | tuple[int, int] | None = None) -> Image:
    """The picture in RGB: as it is, its longer side at most `size`, or exactly (width, height) whatever its shape."""
    try:
        with opened(path) as picture:
            longest = max(size) if isinstance(size, tuple) else size
            if longest:
                picture.draft("RGB" if picture.mode == "YCbCr" else None, (longest, longest))  # JPEG decodes smaller
            seen = _upright(_in_rgb(picture))
    except PictureUnreadable:
        raise
    except FAULTS as error:
        raise PictureUnreadable(f"{Path(path).name} cannot be decoded: {_said(error)}.") from error
    return _resized(seen, size)


def pixels(path: str | Path, side: int) -> NDArray[np.uint8]:
    """The picture as an array of `side` rows, `side` columns and three colours."""
    import numpy as np

    return np.asarray(load(path, (side, side)))


def opened(path: str | Path) -> Image:
    """The picture with its header read and judged; its bytes are not decoded yet."""
    from PIL import Image

    name = Path(path).name
    Image.preinit()  # the common formats; without it Pillow loads all it knows for the first file
    try:
        picture = Image.open(path, formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureUnreadable(f"{name} claims to have more than {MOST_PIXELS:,} pixels.") from None
    except FileNotFoundError:
        raise PictureUnreadable(f"{name} is not there.") from None
    except FAULTS as error:
        empty = Path(path).is_file() and not Path(path).stat().st_size
        why = "is empty" if empty else "is no picture that can be read (JPEG, PNG, GIF, BMP, WebP, TIFF or PPM)"
        raise PictureUnreadable(f"{name} {why}.") from error
    width, height = picture.size
    if width * height > MOST_PIXELS:
        picture.close()
        raise PictureUnreadable(
            f"{name} has {width:,} by {height:,} pixels, more than {MOST_PIXELS:,}: make it smaller."
        )
    return picture


def _in_rgb(picture: Image) -> Image:
    """The first frame in eight bits of red, green and blue; its EXIF goes along."""
    from PIL import Image

    exif = picture.getexif()
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        seen = _eight_bits(picture)
    elif picture.has_transparency_data:
        over = picture.convert("RGBA")
        seen = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    else:
        seen = picture.convert("RGB")  # a copy, or the decoded picture itself: the file may close
    seen.info["exif"] = exif.tobytes() if exif else b""
    return seen


def _eight_bits(picture: Image) -> Image:
    import numpy as np
    from PIL import Image

    values = np.nan_to_num(np.asarray(picture, dtype=np.float32))
    least, most = (float(values.min()), float(values.max())) if picture.mode == "F" else (0.0, _depth(values))
    grey = np.clip((values - least) * (255.0 / max(most - least, 1e-12)), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _depth(values: NDArray[np.float32]) -> float:
    most = float(values.max())
    return next((float(depth) for depth in _DEPTHS if most <= depth), most)


def _upright(picture: Image) -> Image:
    from PIL import Image, ImageOps

    exif = Image.Exif()
    try:
        exif.load(picture.info.pop("exif", b""))
        orientation = exif.get(0x0112)
    except FAULTS:  # notes about a picture that are broken do not make it one
        return picture
    if orientation not in range(2, 9):
        return picture
    turned = picture.copy()
    turned.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(turned)


def _upright_size(picture: Image) -> tuple[int, int]:
    try:
        sideways = picture.getexif().get(0x0112) in (5, 6, 7, 8)
    except FAULTS:
        sideways = False
    width, height = picture.size
    return (height, width) if sideways else (width, height)


def _resized(picture: Image, size: int | tuple[int, int] | None) -> Image:
    from PIL.Image import Resampling

    if size is None:
        return picture
    if isinstance(size, int):
        scale = min(1.0, size / max(picture.size))
        size = (max(1, round(scale * picture.width)), max(1, round(scale * picture.height)))
    return picture if picture.size == size else picture.resize(size, Resampling.BILINEAR, reducing_gap=2.0)


def _said(error: BaseException) -> str:
    return str(error).rstrip(".").splitlines()[0] if str(error) else type(error).__name__
