"""Pictures in a report: small, as JPEG inside the page, side by side with a line of words under each."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape

import numpy as np
from numpy.typing import NDArray

__all__ = ["grid", "thumbnail"]

_SIDE = 168
_QUALITY = 78


def thumbnail(pixels: NDArray[np.uint8], alt: str, *, side: int = _SIDE) -> str:
    """An <img> of the picture, its longer side at most `side`."""
    from PIL import Image

    picture = Image.fromarray(pixels).convert("RGB")
    if max(picture.size) < side:  # tiny pictures are shown enlarged, or nobody could see anything
        scale = max(1, side // max(picture.size))
        picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
    picture.thumbnail((side, side))
    held = io.BytesIO()
    picture.save(held, format="JPEG", quality=_QUALITY)
    data = base64.b64encode(held.getvalue()).decode()
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<img alt="{escape(alt)}" {size} src="data:image/jpeg;base64,{data}">'


def grid(entries: Iterable[tuple[list[str], str]]) -> str:
    """Groups of thumbnails, each with its words below."""
    cells = "".join(
        f'<div style="display:inline-block;margin:0 14px 12px 0;vertical-align:top">{" ".join(images)}'
        f'<p class="gm-aside" style="margin:2px 0 0 0">{escape(words)}</p></div>'
        for images, words in entries
    )
    return f"<div>{cells}</div>"
