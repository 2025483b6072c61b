"""Which columns tell of the target, which of each other, and which are empty together: measured here, drawn elsewhere.

Strength
--------
How much one column tells is the part of the target's spread that is gone once the column's value is known: rows are put
into groups of like values, those without a value into one of their own, and what is left within the groups is compared
with the whole. It is corrected for the number of groups, so that a column which is different in every row tells
nothing. For classes, spread is how often two rows drawn by chance differ; numbers are taken by their ranks, in which
outliers weigh no more than others. So columns of every kind stand on one scale: 0 tells nothing, 1 everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gristmill.wording import number, plain_years

__all__ = [
    "MISSING",
    "Aim",
    "Gaps",
    "Groups",
    "Pair",
    "Relation",
    "gaps",
    "groups",
    "is_long",
    "lengths",
    "moments",
    "pairs",
    "relations",
    "wilson",
]

MISSING = "(empty)"
OTHERS = "(all others)"
_GROUPS, _FEWEST_IN_GROUP = 20, 10
_MOST_CLASSES = 50
_SURE = 4.0  # standard deviations of what chance does to a column that tells nothing
_LONG = 40  # letters: of what is longer on average, the length is looked at
_PAIRED_COLUMNS, _PAIRED_ROWS, _CLOSE = 40, 5_000, 0.5
_HOLEY_COLUMNS = 25
_AFFIRMATIVE = frozenset({"1", "1.0", "true", "yes", "y", "positive"})


@dataclass(frozen=True)
class Aim:
    """The target's values: classes, commonest first, or numbers. `looked_for` is the class that charts of two show."""

    name: str
    values: pd.Series
    classes: tuple[str, ...] = ()
    codes: NDArray[np.int64] | None = None
    looked_for: int | None = None

    @classmethod
    def of(cls, values: pd.Series, *, are_classes: bool) -> Aim | None:
        """None where there is nothing that columns could be compared with: one value, or a different one everywhere."""
        name = str(values.name)
        if are_classes:
            counts = values.astype(str).value_counts()
            if not 2 <= len(counts) <= _MOST_CLASSES:
                return None
            names = tuple(str(label) for label in counts.index)
            codes = pd.Categorical(values.astype(str), categories=list(names)).codes.astype(np.int64)
            said = next((place for place, label in enumerate(names) if label.lower() in _AFFIRMATIVE), len(names) - 1)
            return cls(name, values, names, codes, said if len(names) == 2 else None)
        if not pd.api.types.is_numeric_dtype(values) or values.nunique() < 2:
            return None
        return cls(name, values.astype(float))

    @cached_property
    def answers(self) -> NDArray[np.float64]:
        """One column of ones and zeros for each class, or the ranks of the numbers."""
        if self.codes is not None:
            return np.eye(len(self.classes))[self.codes]
        return np.asarray(self.values.rank(), dtype=float)[:, None] / len(self.values)

    def holds(self, place: int) -> NDArray[np.float64]:
        """One for each row of that class, nothing for the others."""
        return self.answers[:, place]


@dataclass(frozen=True, kw_only=True)
class Groups:
    """A column's rows in groups of like values, in their order; `missing` is the place of those without a value."""

    codes: NDArray[np.int64]
    names: tuple[str, ...]
    middles: NDArray[np.float64]  # of groups of numbers; nothing for words
    missing: int | None = None

    @property
    def counts(self) -> NDArray[np.int64]:
        return np.bincount(self.codes, minlength=len(self.names))


@dataclass(frozen=True, kw_only=True)
class Relation:
    """How much a column tells of the target by itself; `clear` where chance would hardly do as much."""

    name: str
    strength: float
    clear: bool
    gap_tells: bool = False  # whether most of it is told by there being a value at all


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two columns of numbers that rise together, or one while the other falls: 1 and -1 are always, 0 is never."""

    one: str
    other: str
    closeness: float


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Which columns are empty in the same rows: sets of columns with how many rows lack just these, commonest first."""

    rows: int
    whole: int  # rows without a gap in any column
    patterns: tuple[tuple[tuple[str, ...], int], ...]
    partners: tuple[str, str, float] | None = None  # where the first is empty, the second is in this part of the rows


