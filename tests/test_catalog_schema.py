"""How tables come to be: migrations that agree with the code, upgrades, many who open at once; on both databases."""

from __future__ import annotations

import dataclasses
import queue
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Index, Integer, MetaData, inspect, text

from gristmill.catalog import Catalog, upgrading
from gristmill.catalog.database import open_database
from gristmill.catalog.sqlite import _turn_to_wal
from gristmill.catalog.tables import SCHEMA, metadata
from gristmill.errors import CatalogFailed
from gristmill.records import (
    LOCAL,
    About,
    Alive,
    Answer,
    Asked,
    Choices,
    ColumnKind,
    CommonText,
    Dataset,
    Deed,
    Delivery,
    Event,
    Invitation,
    Limits,
    Member,
    Model,
    Near,
    News,
    NewsKind,
    OwnStore,
    Paper,
    Power,
    Project,
    Role,
    Run,
    RunKind,
    RunStatus,
    SavedRecipe,
    Schedule,
    Schema,
    Stage,
    Subject,
    Teammate,
    Tick,
    TickOutcome,
    Tiding,
    Upload,
    UploadStatus,
    Usage,
    Wanted,
    Webhook,
)
from services.catalogs import keyring

SAMPLES = Path(__file__).parent / "catalogs"
REVISIONS = [script.revision for script in ScriptDirectory(str(upgrading.MIGRATIONS)).walk_revisions()]
KINDS = {
    "schedules": Schedule,
    "ticks": Tick,
    "projects": Project,
    "uploads": Upload,
    "datasets": Dataset,
    "abouts": About,
    "schemas": Schema,
    "stores": OwnStore,
    "runs": Run,
    "papers": Paper,
    "texts": CommonText,
    "events": Event,
    "models": Model,
    "recipes": SavedRecipe,
    "members": Member,
    "invitations": Invitation,
    "deeds": Deed,
    "answers": Answer,
    "tidings": Tiding,
    "news": News,
    "deliveries": Delivery,
    "choices": Choices,
    "webhooks": Webhook,
    "workers": Alive,
    "limits": Limits,
    "nears": Near,
    "teammates": Teammate,
    "asked": Asked,
    "usage": Usage,
}
ENVIRONMENT = {"PYTHONPATH": str(Path(upgrading.__file__).parents[2])}
PATIENCE = 60.0


def columns(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_each_table_has_a_column_for_each_field() -> None:
    assert {name: set(table.c.keys()) for name, table in metadata.tables.items()} == {
        name: columns(kind) for name, kind in KINDS.items()
    }


def test_the_code_names_the_latest_migration() -> None:
    assert REVISIONS[0] == SCHEMA
    assert sorted(REVISIONS, reverse=True) == REVISIONS  # they compare as strings
    assert len({len(revision) for revision in REVISIONS}) == 1


def differences(url: str, tables: MetaData = metadata) -> list[Any]:
    """What Alembic would change to bring the database to what the tables say."""
    database = open_database(url)
    with database.reading() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), tables)
    database.close()
    return found


def test_migrations_make_what_the_tables_say(empty_url: str) -> None:
    Catalog.open(empty_url).close()
    assert differences(empty_url) == []


def test_indexes_are_of_the_rows_that_the_tables_say(empty_url: str) -> None:
    Catalog.open(empty_url).close()
    said = {index.name: index.info.get("where") for index in metadata.tables["runs"].indexes}
    database = open_database(empty_url)
    with database.reading() as connection:
        found = {one["name"]: one.get("dialect_options", {}) for one in inspect(connection).get_indexes("runs")}
    wheres = {name: [option for key, option in of.items() if key.endswith("_where")] for name, of in found.items()}
    database.close()
    told = {name: str(where[0]).strip("()").replace("::text", "") for name, where in wheres.items() if where}
    assert told == {name: where for name, where in said.items() if where}


def test_the_comparison_sees_what_no_migration_makes(empty_url: str) -> None:
    Catalog.open(empty_url).close()
    other = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(other)
    other.tables["events"].append_column(Column("forgotten", Integer))
    Index(None, other.tables["runs"].c.worker)
    assert {change[0] for change in differences(empty_url, other)} == {"add_column", "add_index"}


