"""The rows of a file as pandas frames: all at once, or batch by batch in bounded memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .delimited import delimited_blocks
from .faults import ReadError, quoted
from .formats import format_of
from .parquet import parquet_blocks
from .values import typed
from .workbook import workbook_blocks

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from .layout import Block

_BATCH_BYTES = 16 << 20  # a batch of very wide rows ends here
_THREADS = 2  # that convert blocks: one more parses
_BLOCKS = {"csv": delimited_blocks, "parquet": parquet_blocks, "excel": workbook_blocks}
_FORM: dict[str, Any] = {  # what a dict that was written before a field existed is taken to say
    "delimiter": ",",
    "quote": '"',
    "escape": None,
    "encoding": "utf-8",
    "decimal": ".",
    "thousands": None,
    "header": True,
    "skip": 0,
    "sheet": None,
    "names": (),
    "integers": (),
    "numbers": (),
    "dates": {},
    "yes_no": {},
    "missing": (),
}


def read(path: Path | str, form: Any, *, columns: Sequence[str] | None = None, rows: int | None = None) -> pd.DataFrame:
    """All rows as one frame, or the first `rows`; `columns` are the ones wanted, in that order."""
    import pyarrow as pa

    blocks: list[pa.Table] = []
    found = 0
    for block in _typed_blocks(Path(path), form, columns, Counter()):
        blocks.append(block)
        found += block.num_rows
        if rows is not None and found >= rows:
            break
    whole = pa.concat_tables(blocks, promote_options="permissive")
    return _frame(whole if rows is None else whole.slice(0, rows))


def batches(
    path: Path | str,
    form: Any,
    rows: int = 50_000,
    *,
    columns: Sequence[str] | None = None,
    strays: Counter[str] | None = None,
) -> Iterator[pd.DataFrame]:
    """The rows in frames of `rows`, fewer where they are very wide; `strays` counts broken promises per column."""
    import pyarrow as pa

    waiting: pa.Table | None = None
    for block in _typed_blocks(Path(path), form, columns, Counter() if strays is None else strays):
        waiting = block if waiting is None else pa.concat_tables([waiting, block], promote_options="permissive")
        while waiting.num_rows > rows:
            yield _frame(waiting.slice(0, rows))
            waiting = waiting.slice(rows)
        if waiting.nbytes > _BATCH_BYTES:
            yield _frame(waiting)
            waiting = None
    if waiting is not None and waiting.num_rows:
        yield _frame(waiting)


def _typed_blocks(path: Path, form: Any, columns: Sequence[str] | None, strays: Counter[str]) -> Iterator[pa.Table]:
    """The blocks in the types of the form; while one is in use, the next few are converted on other cores."""
    known = dict(form) if isinstance(form, Mapping) else {name: getattr(form, name) for name in _FORM}
    plain = SimpleNamespace(**{**_FORM, **known})
    underway: deque[Future[tuple[pa.Table, Counter[str]]]] = deque()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="reading") as pool:
        try:
            for found, block in _blocks(path, plain, columns):
                underway.append(pool.submit(typed, block, found))
                if len(underway) > _THREADS:
                    yield _taken(underway, strays)
            while underway:
                yield _taken(underway, strays)
        finally:
            pool.shutdown(cancel_futures=True)


def _taken(underway: deque[Future[tuple[pa.Table, Counter[str]]]], strays: Counter[str]) -> pa.Table:
    table, found = underway.popleft().result()
    strays.update(found)
    return table


def _blocks(path: Path, plain: Any, columns: Sequence[str] | None) -> Iterator[Block]:
    """The file's rows in blocks of a MiB or so; the first has no rows, so that an empty file has columns, too."""
    kind = format_of(path)
    if kind not in _BLOCKS:
        raise ReadError("not-a-table", f"{path.name} is not a table of rows.", "Give a CSV, Parquet or Excel file.")
    for found, block in _BLOCKS[kind](path, plain, columns):
        wanted = block.column_names if columns is None else list(columns)
        absent = [name for name in wanted if name not in block.column_names]
        if absent:
            raise ReadError(
                "missing-columns",
                f"{path.name} has no column {quoted(absent)}.",
                "Add it, under the name that it had in training.",
            )
        yield found, block.select(wanted)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame
