"""One call from an upload to its profile: unpack, read, and keep a draw of the rows for the proposal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill import tasks
from gristmill.intake.archive import Unpacked, unpack
from gristmill.intake.editing import edit, revised
from gristmill.intake.profile import profile
from gristmill.records import Dataset, Notice, Profile, Revision, Table, encode, replace
from gristmill.stores import Store, places
from gristmill.tasks import Listing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fetch", "inspect", "keep_listing", "keep_preview", "preview_file", "revise", "sample", "sample_file"]


def inspect(path: Path, scratch: Path, table: str | None = None) -> Profile:
    """The profile of the upload at `path`; its files are then in scratch/data, `table` names the one to train on."""
    from gristmill.tables import each_sniffed_once

    unpacked = unpack(path, scratch / "data")
    with each_sniffed_once():
        return _profiled(unpacked, scratch, table)


def _profiled(unpacked: Unpacked, scratch: Path, table: str | None) -> Profile:
    folder = scratch / "data"

    def keep(rows: pd.DataFrame) -> None:
        rows.to_parquet(sample_file(scratch), index=False)

    listing = _likeliest(folder, unpacked.files)
    if listing is None:
        return profile(folder, unpacked.files, ignored=unpacked.ignored, table=table, keep=keep)
    name, arranged = listing
    if arranged.rows is None:
        found = profile(folder, unpacked.files, ignored=unpacked.ignored, table=table, keep=keep)
        return replace(found, facts={} if table else arranged.facts, notices=(*arranged.notices, *found.notices))
    found = profile(folder, _write(arranged, folder), ignored=unpacked.ignored, keep=keep)
    return replace(
        found,
        tables=tuple(_told_kinds(table, arranged) for table in found.tables),
        files=len(unpacked.files),
        bytes=sum((folder / file).stat().st_size for file in unpacked.files),
        notices=(*arranged.notices, *(one for one in found.notices if not _is_told(one, arranged))),
        item=tasks.find(name).item,
        arranged=name,
        facts=arranged.facts,
    )


def fetch(
    store: Store, dataset: Dataset, folder: Path, apply: Callable[[Path, Revision], object] | None = edit
) -> None:
    """The files of a dataset in `folder`, as they were when it was profiled.

    `apply` does the edits of an edited version, which takes pandas; with None, the files are as they were uploaded.
    """
    upload = folder.parent / dataset.filename
    store.get_file(dataset.key, upload)
    unpack(upload, folder)
    upload.unlink(missing_ok=True)
    if dataset.profile.arranged:
        for table in dataset.profile.tables:
            store.get_file(places.listing(dataset.upload_id, table.path), folder / table.path)
    if dataset.revision is not None and apply is not None:
        apply(folder, dataset.revision)


def revise(scratch: Path, revision: Revision) -> tuple[Revision, Profile]:
    """The revision with what it left open found out, and the profile of what it makes of the files in scratch/data."""
    return revised(scratch / "data", revision, lambda rows: rows.to_parquet(sample_file(scratch), index=False))


def keep_listing(store: Store, upload_id: str, profile: Profile, scratch: Path) -> None:
    """Store the tables that `inspect` has made in `scratch`, if it has, for `fetch` to bring back."""
    if profile.arranged:
        for table in profile.tables:
            store.put_file(places.listing(upload_id, table.path), scratch / "data" / table.path)


def _likeliest(folder: Path, files: Sequence[str]) -> tuple[str, Listing] | None:
    listings = [(kind.name, listing) for kind in tasks.all_kinds() if (listing := kind.arrange(folder, files))]
    return max(listings, key=lambda pair: pair[1].likelihood, default=None)


def _is_told(notice: Notice, listing: Listing) -> bool:
    """Whether a notice is of columns of which the listing tells what they are."""
    columns = set() if listing.rows is None else set(listing.rows.columns)
    return notice.column in listing.kinds or (notice.code == "identifiers" and columns <= listing.kinds.keys())


def _write(listing: Listing, folder: Path) -> list[str]:
    """The listing as files whose names tell what they are for."""
    parts = {"listing.train.parquet": listing.rows, "listing.test.parquet": listing.test}
    made = {name: rows for name, rows in parts.items() if rows is not None and len(rows)}
    for name, rows in made.items():
        rows.to_parquet(folder / name, index=False)
    return list(made)


def _told_kinds(table: Table, listing: Listing) -> Table:
    columns = [replace(column, kind=listing.kinds.get(column.name, column.kind)) for column in table.columns]
    return replace(table, columns=tuple(columns))


def sample(scratch: Path) -> pd.DataFrame:
    """The draw of rows that `inspect` has left in `scratch`."""
    import pandas as pd

    return pd.read_parquet(sample_file(scratch))


def sample_file(scratch: Path) -> Path:
    """Where in `scratch` that draw lies."""
    return scratch / "sample.parquet"


def keep_preview(found: Profile, scratch: Path) -> None:
    """Leave in `scratch` what the data in it looks like, as JSON."""
    from gristmill.intake.previewing import preview

    preview_file(scratch).write_bytes(encode(preview(found, scratch / "data", sample(scratch))))


def preview_file(scratch: Path) -> Path:
    """Where in `scratch` that lies."""
    return scratch / "preview.json"
