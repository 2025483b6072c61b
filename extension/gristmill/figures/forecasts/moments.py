"""Moments in words, as short as they are exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["day", "marks"]


def day(moment: Any) -> str:
    """A moment without the parts that say nothing: no seconds, no midnight."""
    return str(pd.Timestamp(moment)).removesuffix(":00").removesuffix(" 00:00")


def marks(moments: pd.Series) -> list[str]:
    """Five moments, each in the middle of a fifth."""
    return [day(moments.iloc[int(place)]) for place in np.arange(0.1, 1, 0.2) * (len(moments) - 1)]
