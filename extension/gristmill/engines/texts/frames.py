"""The texts of a row as one text: every candidate, and the encoding ahead of them, must read the very same."""

from __future__ import annotations

import pandas as pd

__all__ = ["joined"]


def joined(columns: pd.DataFrame) -> list[str]:
    """One text a row, its columns one after another; a gap is no text."""
    parts = [column.astype(object).where(column.notna(), "").map(str).tolist() for _, column in columns.items()]
    return ["\n".join(part for part in row if part).strip() for row in zip(*parts, strict=True)]