def relations(rows: pd.DataFrame, aim: Aim) -> tuple[Relation, ...]:
    """Every column but the target, the most telling one first."""
    found = (_relation(rows[name], aim) for name in rows.columns if name != aim.name)
    return tuple(sorted(found, key=lambda relation: (-relation.clear, -relation.strength)))


def _relation(column: pd.Series, aim: Aim) -> Relation:
    name, cut = str(column.name), groups(column)
    strength, noise = _explained(cut, aim.answers)
    by_gaps = 0.0
    if cut.missing is not None and len(cut.names) > 2:
        whether = (cut.codes == cut.missing).astype(np.int64)
        two = Groups(codes=whether, names=("filled in", MISSING), middles=np.empty(0), missing=1)
        by_gaps, _ = _explained(two, aim.answers)
    clear = strength > max(_SURE * noise, 0.002)
    return Relation(name=name, strength=max(0.0, strength), clear=clear, gap_tells=clear and by_gaps > 0.6 * strength)


def groups(column: pd.Series, most: int = _GROUPS) -> Groups:
    """The column's rows in at most about `most` groups: ranges of numbers and dates, the commonest words, lengths."""
    if column.dtype.kind in "fiuM":
        return _ranges(moments(column), most, dates=column.dtype.kind == "M")
    words = column.astype(object).where(column.notna(), None)
    if is_long(column):
        return _ranges(lengths(column), most)
    counts = words.map(str, na_action="ignore").value_counts()
    kept = [str(word) for word in counts.index[:most]]
    names = [*kept, *([OTHERS] if len(counts) > len(kept) else [])]
    known = {word: place for place, word in enumerate(kept)}
    codes = words.map(lambda word: known.get(str(word), len(kept)), na_action="ignore")
    missing = len(names) if bool(words.isna().any()) else None
    placed = codes.to_numpy(dtype=float, na_value=len(names)).astype(np.int64)
    names += [MISSING] if missing is not None else []
    return Groups(codes=placed, names=tuple(names), middles=np.empty(0), missing=missing)


def is_long(column: pd.Series) -> bool:
    """Whether a column holds texts, of which no two are alike."""
    if column.dtype.kind in "fiuMb":
        return False
    some = column.dropna().head(1000)
    return bool(len(some)) and float(some.map(lambda text: len(str(text))).mean()) > _LONG


def lengths(column: pd.Series) -> NDArray[np.float64]:
    """How many letters each text has, gaps as NaN."""
    counted = column.astype(object).map(lambda text: float(len(str(text))), na_action="ignore")
    return np.asarray(counted, dtype=float)


def moments(column: pd.Series) -> NDArray[np.float64]:
    """Numbers as they are, dates as seconds, gaps as NaN."""
    if column.dtype.kind != "M":
        return column.to_numpy(dtype=float, na_value=np.nan)
    plain = column.dt.tz_convert(None) if column.dt.tz is not None else column
    seconds: NDArray[np.float64] = plain.to_numpy().astype("datetime64[s]").astype(np.int64).astype(float)
    return np.where(plain.isna().to_numpy(), np.nan, seconds)


