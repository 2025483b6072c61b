"""Files of rows (CSV, Parquet, Excel): how each is written, and its rows as pandas frames in bounded memory."""

from __future__ import annotations

from gristmill.tables.files import batches, is_table, read
from gristmill.tables.sniff import sniff

__all__ = ["batches", "is_table", "read", "sniff"]
