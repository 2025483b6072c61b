"""A draw of rows from a stream of any length, each row as likely as another: the rows with the smallest random keys.

Quantiles, histograms and the look of texts are taken from it; of small data it is all there is, and they are exact.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

__all__ = ["RowSample"]

_CELLS = 500_000
_FEWEST, _MOST = 500, 10_000
_LONGEST = 300  # characters kept of a text: its look is told by its beginning


class RowSample:
    """A draw of rows, as many as fit."""

    def __init__(self, columns: int, seed: int = 0) -> None:
        self.size = max(_FEWEST, min(_MOST, _CELLS // max(1, columns)))
        self.rows = 0
        self._random = np.random.default_rng(seed)
        self._limit = 2.0  # above any key
        self._parts: list[tuple[np.ndarray, pd.DataFrame]] = []
        self._held = 0

    def add(self, rows: pd.DataFrame) -> None:
        """Take in the next rows."""
        keys = self._random.random(len(rows))
        drawn = np.flatnonzero(keys < self._limit)
        part = rows.iloc[drawn].set_axis(self.rows + drawn, axis=0)
        texts = [name for name in part.columns if pd.api.types.infer_dtype(part[name], skipna=True) == "string"]
        part = part.assign(**{name: part[name].str.slice(0, _LONGEST) for name in texts})
        self._parts.append((keys[drawn], part))
        self.rows += len(rows)
        self._held += len(drawn)
        if self._held > 2 * self.size:
            self._shrink()

    def result(self) -> pd.DataFrame:
        """The rows drawn, in the order of the data, numbered as there."""
        if not self._parts:
            return pd.DataFrame()
        self._shrink()
        return self._parts[0][1]

    def _shrink(self) -> None:
        keys = np.concatenate([keys for keys, _ in self._parts])
        kept = np.sort(np.argsort(keys, kind="stable")[: self.size])
        with warnings.catch_warnings():
            # pandas warns that a part without values will one day have a say in a column's type; it may.
            warnings.simplefilter("ignore", FutureWarning)
            rows = pd.concat([part for _, part in self._parts])
        self._parts, self._held = [(keys[kept], rows.iloc[kept])], len(kept)
        if self.rows > self.size:
            self._limit = float(keys[kept].max())
