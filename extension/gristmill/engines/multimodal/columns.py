"""All columns of a mixed table as numbers: what an encoder makes of its texts, a network of its pictures, and the rest.

The main directions of what the network sees are those of the rows that were learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from gristmill.engines.picture_models.seeing import Eye
from gristmill.engines.texts.sentences import encodings

__all__ = ["AllColumns"]

_DIRECTIONS = 64  # of all that the network sees, those that differ most


class AllColumns:
    """Turns rows into frames of numbers and categories; the names are its own."""

    def __init__(self, rows: pd.DataFrame, pictures: Sequence[str], settings: Mapping[str, Any]) -> None:
        self.pictures = list(pictures)
        self.texts = [name for name in rows.columns if rows[name].dtype.kind == "O" and name not in self.pictures]
        self.plain = [name for name in rows.columns if name not in (*self.texts, *self.pictures)]
        self._eye = Eye(settings["weights"]) if self.pictures else None
        self._width = 0  # of what the network sees
        self._mains: dict[str, PCA] = {}
        for name in self.pictures:
            seen = self._vectors(rows[name], settings["side"])
            most = min(_DIRECTIONS, *seen.shape)
            self._mains[name] = PCA(n_components=most, svd_solver="randomized", random_state=0).fit(seen)

    def blocks(self, rows: pd.DataFrame, settings: Mapping[str, Any]) -> list[pd.DataFrame]:
        """The plain columns; then what is seen in each column of pictures, and in all texts together."""
        plain = rows[self.plain].set_axis([f"c{place}" for place in range(len(self.plain))], axis=1)
        beside = [plain]
        for place, name in enumerate(self.pictures):
            main = self._mains[name].transform(self._vectors(rows[name], settings["side"]))
            beside.append(_frame(main, rows, f"p{place}_"))
        if self.texts:
            beside.append(_frame(encodings(rows[self.texts], dict(settings)), rows, "e"))
        return beside

    def _vectors(self, column: pd.Series, side: int) -> NDArray[np.float32]:
        """What the network sees in each picture; nothing where there is none."""
        assert self._eye is not None
        paths = [str(path) if isinstance(path, str) else "" for path in column]
        there = [at for at, path in enumerate(paths) if path]
        seen = self._eye.vectors([Path(paths[at]) for at in there], side) if there else None
        if seen is not None:
            self._width = seen.shape[1]
        whole = np.zeros((len(paths), self._width), np.float32)
        if seen is not None:
            whole[there] = seen
        return whole


def _frame(numbers: NDArray[Any], rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return pd.DataFrame(numbers, index=rows.index, columns=[f"{name}{at}" for at in range(numbers.shape[1])])
