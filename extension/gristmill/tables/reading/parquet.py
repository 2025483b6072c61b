"""Parquet files as blocks of columns in their own types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .faults import ReadError
from .layout import tidy

if TYPE_CHECKING:
    from .layout import Block

_CELLS = 500_000  # in a block


def parquet_blocks(path: Path, form: Any, columns: Sequence[str] | None) -> Iterator[Block]:
    """The rows, first none of them and then block by block; only the wanted columns are read."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = stored_names(path, file)
            wanted = {name: shown for name, shown in names.items() if columns is None or shown in columns}
            yield form, file.schema_arrow.empty_table().select(list(wanted)).rename_columns(list(wanted.values()))
            for batch in file.iter_batches(max(100, _CELLS // max(1, len(wanted))), columns=list(wanted)):
                yield form, pa.Table.from_batches([batch]).select(list(wanted)).rename_columns(list(wanted.values()))
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, error) from None


def stored_names(path: Path, file: Any) -> dict[str, str]:
    """The columns as they are stored, and as they are shown; pandas' unnamed index is no column."""
    stored = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
    return dict(zip(stored, tidy(stored, path.name), strict=True))


def damaged(path: Path, error: Exception) -> ReadError:
    """What Arrow says, in one sentence."""
    reason = str(error).splitlines()[0].rstrip(".")
    return ReadError("damaged-file", f"{path.name} is damaged: {reason}.", "Write the file again, or upload it again.")
