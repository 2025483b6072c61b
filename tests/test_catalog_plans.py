"""How SQLite looks things up: what is asked all day goes by an index, however many runs there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gristmill.catalog import Catalog, Outcome
from gristmill.records import Limits, RunKind, RunStatus, Subject
from services.catalogs import a_dataset, add_runs, run_on

QUEUED = RunStatus.QUEUED


class Watched:
    """A catalog, and each statement that it has sent."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.sent: list[tuple[str, Any]] = []
        for engine in (catalog._database._reader, catalog._database._writer):
            event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH", "UPDATE", "INSERT", "DELETE")):
            self.sent.append((statement, values))

    def plans(self, ask: Callable[[], object]) -> list[str]:
        """How each statement is carried out that asking sends."""
        self.sent.clear()
        ask()
        found = []
        for statement, values in list(self.sent):
            with self.catalog._database._reader.connect() as connection:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            found += [row.detail for row in rows]
        return found


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with Catalog.open(f"sqlite:///{tmp_path}/catalog.db") as catalog:
        add_runs(catalog, 5)
        yield Watched(catalog)


def walks(plans: list[str], table: str = "runs") -> list[str]:
    """What goes through a whole table, or a whole index that does not narrow it."""
    return [plan for plan in plans if plan.split(" USING ")[0] in (f"SCAN {table}", f"SCAN TABLE {table}")]


LISTS: dict[str, dict[str, Any]] = {
    "project": {"project_ids": ["p-1"]},
    "projects": {"project_ids": ["p-1", "p-2", "p-3"]},
    "many projects": {"project_ids": [f"p-{number}" for number in range(250)]},
    "status": {"statuses": [QUEUED]},
    "project, status": {"project_ids": ["p-1"], "statuses": [QUEUED]},
    "owner": {"owner": "olga"},
    "project, owner": {"project_ids": ["p-1", "p-2"], "owner": "olga"},
    "task": {"task": "tabular-regression"},
    "project, task": {"project_ids": ["p-1"], "task": "tabular-regression"},
    "kind": {"kind": RunKind.BATCH},
    "project, kind": {"project_ids": ["p-1"], "kind": RunKind.BATCH},
}


@pytest.mark.parametrize("narrowed", LISTS.values(), ids=LISTS.keys())
def test_a_page_is_read_off_an_index_that_stands_in_its_order(watched: Watched, narrowed: dict[str, Any]) -> None:
    plans = watched.plans(lambda: watched.catalog.runs.list(**narrowed))
    names = {"project_ids": "project_id", "statuses": "status"}
    columns = "_".join(names.get(name, name) for name in narrowed)
    pages = [plan for plan in plans if "ix_runs" in plan]
    assert pages
    assert all(f"ix_runs_{columns}_created_at_id (" in plan for plan in pages), pages
    assert not walks(plans)


def test_all_runs_are_read_from_their_newest(watched: Watched) -> None:
    plans = watched.plans(watched.catalog.runs.list)
    assert walks(plans) == ["SCAN runs USING COVERING INDEX ix_runs_created_at_id"]  # its end, as it is limited


@pytest.mark.parametrize("limited", [False, True])
def test_a_claim_looks_at_no_run_that_is_over(watched: Watched, *, limited: bool) -> None:
    catalog = watched.catalog
    if limited:
        for kind, name in ((Subject.EVERYBODY, ""), (Subject.PERSON, "olga"), (Subject.TEAM, "millers")):
            catalog.fair_use.limits.put(Limits(kind=kind, name=name, runs_at_once=2))
    plans = watched.plans(lambda: catalog.runs.claim("worker", 15))
    assert not walks(plans)
    searched = [plan for plan in plans if "ix_runs" in plan]
    assert searched
    assert all("(status=?" in plan for plan in searched), searched


def test_a_submit_and_a_run_s_end_search_by_keys(watched: Watched) -> None:
    catalog, dataset = watched.catalog, a_dataset(watched.catalog)
    run = run_on(dataset, owner="olga", created_at=0.5)
    assert not walks(watched.plans(lambda: catalog.runs.add(run)))
    held = catalog.runs.claim("worker", 15, only=run.id)
    assert held is not None
    outcome = Outcome(status=RunStatus.FAILED)
    assert not walks(watched.plans(lambda: catalog.runs.finish(run.id, held.fence, outcome)))


def test_a_walk_is_seen(watched: Watched) -> None:
    from sqlalchemy import select

    from gristmill.catalog.tables import runs

    def walk() -> None:
        with watched.catalog._database.reading() as connection:
            connection.execute(select(runs).where(runs.c.target == "flour"))

    assert walks(watched.plans(walk)) == ["SCAN runs"]
