"""Encoding all texts before any candidate asks: if there is time for it, and as far into each as there is time for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .encoder import EncoderMissing, encoder_of
from .frames import joined

__all__ = ["Encoded", "encode_ahead"]

_DEPTHS = (256, 128, 64)  # tokens of each text that are read
_WORTH_A_TRY = 1.3  # of the time there is: on a busy machine it is often less than it seemed

_BEFORE_OTHERS = {"priority": 200}  # AutoGluon overlooks what candidates that are not its own say of it themselves


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoded:
    """Whether the texts are encoded, and what to tell of it; `settings` is what the sentence candidates need."""

    ready: bool
    sentence: str
    settings: dict[str, object]


def encode_ahead(texts: pd.DataFrame, encoder: str, folder: Path, *, seconds: float) -> Encoded:
    """Encode the rows of `texts` within `seconds`, and keep it in `folder`."""
    until = time.monotonic() + seconds
    if not encoder or seconds <= 0:
        why = "no sentence encoder is installed" if not encoder else "there was no time left"
        return _without(f"The texts were not read by a sentence encoder: {why}.")
    try:
        reader = encoder_of(encoder)
    except EncoderMissing as error:
        return _without(str(error))
    folder.mkdir(exist_ok=True)
    rows = joined(texts)
    expected = reader.seconds(list(dict.fromkeys(rows)), _DEPTHS)
    left = until - time.monotonic()
    depth = next((depth for depth, needed in zip(_DEPTHS, expected, strict=True) if needed <= left), _DEPTHS[-1])
    if expected[-1] > _WORTH_A_TRY * left:
        return _without(
            f"The sentence encoder would need about {expected[-1]:,.0f} s to read {len(rows):,} texts, and had "
            f"{max(0.0, left):,.0f}: its candidates were left out. A longer budget brings them in."
        )
    before = time.monotonic()
    if reader.encode(rows, tokens=depth, folder=str(folder), until=until) is None:
        return _without(
            f"The sentence encoder was stopped after {time.monotonic() - before:,.0f} s, before it had read all "
            f"{len(rows):,} texts: its candidates were left out. A longer budget brings them in."
        )
    cut = "" if depth == _DEPTHS[0] else ", for want of time no more of a text"
    return Encoded(
        ready=True,
        sentence=f"{encoder} read {len(rows):,} texts in {time.monotonic() - before:,.1f} s "
        f"(the first {depth} tokens of each{cut}).",
        settings={"encoder": encoder, "tokens": depth, "folder": str(folder), "ag_args": _BEFORE_OTHERS},
    )


def _without(sentence: str) -> Encoded:
    return Encoded(ready=False, sentence=sentence, settings={})
