"""What a person would call a column: a number, a category, free text, something that only numbers the rows.

The rules look at what is in the column first and at its name only where the values leave it open: whole numbers that
never repeat may count rows (an identifier) or dollars (a number).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gristmill.records import ColumnKind

if TYPE_CHECKING:
    from pandas import Series

__all__ = ["Evidence", "kind_of"]

ENOUGH = 20  # below so many values nothing can be told from their never repeating
_YES_NO = (
    {"yes", "no"}, {"y", "n"}, {"true", "false"}, {"t", "f"}, {"0", "1"}, {"on", "off"}, {"ja", "nein"}, {"oui", "non"},
    {"si", "no"}, {"sí", "no"}, {"da", "net"}, {"sim", "não"},
)  # fmt: skip
_NAMING = re.compile(
    r"(^|[\W_])(id|ids|uuid|guid|key|idx|index|nr|no|number|rowid|row|serial|unnamed)([\W_\d]|$)|Id$|ID$"
)
# Where words stand without spaces between them (Thai to Khmer, Chinese, Japanese), two letters count as one.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORDS = rf"[{_UNSPACED}]{{2}}|[^\s{_UNSPACED}]+"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known of a column when it is to be named."""

    name: str
    shape: str  # number, date, flag or text
    present: int  # rows that have a value
    missing: int
    distinct: int
    values: frozenset[str]  # the different values in lower case, where they are two at most
    is_whole: bool = False
    span: float = 0.0  # from the smallest number to the largest
    minimum: float = 0.0
    sample: Series | None = None  # some of the texts


def kind_of(found: Evidence) -> ColumnKind:
    """The column's kind."""
    if not found.present:
        return ColumnKind.EMPTY
    if found.distinct == 1 and not found.missing:
        return ColumnKind.CONSTANT
    if found.shape == "date":
        return ColumnKind.DATE
    if found.shape == "flag" or any(found.values == pair for pair in _YES_NO):
        return ColumnKind.YES_NO
    if found.shape == "number":
        return _number(found)
    return _text(found)


def _number(found: Evidence) -> ColumnKind:
    if not found.is_whole:
        return ColumnKind.NUMBER
    if found.distinct < found.present * 0.99 or found.present < ENOUGH:
        return ColumnKind.INTEGER
    are_years = found.minimum >= 1500 and found.minimum + found.span <= 2200
    counts_rows = found.span <= found.present * 1.01 and not are_years
    return ColumnKind.IDENTIFIER if counts_rows or _NAMING.search(found.name) else ColumnKind.INTEGER


def _text(found: Evidence) -> ColumnKind:
    if found.sample is None or found.sample.empty:
        return ColumnKind.CATEGORY
    lengths = found.sample.str.len().mean()
    words = found.sample.str.count(_WORDS).mean()
    varied = found.distinct > max(ENOUGH, 0.1 * found.present)
    if varied and (words >= 3 or lengths > 50):
        return ColumnKind.TEXT
    # Almost all different: codes, addresses of mail, names.
    if found.present >= ENOUGH and found.distinct >= found.present * 0.97:
        return ColumnKind.IDENTIFIER
    return ColumnKind.CATEGORY
