"""One call from an upload to its profile: unpack, read, and keep a draw of the rows for the proposal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.intake.archive import unpack
from gristmill.intake.profile import profile
from gristmill.records import Profile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["inspect", "sample", "sample_file"]


def inspect(path: Path, scratch: Path, table: str | None = None) -> Profile:
    """The profile of the upload at `path`; its files are then in scratch/data, `table` names the one to train on."""
    unpacked = unpack(path, scratch / "data")

    def keep(rows: pd.DataFrame) -> None:
        rows.to_parquet(sample_file(scratch), index=False)

    return profile(scratch / "data", unpacked.files, ignored=unpacked.ignored, table=table, keep=keep)


def sample(scratch: Path) -> pd.DataFrame:
    """The draw of rows that `inspect` has left in `scratch`."""
    import pandas as pd

    return pd.read_parquet(sample_file(scratch))


def sample_file(scratch: Path) -> Path:
    """Where in `scratch` that draw lies."""
    return scratch / "sample.parquet"
