"""Files of rows (CSV, Parquet, Excel): how each is written, and its rows as pandas frames in bounded memory."""

from __future__ import annotations

from gristmill.tables.files import batches, is_table, read
from gristmill.tables.sniff import each_sniffed_once, sniff

__all__ = ["batches", "each_sniffed_once", "is_table", "read", "sniff"]
