"""Hashes of values, 64 bits each and a batch at a time: distinct values and repeated rows are counted by them.

Numbers are hashed by their bits as floats, so that 1 and 1.0 are one value. Text is hashed where it lies in Arrow's
buffers: with a table of random numbers t and an odd r, the prefix sums of t[byte i] * r^i give any stretch of bytes by
one subtraction; multiplying with a power of r's inverse makes the result independent of where the stretch lay.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pandas.util import hash_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MISSING", "DistinctCount", "RepeatCount", "combine", "hash_numbers", "hash_texts"]

MISSING = np.uint64(0x9E3779B97F4A7C15)

_FACTOR = 0x5851F42D4C957F2D  # odd, so that it has an inverse modulo 2**64
_INVERSE = pow(_FACTOR, -1, 2**64)
_COMBINE = np.uint64(0xD1342543DE82EF95)
_SLICE = 1 << 18  # bytes hashed at once, more only where one text is longer: keeps the buffers in the cache
_TABLE = np.random.default_rng(0).integers(0, 2**64, 256, dtype=np.uint64)


def hash_numbers(values: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.uint64]:
    """The hashes of numbers; -0.0 counts as 0.0."""
    bits = (values + 0.0 if values.dtype.kind == "f" else values).view(np.uint64)
    hashes: NDArray[np.uint64] = hash_array(bits)
    return hashes


def hash_texts(texts: pa.LargeStringArray) -> NDArray[np.uint64]:
    """The hashes of texts; missing ones have the hash MISSING."""
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    hashes = np.empty(len(texts), dtype=np.uint64)
    data = texts.buffers()[2]
    raw = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    start = 0
    while start < len(texts):
        fitting = int(np.searchsorted(offsets, offsets[start] + _SLICE, side="right")) - 1
        stop = min(max(start + 1, fitting), len(texts))
        hashes[start:stop] = _hash_stretches(raw, offsets[start : stop + 1])
        start = stop
    if texts.null_count:
        hashes[texts.is_null().to_numpy(zero_copy_only=False)] = MISSING
    return hashes


def _hash_stretches(raw: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    ends = offsets - offsets[0]
    size = int(ends[-1])
    sums = np.zeros(size + 1, dtype=np.uint64)
    np.cumsum(_TABLE[raw[offsets[0] : offsets[-1]]] * _powers(_FACTOR, size), out=sums[1:])
    stretches = (sums[ends[1:]] - sums[ends[:-1]]) * _powers(_INVERSE, size + 1)[ends[:-1]]
    lengths = (ends[1:] - ends[:-1]).view(np.uint64)
    hashes: NDArray[np.uint64] = hash_array(stretches + lengths * _COMBINE)
    return hashes


@cache
def _powers_up_to(base: int, size: int) -> NDArray[np.uint64]:
    factors = np.full(size, base, dtype=np.uint64)
    factors[0] = 1
    powers: NDArray[np.uint64] = np.cumprod(factors)
    return powers


def _powers(base: int, size: int) -> NDArray[np.uint64]:
    """base**0 to base**(size - 1), modulo 2**64; computed anew only for a text that is longer than all before."""
    length = _SLICE + 1
    while length < size:
        length *= 2
    return _powers_up_to(base, length)[:size]


def combine(rows: NDArray[np.uint64], column: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hashes of rows that one more column was added to."""
    return rows * _COMBINE + column


class DistinctCount:
    """Counts distinct values: exactly up to `size`, from then on by how dense the smallest `size` hashes lie."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._smallest = np.empty(0, dtype=np.uint64)
        self._fresh: list[NDArray[np.uint64]] = []
        self._waiting = 0
        self._is_exact = True

    def add(self, hashes: NDArray[np.uint64]) -> None:
        """Take in the hashes of a batch's values."""
        if not self._is_exact:
            hashes = hashes[hashes < self._smallest[-1]]
        self._fresh.append(hashes)
        self._waiting += len(hashes)
        if self._waiting > self._size:
            self._merge()

    @property
    def is_exact(self) -> bool:
        self._merge()
        return self._is_exact

    def result(self) -> int:
        """How many distinct values there were."""
        if self.is_exact:
            return len(self._smallest)
        return round((self._size - 1) / (float(self._smallest[-1]) / 2.0**64))

    def _merge(self) -> None:
        hashes = np.concatenate([self._smallest, *self._fresh])
        self._fresh, self._waiting = [], 0
        hashes.sort()  # and not numpy.unique, which is much slower for so many
        self._smallest = hashes[_firsts(hashes)]
        if len(self._smallest) > self._size:
            self._smallest, self._is_exact = self._smallest[: self._size], False


class RepeatCount:
    """Counts rows that repeat an earlier one: exactly up to `size` different rows, beyond that in a part of all hashes.

    All repeats of a row share its hash, so a row and its repeats are in that part together or not at all.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._hashes = np.empty(0, dtype=np.uint64)
        self._counts = np.empty(0, dtype=np.int64)
        self._fresh: list[NDArray[np.uint64]] = []
        self._waiting = 0
        self._halvings = 0

    @property
    def is_exact(self) -> bool:
        return self._halvings == 0

    def add(self, hashes: NDArray[np.uint64]) -> None:
        """Take in the hashes of a batch's rows."""
        hashes = hashes[self._is_in_part(hashes)]
        self._fresh.append(hashes)
        self._waiting += len(hashes)
        if self._waiting > self._size:
            self._merge()

    def result(self) -> int:
        """How many rows repeated an earlier one."""
        self._merge()
        return int((self._counts.sum() - len(self._hashes)) << self._halvings)

    def _merge(self) -> None:
        fresh = np.concatenate([self._hashes[:0], *self._fresh])
        self._fresh, self._waiting = [], 0
        fresh.sort()
        firsts = _firsts(fresh)
        hashes = np.concatenate([self._hashes, fresh[firsts]])
        counts = np.concatenate([self._counts, np.diff(firsts, append=len(fresh))])
        order = np.argsort(hashes, kind="stable")  # two sorted halves: one merge
        hashes, counts = hashes[order], counts[order]
        firsts = _firsts(hashes)
        self._hashes, self._counts = hashes[firsts], np.add.reduceat(counts, firsts) if len(firsts) else counts
        while len(self._hashes) > self._size:
            self._halvings += 1
            kept = self._is_in_part(self._hashes)
            self._hashes, self._counts = self._hashes[kept], self._counts[kept]

    def _is_in_part(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return hashes <= np.uint64((1 << (64 - self._halvings)) - 1)


def _firsts(sorted_hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Where each different value begins."""
    if not len(sorted_hashes):
        return np.empty(0, dtype=np.intp)
    return np.flatnonzero(np.concatenate([[True], sorted_hashes[1:] != sorted_hashes[:-1]]))
