"""What a catalog says when its database does not do what it was asked: cause and cure, and never a password."""

from __future__ import annotations

import os
import pickle
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, text

from gristmill.catalog import Catalog, sqlite
from gristmill.errors import CatalogFailed, GristmillError, NotPossible, UsageError
from services.catalogs import add_runs

SECRET = "x7Geheim"


@contextmanager
def failing(kind: type[GristmillError] = CatalogFailed) -> Iterator[pytest.ExceptionInfo[GristmillError]]:
    """The block fails like that, with a cause and a cure that survive a process border."""
    with pytest.raises(kind) as caught:
        yield caught
    failure = caught.value.failure
    assert failure.what
    assert failure.cure
    assert SECRET not in str(failure)
    assert pickle.loads(pickle.dumps(caught.value)).failure == failure


def test_the_status_of_a_failed_catalog() -> None:
    error = CatalogFailed("It did not work.")
    assert (error.http, error.failure.code, error.exit_code) == (503, "catalog-failed", 4)


# --- URLs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["", "catalog.db", f"mysql://root:{SECRET}@host/db", "sqlite://", "sqlite:///:memory:", f"//u:{SECRET}@h:x/"]
)
def test_a_url_that_is_none(url: str) -> None:
    with failing(UsageError):
        Catalog.open(url)


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with failing(NotPossible) as caught:
        Catalog.open(f"postgresql://miller:{SECRET}@127.0.0.1:1/mill")
    assert caught.value.failure.cure == "pip install 'gristmill[cloud]'"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://miller:{SECRET}@127.0.0.1:1/mill",
        f"postgres://miller:{SECRET}@127.0.0.1:1/mill?sslmode=disable",
        f"postgresql+psycopg://127.0.0.1:1/mill?user=miller&password={SECRET}",
        f"postgresql://127.0.0.1:1/mill?{SECRET}=1&password={SECRET}",
    ],
)
def test_a_server_that_cannot_be_reached(url: str) -> None:
    with failing() as caught:
        Catalog.open(url)
    assert "127.0.0.1:1/mill" in caught.value.failure.what


# --- SQLite ----------------------------------------------------------------------------------------------------------


def test_a_folder_is_made_for_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Catalog.open("sqlite:///new/folder/catalog.db") as catalog:
        monkeypatch.chdir("/")
        catalog._database.close()  # the next connection is a new one
        catalog.projects.ensure("mill")
    assert (tmp_path / "new/folder/catalog.db").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with failing():
        Catalog.open(f"sqlite:///{tmp_path}/file/catalog.db")


def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    with failing() as caught:
        Catalog.open(f"sqlite:///{tmp_path}")
    assert caught.value.failure.cause == "The file cannot be opened."


def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"flour" * 1000)
    with failing() as caught:
        Catalog.open(f"sqlite:///{tmp_path}/catalog.db")
    assert caught.value.failure.cause == "The file is not an SQLite database."


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    Catalog.open(f"sqlite:///{path}").close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with failing() as caught:
        Catalog.open(f"sqlite:///{path}")
    assert "damaged" in caught.value.failure.cause


def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    with Catalog.open(f"sqlite:///{tmp_path}/catalog.db") as catalog:

        @event.listens_for(catalog._database._writer, "begin")
        def forbid(connection: object) -> None:
            connection.exec_driver_sql("PRAGMA query_only = ON")  # type: ignore[attr-defined]

        with failing() as caught:
            catalog.projects.ensure("mill")
        assert caught.value.failure.cause == "The file may not be written."


def test_a_full_disk(tmp_path: Path) -> None:
    with Catalog.open(f"sqlite:///{tmp_path}/catalog.db") as catalog:
        (run,) = add_runs(catalog, 1)
        catalog.runs.claim("worker", 60)
        with catalog._database._writer.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with failing() as caught:
            catalog.runs.progress(run.id, 1, seconds={"x" * number: 0.1 for number in range(300)})
        assert caught.value.failure.cause == "The disk that holds it is full."
        assert caught.value.failure.cure == "Make room, then try again."
        with catalog._database._writer.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {2**30}")
        assert catalog.runs.renew(run.id, 1, 60).fence == 1


def test_a_file_that_stays_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.05)
    path = tmp_path / "catalog.db"
    with Catalog.open(f"sqlite:///{path}") as catalog:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with failing() as caught:
            catalog.projects.ensure("mill")
        assert "kept it locked" in caught.value.failure.cause
        assert catalog.projects.list() == ()  # readers do not wait
        other.execute("ROLLBACK")
        other.close()
        assert catalog.projects.ensure("mill").name == "mill"


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def test_a_connection_that_was_cut_is_made_anew(postgres_database: str) -> None:
    with Catalog.open(postgres_database) as catalog, Catalog.open(postgres_database) as other:
        catalog.projects.ensure("mill")
        with other._database.writing() as connection:
            cut = text(
                "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert connection.execute(cut).all()
        assert len(catalog.projects.list()) == 1


def test_a_row_that_stays_locked(postgres_database: str) -> None:
    Catalog.open(postgres_database).close()
    with (
        Catalog.open(f"{postgres_database}?options=-c%20lock_timeout%3D50ms") as catalog,
        Catalog.open(postgres_database) as other,
    ):
        first, second, third = add_runs(other, 3)
        other.runs.claim("worker", 60)
        with other._database.writing() as connection:
            other.runs.lock_held(connection, first.id, 1)
            connection.execute(text("SELECT FROM runs WHERE id = :id FOR UPDATE"), {"id": second.id})
            with failing() as caught:
                catalog.runs.renew(first.id, 1, 60)
            assert "kept it locked" in caught.value.failure.cause
            claimed = catalog.runs.claim("worker", 60)  # a claim does not wait, it takes the next one
            assert claimed is not None
            assert claimed.id == third.id
        assert catalog.runs.renew(first.id, 1, 60).fence == 1


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("53100", "The disk of the database server is full."),
        ("53300", "The server has no connection left."),
        ("42501", "The database user may not do this."),
        ("57014", "boom"),  # no fault of ours to name: what the server says
    ],
)
def test_what_the_server_says(postgres_database: str, code: str, cause: str) -> None:
    with Catalog.open(postgres_database) as catalog:
        raising = text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = 'boom'; END $$")
        with failing() as caught, catalog._database.writing() as connection:
            connection.execute(raising)
        assert caught.value.failure.cause == cause
