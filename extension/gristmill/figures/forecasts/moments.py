"""Moments in words, as short as they are exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["day", "marks"]


def day(moment: Any) -> str:
    """A moment without the parts that say nothing: no seconds, no midnight."""
    return str(pd.Timestamp(moment)).removesuffix(":00").removesuffix(" 00:00")


def marks(moments: pd.Series, number: int = 5) -> list[str]:
    """So many moments, each in the middle of its part."""
    places = (np.arange(number) + 0.5) / number * (len(moments) - 1)
    return [day(moments.iloc[int(place)]) for place in places]
