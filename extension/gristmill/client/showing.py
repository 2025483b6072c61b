"""What a notebook shows of records: tables, a report in place, what a run has said."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.client.protocol import Client
from gristmill.records import EventKind, to_plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Report", "frame_of", "read_rows", "text_of"]

_TIMES = ("created_at",)


class Report:
    """A report as a file; a notebook shows it in place, in a frame that has no hold on the page around it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"<report: {self.path}>"

    def _repr_html_(self) -> str:
        page = html.escape(self.path.read_text("utf-8"), quote=True)
        style = "width:100%;height:80vh;border:1px solid #8884"
        # A report holds what somebody's notebook wrote: without allow-same-origin its scripts cannot act as the reader.
        return f'<iframe sandbox="allow-scripts allow-popups" style="{style}" srcdoc="{page}"></iframe>'


def frame_of(found: Sequence[object], shown: Sequence[str]) -> pd.DataFrame:
    """Records as a table of those of their fields; times as times."""
    import pandas as pd

    table = pd.DataFrame([to_plain(record) for record in found], columns=list(shown))
    for name in _TIMES:
        if name in table.columns:
            table[name] = pd.to_datetime(table[name], unit="s", utc=True).dt.round("s")
    return table


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of a CSV or Parquet file, whatever it is called."""
    import pandas as pd

    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    return pd.read_parquet(path) if is_parquet else pd.read_csv(path)


def text_of(client: Client, run_id: str) -> str:
    """What a run has said so far."""
    said: list[str] = []
    seen = 0
    while events := client.events(run_id, after=seen):
        said += [str(event.body.get("text", "")) for event in events if event.kind is EventKind.LOG]
        seen = events[-1].seq
    return "".join(said)
