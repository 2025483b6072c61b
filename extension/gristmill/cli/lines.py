"""Rows of words: a table where a person looks on, else lines with tabs."""

from __future__ import annotations

from collections.abc import Sequence

from gristmill.cli import words
from gristmill.cli.session import Session

__all__ = ["say_lines"]


def say_lines(session: Session, rows: Sequence[Sequence[str]]) -> None:
    """Show the rows, or say that there is none."""
    if not session.is_rich:
        for row in rows:
            session.say("\t".join(words.plain(part).replace("\t", " ") for part in row))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(Text(words.plain(part)) for part in row))
    session.console.print(table if rows else "There is none yet.")
