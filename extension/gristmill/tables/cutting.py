"""How a text is cut into values: its delimiter and its quotes.

Each way of cutting is tried on the head of the text. The better one gives more lines of the same width, and values that
hold none of the other delimiters: `1,5;2,5` is cut evenly by either sign, but only the semicolon leaves whole numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from gristmill.tables.reading.layout import records

__all__ = ["Cut", "Trial", "best_cut"]

_DELIMITERS = ",;\t|\x01^~: "  # likeliest first: max() takes the first of equals
_TRIED = 200  # records
_PREAMBLE = 30  # lines
_SPREAD = re.compile(r"\S {2,}\S")  # values set apart by a run of blanks
_DECIMAL = re.compile(r"\s*[+-]?\d+,\d+\s*")


@dataclass(frozen=True)
class Cut:
    """One way of cutting; its fields are named as a form's. A blank as delimiter means any run of blanks."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None


@dataclass(frozen=True)
class Trial:
    """How well a way of cutting does."""

    cut: Cut
    score: float = 0.0
    even: float = 0.0  # the share of records that have the commonest width
    width: int = 0


def best_cut(text: str, delimiter: str | None) -> Trial:
    """The best way to cut a text, by that delimiter if the text itself names it."""
    signs = [sign for sign in _DELIMITERS if sign in text] if delimiter is None else [delimiter]
    trials = [_try(text, cut) for sign in signs for cut in _cuts(text, sign)]
    return max(trials, key=lambda trial: trial.score, default=Trial(Cut(",")))


def _cuts(text: str, sign: str) -> list[Cut]:
    """Ways to quote that this text may use: the usual one first."""
    cuts, bound = [Cut(sign)], re.escape(sign)
    if '\\"' in text:
        cuts.append(Cut(sign, escape="\\"))
    if re.search(rf"(^|{bound})'[^'\n]*'({bound}|\r?$)", text, re.MULTILINE):
        cuts.append(Cut(sign, quote="'"))
    # Where tabs or bars set values apart, quotes are often just signs; where commas do, an open one is a fault.
    if sign in "\t|\x01" and '"' in text and not re.search(rf'(^|{bound})"[^"\n]*"({bound}|\r?$)', text, re.MULTILINE):
        cuts.append(Cut(sign, quote=""))
    return cuts


def _try(text: str, cut: Cut) -> Trial:
    rows = [row for _, row in islice(records(text, cut), _TRIED) if any(cell.strip() for cell in row)]
    widths = Counter(len(row) for row in rows)
    width = max(widths, key=lambda wide: (widths[wide], wide), default=0)
    if width < 2:
        return Trial(cut)
    # Lines before the first full one may be a preamble: they say little against this way.
    first = next(number for number, row in enumerate(rows) if len(row) == width)
    body = rows[first:] if first <= _PREAMBLE else rows
    # Colons and blanks stand in values, too; and unusual quotes must earn their place.
    even = widths[width] / len(body)
    cells = [cell for row in body for cell in row]
    clean = sum(_is_clean(cell, cut.delimiter) for cell in cells) / len(cells)
    torn = sum(_is_torn(cell, cut) for cell in cells) / len(cells)
    doubts = (
        (0.12 if cut.delimiter in ": " else 0) + (0.05 if first else 0) + (0.02 if cut != Cut(cut.delimiter) else 0)
    )
    return Trial(cut, even * (1 + 0.3 * clean) - 0.2 * torn - doubts, even, width)


def _is_clean(cell: str, delimiter: str) -> bool:
    """Whether a value holds no other delimiter, but for a decimal comma or the commas of a sentence."""
    if not any(sign in cell for sign in ",;\t|" if sign != delimiter):
        return _SPREAD.search(cell) is None
    return " " in cell.strip() or _DECIMAL.fullmatch(cell) is not None


def _is_torn(cell: str, cut: Cut) -> bool:
    """Whether a value has swallowed others, or quotes are left in it that look as if they had been around it."""
    if not cut.quote:
        return False
    if "\n" in cell and cut.delimiter in cell:
        return True
    if cell[:1] == '"' or (cell[-1:] == '"' and "\\" in cell):
        return True
    return len(cell) > 1 and cell[0] == cell[-1] == "'"
