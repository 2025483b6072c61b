"""The catalog: all that is known of projects, uploads, datasets, runs, events and models; only it knows SQL.

SQLite in WAL on one machine, PostgreSQL for many; the same guarantees on both (see `catalog.catalog`). Frozen records
go in and come out, never rows.
"""

from __future__ import annotations

from gristmill.catalog.catalog import Catalog
from gristmill.catalog.runs import Outcome

__all__ = ["Catalog", "Outcome"]