def _ranges(values: NDArray[np.float64], most: int, *, dates: bool = False) -> Groups:
    """Groups of about as many rows each; a number that is all alone keeps a group where few differ."""
    present = values[np.isfinite(values)]
    distinct = np.unique(present)
    most = max(2, min(most, len(present) // _FEWEST_IN_GROUP))
    if len(distinct) <= most:
        inner = (distinct[:-1] + distinct[1:]) / 2
    else:
        inner = np.unique(np.quantile(present, np.linspace(0, 1, most + 1)[1:-1], method="nearest"))
        inner = inner[inner > distinct[0]]  # or the first group would be empty
    codes = np.searchsorted(inner, values, side="right")
    holds = np.isfinite(values)
    kinds = len(inner) + 1 if len(present) else 0
    codes = np.where(holds, codes, kinds).astype(np.int64)
    spans = [present[codes[holds] == place] for place in range(kinds)]
    names = [_span(float(span.min()), float(span.max()), dates=dates) for span in spans if len(span)]
    middles = np.array([float(np.median(span)) for span in spans if len(span)])
    missing = None
    if not holds.all():
        missing, names = len(names), [*names, MISSING]
    return Groups(codes=codes, names=tuple(names), middles=middles, missing=missing)


def _span(low: float, high: float, *, dates: bool) -> str:
    if dates:
        first, last = (str(np.datetime64(int(end), "s"))[:10] for end in (low, high))
    else:
        form = plain_years(low, high, number)
        first, last = form(low), form(high)
    return first if first == last else f"{first} to {last}"


def _explained(cut: Groups, answers: NDArray[np.float64]) -> tuple[float, float]:
    """The part of the answers' spread between groups, and how far chance alone makes it stray from nothing."""
    counts = cut.counts
    used, rows = int((counts > 0).sum()), len(answers)
    centred = answers - answers.mean(axis=0)
    total = float(np.square(centred).sum())
    if used < 2 or rows - used < 2 or not total:
        return 0.0, 1.0
    sums = [np.bincount(cut.codes, weights=part, minlength=len(counts)) for part in centred.T]
    between = sum(float((np.square(part) / np.maximum(counts, 1)).sum()) for part in sums)
    corrected = 1.0 - (1.0 - between / total) * (rows - 1) / (rows - used)
    return corrected, float(np.sqrt(2.0 * (used - 1))) / (rows - used)


def pairs(rows: pd.DataFrame, names: Sequence[str]) -> tuple[Pair, ...]:
    """The pairs of columns of numbers among `names` that go together closely, the closest first."""
    numbers = (name for name in names if rows[name].dtype.kind in "fiu" and rows[name].nunique() > 2)
    shown = list(islice(numbers, _PAIRED_COLUMNS))
    some = rows[shown]
    some = some.sample(_PAIRED_ROWS, random_state=0) if len(some) > _PAIRED_ROWS else some
    if some.shape[1] < 2:
        return ()
    close = some.astype(float).corr(method="spearman", min_periods=30).to_numpy()
    places = zip(*np.triu_indices(len(close), k=1), strict=True)
    found = [
        Pair(one=shown[one], other=shown[other], closeness=float(close[one, other]))
        for one, other in places
        if abs(close[one, other]) >= _CLOSE  # NaN is not
    ]
    return tuple(sorted(found, key=lambda pair: -abs(pair.closeness)))


def gaps(rows: pd.DataFrame) -> Gaps | None:
    """Where values are missing together; None where none is missing."""
    amounts = {str(name): int(rows[name].isna().sum()) for name in rows.columns}
    names = sorted((name for name in amounts if amounts[name]), key=lambda name: -amounts[name])[:_HOLEY_COLUMNS]
    if not names:
        return None
    empty = rows[names].isna().to_numpy()
    kinds, counts = np.unique(empty, axis=0, return_counts=True)
    patterns = [
        (tuple(name for name, lacks in zip(names, kinds[int(place)], strict=True) if lacks), int(counts[int(place)]))
        for place in np.argsort(-counts, kind="stable")
    ]
    whole = sum(amount for lacking, amount in patterns if not lacking)
    return Gaps(
        rows=len(rows),
        whole=whole,
        patterns=tuple(pattern for pattern in patterns if pattern[0]),
        partners=_partners(names, empty),
    )


def _partners(names: Sequence[str], empty: NDArray[np.bool_]) -> tuple[str, str, float] | None:
    """The two columns whose gaps coincide most, beyond what their numbers alone would bring about."""
    amounts = empty.sum(axis=0).astype(float)
    both = empty.T.astype(float) @ empty.astype(float)
    part = both / amounts[:, None]
    gain = part - amounts[None, :] / len(empty)
    np.fill_diagonal(gain, 0.0)
    gain[amounts < _FEWEST_IN_GROUP] = 0.0
    one, other = divmod(int(np.argmax(gain)), len(names))
    return (names[one], names[other], float(part[one, other])) if gain[one, other] > 0.3 else None


def wilson(hits: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95% interval of each share `hits / counts`, by Wilson's score."""
    z = 1.96
    many = np.maximum(counts, 1.0)
    part = hits / many
    middle = (part + z * z / (2 * many)) / (1 + z * z / many)
    reach = z * np.sqrt(part * (1 - part) / many + z * z / (4 * many * many)) / (1 + z * z / many)
    return (middle - reach).clip(0, 1), (middle + reach).clip(0, 1)
