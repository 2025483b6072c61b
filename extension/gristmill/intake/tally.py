"""One column, counted batch by batch: what can be known exactly of billions of values in a few kilobytes.

Infinities count as missing: no model can use them, and nobody means them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gristmill.intake.hashing import MISSING, DistinctCount, hash_numbers, hash_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ColumnTally", "Moments", "Order"]

COUNTED = 1_000  # up to so many different values are counted one by one
_EXACT_INTEGERS = 2**53  # beyond, a float holds a whole number no more


class Moments:
    """Range, mean and deviation of numbers, merged batch by batch (Chan, Golub and LeVeque) so that nothing cancels."""

    def __init__(self) -> None:
        self.count = 0
        self.mean, self._squares = np.float64(0.0), np.float64(0.0)  # too much becomes infinite and is no error
        self.minimum, self.maximum = np.inf, -np.inf
        self.are_whole = True

    def add(self, values: NDArray[np.float64]) -> None:
        """Take in numbers, none of them missing or infinite."""
        if not len(values):
            return
        with np.errstate(over="ignore", invalid="ignore"):
            mean = values.mean()
            apart, total = mean - self.mean, self.count + len(values)
            self._squares += np.square(values - mean).sum() + apart * apart * self.count * len(values) / total
            self.mean += apart * len(values) / total
        self.count = total
        self.minimum, self.maximum = min(self.minimum, float(values.min())), max(self.maximum, float(values.max()))
        self.are_whole = self.are_whole and bool((values == np.rint(values)).all())

    @property
    def deviation(self) -> float:
        return float(np.sqrt(self._squares / (self.count - 1))) if self.count > 1 else 0.0


class Order:
    """Whether values rise or fall from the first to the last."""

    def __init__(self) -> None:
        self._rises = self._falls = True
        self._last: float | None = None

    def add(self, values: NDArray[Any]) -> None:
        """Take in the next values."""
        if not (self._rises or self._falls) or not len(values):
            return
        if self._last is not None:
            values = np.concatenate([np.asarray([self._last], dtype=values.dtype), values])
        self._rises = self._rises and bool((values[1:] >= values[:-1]).all())
        self._falls = self._falls and bool((values[1:] <= values[:-1]).all())
        self._last = values[-1]

    @property
    def word(self) -> str:
        if self._rises == self._falls:  # no order at all, or one value throughout
            return ""
        return "rising" if self._rises else "falling"


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch of one column: its values without gaps, and a hash for every row."""

    shape: str  # number, date, flag or text
    present: pa.Array
    hashes: NDArray[np.uint64]
    gaps: NDArray[np.bool_] | None


class ColumnTally:
    """What is known of one column after the batches so far."""

    def __init__(self, name: str, *, sketch: int) -> None:
        self.name = name
        self.rows = self.missing = 0
        self.shapes: set[str] = set()
        self.distinct = DistinctCount(sketch)
        self.counts: dict[Any, int] | None = {}
        self.moments = Moments()
        self.order = Order()

    def add(self, values: pa.Array) -> NDArray[np.uint64]:
        """Take in the next rows; returns a hash for each, of which rows' hashes are made."""
        batch = _batch(values)
        gaps = 0 if batch.gaps is None else int(batch.gaps.sum())
        self.rows += len(values)
        self.missing += gaps
        if len(batch.present):
            self.shapes.add(batch.shape)
            self.distinct.add(batch.hashes if batch.gaps is None else batch.hashes[~batch.gaps])
            self._count(batch.present)
        if batch.shape in ("number", "date"):
            self._measure(batch)
        return batch.hashes

    def _count(self, present: pa.Array) -> None:
        if self.counts is None:
            return
        found = present.value_counts()
        if len(found) > COUNTED:
            self.counts = None
            return
        for value, count in zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True):
            self.counts[value] = self.counts.get(value, 0) + count
        if len(self.counts) > COUNTED:
            self.counts = None

    def _measure(self, batch: _Batch) -> None:
        numbers = batch.present.to_numpy(zero_copy_only=False)
        self.order.add(numbers)
        self.moments.add(numbers.astype(np.float64))


def _batch(values: pa.Array) -> _Batch:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _batch(values.dictionary_decode())
    if pa.types.is_boolean(kind):
        return _flags(values)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers(values)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _dates(values)
    texts = values.cast(pa.large_string())
    return _Batch("text", texts.drop_null(), hash_texts(texts), _gaps(texts))


def _numbers(values: pa.Array) -> _Batch:
    whole = pa.types.is_integer(values.type)
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    finite = np.isfinite(numbers)
    gaps = None if finite.all() else ~finite
    hashes = hash_numbers(numbers)
    if gaps is not None:
        hashes[gaps] = MISSING
        return _Batch("number", pa.array(numbers[finite]), hashes, gaps)
    if whole and len(numbers) and float(np.abs(numbers).max()) >= _EXACT_INTEGERS:
        hashes = hash_numbers(values.to_numpy(zero_copy_only=False).astype(np.int64, casting="unsafe"))
    return _Batch("number", pa.array(numbers), hashes, None)


def _dates(values: pa.Array) -> _Batch:
    moments = values.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    gaps = _gaps(moments)
    hashes = hash_numbers(moments.fill_null(0).to_numpy(zero_copy_only=False))
    if gaps is not None:
        hashes[gaps] = MISSING
    return _Batch("date", moments.drop_null(), hashes, gaps)


def _flags(values: pa.Array) -> _Batch:
    gaps = _gaps(values)
    hashes = hash_numbers(values.fill_null(False).to_numpy(zero_copy_only=False).astype(np.float64))
    if gaps is not None:
        hashes[gaps] = MISSING
    return _Batch("flag", values.drop_null(), hashes, gaps)


def _gaps(values: pa.Array) -> NDArray[np.bool_] | None:
    if not values.null_count:
        return None
    gaps: NDArray[np.bool_] = values.is_null().to_numpy(zero_copy_only=False)
    return gaps