def test_every_schema_has_a_sample() -> None:
    assert sorted(file.stem for file in SAMPLES.glob("*.sql")) == sorted(REVISIONS)


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_old_catalog_is_upgraded(empty_url: str, revision: str) -> None:
    database = open_database(empty_url)
    with database.writing() as connection:
        upgrading.migrate(connection, revision)
        for statement in (SAMPLES / f"{revision}.sql").read_text().split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement.replace("%", "%%"))
    database.close()
    with Catalog.open(empty_url, keyring=keyring()) as catalog:
        (project,) = catalog.projects.list()
        at = "store-1" if revision >= "0010" else None
        assert project == Project(id="project-1", name="mill", created_at=1.5, store_id=at)
        assert catalog.uploads.get("upload-1").status is UploadStatus.ACCEPTED
        assert str(catalog.uploads.get("upload-2").failure) == "It is not a table. Send a CSV."
        dataset = catalog.datasets.get("dataset-1")
        assert (dataset.version, dataset.profile.main.role, dataset.profile.main.form.delimiter) == (1, Role.TRAIN, ";")
        assert dataset.profile.column("flour").kind is ColumnKind.YES_NO
        assert dataset.proposal is not None
        assert dataset.proposal.target == "flour"
        second, first, *batches = catalog.runs.list([project.id])
        assert [(run.kind, run.dataset_id, run.upload_id, run.rows) for run in (first, *batches)] == [
            (RunKind.TRAIN, "dataset-1", None, None),
            *([(RunKind.BATCH, None, "upload-1", 3)] if revision >= "0005" else []),
        ]
        assert (first.status, first.salvaged, first.accepted) == (RunStatus.SUCCEEDED, True, ("rare-classes",))
        assert (first.leaderboard[0].model, first.seconds["total"], first.settings) == (
            "LightGBM",
            4.0,
            {"presets": "medium"},
        )
        assert (second.wanted, second.resumed_from, second.lease_until) == (Wanted.STOP, "run-1", 22.5)
        assert [event.body for event in catalog.events.after("run-1")] == [{"phase": "fit"}, {"line": "done"}]
        (model,) = catalog.models.list([project.id])
        assert (model.stage, model.schema) == (Stage.CANDIDATE, {"columns": ["flour"]})
        assert [member.name for member in catalog.members.of(project.id)] == ["local"]
        if revision >= "0002":
            recipe = catalog.recipes.find("mine", "another-project")
            assert (recipe.version, recipe.public, recipe.task) == (1, True, "tabular-regression")
        if revision >= "0006":
            told, choices = catalog.news.list("local")[0], catalog.choices.of("local")
            (way,), (webhook,) = catalog.deliveries.of(told.id), catalog.webhooks.of_project(project.id)
            assert "a-secret" not in webhook.secret
            assert catalog.webhooks.secret(webhook) == "a-secret"
            assert (told.kind, way.next_at, webhook.kinds) == (NewsKind.RUN_FINISHED, 20.5, (NewsKind.RUN_FAILED,))
            assert (choices.mail, len(choices.by(NewsKind.RUN_FINISHED))) == ("olga@example.org", 1)
        if revision >= "0008":
            schedule, (later, tick) = catalog.schedules.get("schedule-1"), catalog.ticks.of("schedule-1")
            assert (schedule.margin, schedule.teams, schedule.powers) == (
                0.25, ("millers",), (Power.DEPLOY, Power.TRAIN, Power.USE),
            )  # fmt: skip
            assert (tick.outcome, tick.passed_over, catalog.ticks.open()) == (TickOutcome.PROMOTED, 2, (later,))
        assert (second.price, second.gpus, catalog.uploads.get("upload-1").owner) == (
            (0.5, 2, "olga") if revision >= "0007" else (0.0, 0, "local")
        )
        if revision >= "0007":
            (limits,), (used,) = catalog.fair_use.limits.list(), catalog.fair_use.usage.list(Subject.TEAM)
            assert (limits.kind, limits.runs_at_once, limits.money) == (Subject.EVERYBODY, 2, 12.5)
            assert (used.name, used.month, used.money, used.bytes) == ("millers", "2026-01", 1.5, 12)
        if revision >= "0009":
            edited, about = catalog.datasets.get("dataset-2"), catalog.abouts.of(project.id, "grain")
            schema = catalog.schemas.of(project.id)
            assert edited.revision is not None
            assert (edited.edited_from, edited.revision.edits[0].columns) == ("dataset-1", ("bran",))
            assert (about.tags, about.notes[0].text) == (("2024",), "As it was harvested.")
            assert schema is not None
            assert schema.rules[0].allowed == ("no", "yes")
        kept = (catalog.uploads.get("upload-1"), dataset, first, model)
        assert {thing.store_id for thing in kept} == {at}
        if at is not None:
            assert catalog.stores.credentials(catalog.stores.get(at)) == {"aws_access_key_id": "a-key"}
        if revision >= "0012":
            common = {} if revision < "0013" else {"runs/run-2/proposal.json": b'{"task":"-"}'}
            assert catalog.papers.of("run-2") == {"runs/run-2/recipe.ipynb": b'{"cells":[]}'} | common
        (account,) = catalog.fair_use.accounts(LOCAL)
        assert (account.queued, account.running) == (0, 1)
        assert account.asked_gpu_seconds == (120.0 if revision >= "0007" else 0.0)
        taken = catalog.runs.claim("heir", 15)
        assert taken is not None
        assert (taken.id, taken.fence) == ("run-2", 2)
    assert differences(empty_url) == []


