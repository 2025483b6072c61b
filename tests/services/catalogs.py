"""Catalogs on both databases, and the least that has to be in one before there can be a run.

==============  ============================================================================================
fixture         gives
==============  ============================================================================================
empty_url       the URL of a database without a table: once SQLite, once PostgreSQL
catalog_url     the URL of an empty catalog: once SQLite, once PostgreSQL
catalog         a catalog there, on the database's own clock
clock           a clock that stands still until a test moves it: `clock.time += 10`
timed_catalog   a catalog there, on `clock`
==============  ============================================================================================
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gristmill.records import (
    Column,
    ColumnKind,
    Dataset,
    Model,
    Profile,
    Role,
    Run,
    RunStatus,
    Stage,
    Table,
    TableForm,
    Upload,
    UploadStatus,
    Wanted,
    new_id,
)

if TYPE_CHECKING:  # this file is loaded for every test, also for those that never open a catalog
    from gristmill.catalog import Catalog
    from gristmill.sealing import Keyring

KEY = "dGhpcnR5LXR3byBieXRlcywgZm9yIHRlc3RzIG9ubHk"
FLOUR = Column(name="flour", kind=ColumnKind.CATEGORY, dtype="str", rows=9, distinct=2, top=(("rye", 5), ("oat", 4)))
TABLE = Table(path="grain.csv", role=Role.TRAIN, form=TableForm(format="csv"), rows=9, columns=(FLOUR,))


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    time: float = 1_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a table: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/catalog.db"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture(scope="session")
def postgres_catalog(postgres_url: str) -> Iterator[str]:
    """The URL of a catalog that many tests empty and use, one after the other: a database costs 0.3 s to make."""
    from gristmill.catalog import Catalog
    from services.postgres import empty_database

    with empty_database(postgres_url) as url:
        Catalog.open(url).close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty catalog: once SQLite, once PostgreSQL."""
    from gristmill.catalog import Catalog

    if request.param == "sqlite":
        return lay_catalog(tmp_path)
    url: str = request.getfixturevalue("postgres_catalog")
    with Catalog.open(url) as catalog:
        clear(catalog)
    return url


def lay_catalog(folder: Path) -> str:
    """The URL of the SQLite catalog in a folder, with nothing in it if there was none."""
    file = folder / "catalog.db"
    if not file.exists():
        file.write_bytes(_empty_catalog())
    return f"sqlite:///{file}"


@cache
def _empty_catalog() -> bytes:
    """Made once: the migrations take a tenth of a second or more, and a thousand tests need them."""
    from gristmill.catalog import Catalog

    with tempfile.TemporaryDirectory() as folder:
        Catalog.open(f"sqlite:///{folder}/catalog.db").close()
        return (Path(folder) / "catalog.db").read_bytes()


def clear(catalog: Catalog) -> None:
    """Delete all there is."""
    from sqlalchemy import delete

    from gristmill.catalog.tables import metadata

    with catalog._database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[Catalog]:
    """A catalog on the database's own clock."""
    from gristmill.catalog import Catalog

    with Catalog.open(catalog_url, keyring=keyring()) as catalog:
        yield catalog


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until a test moves it."""
    return Clock()


@pytest.fixture
def timed_catalog(catalog_url: str, clock: Clock) -> Iterator[Catalog]:
    """A catalog on `clock`."""
    from gristmill.catalog import Catalog

    with Catalog.open(catalog_url, clock, keyring()) as catalog:
        yield catalog


def keyring() -> Keyring:
    """A key that everybody may know."""
    from gristmill.sealing import Keyring

    return Keyring(keys=KEY)


def an_upload(catalog: Catalog, **fields: Any) -> Upload:
    """An open upload, in the project `mill` unless told otherwise."""
    known: dict[str, Any] = {
        "id": new_id("upload"),
        "name": "grain.csv",
        "key": "uploads/grain.csv",
        "size": 10,
        "status": UploadStatus.OPEN,
        "created_at": 1.0,
    }
    known |= {} if "project_id" in fields else {"project_id": catalog.projects.ensure("mill").id}
    return catalog.uploads.add(Upload(**known | fields))


def a_dataset(catalog: Catalog, **fields: Any) -> Dataset:
    """A dataset made of an upload that was received."""
    upload = an_upload(catalog)
    catalog.uploads.settle(upload.id, UploadStatus.RECEIVED, sha256="ab")
    return catalog.datasets.add(dataset_of(upload, **fields))


def dataset_of(upload: Upload, **fields: Any) -> Dataset:
    """The record of a dataset made of that upload, not yet added."""
    known: dict[str, Any] = {
        "id": new_id("dataset"),
        "project_id": upload.project_id,
        "upload_id": upload.id,
        "name": "grain",
        "version": 0,
        "key": upload.key,
        "filename": upload.name,
        "size": upload.size,
        "sha256": "ab",
        "profile": Profile(tables=(TABLE,), files=1, bytes=10),
        "proposal": None,
        "created_at": 2.0,
    }
    return Dataset(**known | fields)


def run_on(dataset: Dataset, **fields: Any) -> Run:
    """The record of a queued run on that dataset, not yet added."""
    known: dict[str, Any] = {
        "id": new_id("run"),
        "project_id": dataset.project_id,
        "dataset_id": dataset.id,
        "name": "first",
        "recipe": "tabular.ipynb",
        "task": "tabular-classification",
        "target": "flour",
        "metric": "accuracy",
        "budget": 60.0,
        "seed": 0,
        "settings": {},
        "accepted": (),
        "status": RunStatus.QUEUED,
        "wanted": Wanted.FINISH,
        "created_at": 3.0,
    }
    return Run(**known | fields)


def add_runs(catalog: Catalog, count: int) -> list[Run]:
    """That many queued runs on one dataset, oldest first."""
    dataset = a_dataset(catalog)
    return [catalog.runs.add(run_on(dataset, created_at=10.0 + number)) for number in range(count)]


def model_of(run: Run, **fields: Any) -> Model:
    """The record of a model that the run leaves, not yet registered."""
    known: dict[str, Any] = {
        "id": new_id("model"),
        "project_id": run.project_id,
        "run_id": run.id,
        "name": "flour",
        "version": 0,
        "task": run.task,
        "target": run.target,
        "metric": run.metric,
        "score": 0.9,
        "stage": Stage.CANDIDATE,
        "key": "models/flour.zip",
        "size": 5,
        "sha256": "cd",
        "schema": {},
        "metrics": {},
        "lineage": {},
        "created_at": 4.0,
    }
    return Model(**known | fields)
