"""Columns of text, or of Parquet's own types, in the types that a form promises."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# The words pandas takes for "no value".
MISSING = frozenset(
    [
        *("", "NA", "N/A", "n/a", "<NA>", "NULL", "null", "None", "NaN", "nan", "-NaN", "-nan"),
        *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN"),
    ]
)
_ISO_DAY = r"\d{4}-\d\d-\d\d"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def typed(block: pa.Table, form: Any) -> tuple[pa.Table, Counter[str]]:
    """The block's columns as the form promises them, and for each column how many of its values are not so."""
    import pyarrow as pa

    missing = pa.array(sorted(MISSING.union(form.missing)), pa.string())
    columns: dict[str, Any] = {}
    strays: Counter[str] = Counter()
    for name in block.column_names:
        column = block.column(name).combine_chunks()
        columns[name] = _at_once(column, name, form)
        if columns[name] is not None:
            continue
        pair = form.yes_no.get(name)
        column = _simple(column, pair, missing)
        if name in form.integers or name in form.numbers:
            done = _number(column, form, whole=name in form.integers)
        elif name in form.dates:
            done = _date(column, form.dates[name])
        else:
            done = _word(column, pair)
        columns[name] = done
        if done.null_count > column.null_count:
            strays[name] += done.null_count - column.null_count
    return pa.table(columns), strays


def _at_once(column: Any, name: str, form: Any) -> Any:
    """A column of plain numbers or ISO dates, in one cast; None where some value needs a closer look."""
    import pyarrow as pa

    is_plain = form.decimal == "." and not form.thousands and pa.types.is_string(column.type)
    try:
        if is_plain and (name in form.integers or name in form.numbers):
            return _cast(column, whole=name in form.integers)
        if pa.types.is_string(column.type) and form.dates.get(name) == "ISO8601":
            return column.cast(pa.timestamp("ns"))
    except pa.ArrowInvalid:
        pass
    return None


def _cast(column: Any, *, whole: bool) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not whole:
        number = column.cast(pa.float64())
        return pc.if_else(pc.is_finite(number), number, None)
    if pc.any(pc.match_substring(column, "x")).as_py():
        raise pa.ArrowInvalid("Arrow takes 0x1F for a whole number, which no table means")
    return column.cast(pa.int64())


def _simple(column: Any, pair: Any, missing: Any) -> Any:
    """The column as what it is, or as text without blanks around it and without the words that mean "no value"."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type) and pair is not None:
        column = pc.if_else(column, pair[1], pair[0])
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_finite(column), column, None)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    column = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.is_in(column, value_set=missing), None, column)


def _number(column: Any, form: Any, *, whole: bool) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_temporal(kind):
        return pa.nulls(len(column), pa.float64())
    if pa.types.is_string(kind):
        column = _plain(column, form)
        try:
            return _cast(column, whole=whole)
        except pa.ArrowInvalid:
            is_number = pc.match_substring_regex(column, _NUMBER)
            return _cast(pc.if_else(is_number, column, None), whole=False)
    if whole and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:  # beyond 2**63
            pass
    return column.cast(pa.float64(), safe=False)


def _plain(column: Any, form: Any) -> Any:
    """Numbers without the form's thousands separator, and with a point as decimal sign."""
    import pyarrow.compute as pc

    if form.thousands:
        mark = re.escape(form.thousands)
        groups = rf"^[+-]?[0-9]{{1,3}}({mark}[0-9]{{3}})+({re.escape(form.decimal)}[0-9]*)?$"
        grouped = pc.match_substring_regex(column, groups)
        column = pc.if_else(grouped, pc.replace_substring(column, form.thousands, ""), column)
    return column if form.decimal == "." else pc.replace_substring(column, form.decimal, ".")


def _date(column: Any, written: str) -> Any:
    import pandas as pd
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _nanoseconds(column)
    if not pa.types.is_string(kind):
        return pa.nulls(len(column), pa.timestamp("ns"))
    words = column.to_pandas()
    times = pd.to_datetime(words, format=written, errors="coerce", utc=True)
    other = times.isna() & words.notna() & words.str.match(_ISO_DAY, na=False)
    if other.any():  # such as the cells of a workbook, where the training file had text
        times[other] = pd.to_datetime(words[other], format="ISO8601", errors="coerce", utc=True)
    return pa.array(times.dt.tz_localize(None).astype("datetime64[ns]"), pa.timestamp("ns"))


def _nanoseconds(column: Any) -> Any:
    """Moments in UTC; those outside of 1677 to 2262, which no nanosecond clock reaches, are missing."""
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = column.cast(pa.timestamp(column.type.unit))
    try:
        return column.cast(pa.timestamp("ns"))
    except pa.ArrowInvalid:
        times = pd.to_datetime(pd.Series(column.cast(pa.string()).to_pandas()), format="ISO8601", errors="coerce")
        return pa.array(times, pa.timestamp("ns"))


def _word(column: Any, pair: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "True", "False")
    if pa.types.is_floating(kind):
        # Codes that became numbers on the way, because one of them was missing: 7.0 was 7.
        text = column.cast(pa.string())
        return pc.replace_substring_regex(text, r"\.0$", "")
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    if not pa.types.is_string(kind):
        return column.cast(pa.string())
    if pair is None:
        return column
    lower = pc.utf8_lower(column)
    # A workbook's own true and false come as these words.
    for said, word in ((pair[0].lower(), pair[0]), (pair[1].lower(), pair[1]), ("false", pair[0]), ("true", pair[1])):
        column = pc.if_else(pc.equal(lower, said), word, column)
    return column