def test_a_catalog_of_a_newer_version_is_left_alone(empty_url: str) -> None:
    Catalog.open(empty_url).close()
    database = open_database(empty_url)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CatalogFailed, match=r"A newer Gristmill wrote it \(schema 9999.*Upgrade Gristmill"):
        Catalog.open(empty_url)
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
    database.close()


def test_a_migration_that_fails_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate = upgrading.migrate

    def migrate_and_die(*arguments: Any) -> None:
        migrate(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "migrate", migrate_and_die)
        with pytest.raises(KeyboardInterrupt):
            Catalog.open(empty_url)
    database = open_database(empty_url)
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    database.close()
    with Catalog.open(empty_url) as catalog:
        assert catalog.projects.list() == ()


OPEN = """
import sys
from gristmill.catalog import Catalog
print("ready", flush=True)
sys.stdin.readline()
with Catalog.open(sys.argv[1]) as catalog:
    print(catalog.projects.ensure("mill").id)
"""


def test_many_processes_open_an_empty_catalog_at_once(empty_url: str) -> None:
    command = [sys.executable, "-c", OPEN, empty_url]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        openers = [
            stack.enter_context(subprocess.Popen(command, env=ENVIRONMENT, stdin=pipe, stdout=pipe, text=True))
            for _ in range(4)
        ]
        for opener in openers:
            assert opener.stdout is not None
            assert opener.stdout.readline() == "ready\n"
        for opener in openers:
            assert opener.stdin is not None
            opener.stdin.write("go\n")
            opener.stdin.flush()
        said = [opener.communicate(timeout=PATIENCE)[0] for opener in openers]
    assert said[0].startswith("project-")
    assert len(set(said)) == 1


def test_a_file_in_use_is_turned_to_wal_when_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("CREATE TABLE grain (kind)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM grain").fetchall()
        attempts: queue.Queue[str] = queue.Queue()
        # timeout 0: SQLite itself does not wait, as it does not where two turn one file at once
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)) as turning:
            turning.set_trace_callback(attempts.put)
            with ThreadPoolExecutor(1) as threads:
                done = threads.submit(_turn_to_wal, turning)
                attempts.get(timeout=PATIENCE)
                attempts.get(timeout=PATIENCE)
                reader.execute("COMMIT")
                done.result(PATIENCE)
            assert turning.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_many_threads_open_empty_catalogs_at_once(tmp_path: Path) -> None:
    def open_one(number: int) -> str:
        with Catalog.open(f"sqlite:///{tmp_path}/{number % 3}.db") as catalog:
            return catalog.projects.ensure("mill").id

    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(open_one, range(6)))) == 3


def test_opening_a_current_catalog_loads_nothing_of_alembic(catalog_url: str) -> None:
    program = "import sys; from gristmill.catalog import Catalog; Catalog.open(sys.argv[1]); print(*sys.modules)"
    command = [sys.executable, "-c", program, catalog_url]
    loaded = subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout.split()
    assert "gristmill.catalog" in loaded
    assert "alembic" not in loaded
